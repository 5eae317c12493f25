"""
Leaders that die, one after the other.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Final

from benchmarks.processes import until
from benchmarks.systems.replkv import ReplkvCluster

_INTERVAL: Final = 10.0
_DOWN: Final = 2.0


class Killing:
    """
    Kills the leader every ten seconds, and starts it again two seconds later. It is called again and again.

    One server is spared, since a suite asks that alone, and has nowhere else to go. When it has come to lead, it is
    halted until another one leads, and that is killed.
    """

    def __init__(
        self,
        cluster: ReplkvCluster,
        spared: int,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param spared: the server that does not die.
        @param say: is told who dies.
        """
        self._cluster = cluster
        self._spared = spared
        self._say = say
        self._clock = clock
        self._dead: int | None = None
        self._next = clock() + _INTERVAL

    def __call__(self) -> None:
        """
        Do what it is time for.
        """
        now = self._clock()
        if now < self._next:
            return
        if self._dead is None:
            self._dead = self._killed()
            self._next = now + _DOWN
        else:
            self._cluster.restart(self._dead)
            self._dead = None
            self._next = now + _INTERVAL - _DOWN

    def _killed(self) -> int:
        others = [number for number in range(len(self._cluster.ports)) if number != self._spared]
        halted = self._leading([self._spared]) is not None
        spared = self._cluster.processes[self._spared]
        if halted:
            spared.send_signal(signal.SIGSTOP)
        try:
            until(lambda: self._leading(others) is not None, "another server leads")
        finally:
            if halted:
                spared.send_signal(signal.SIGCONT)
        leader = self._leading(others)
        # It may have lost its office just now: then it is as good as any other.
        victim = others[0] if leader is None else leader
        self._cluster.kill(victim)
        self._say(f"server {victim} led, and was killed")
        return victim

    def _leading(self, numbers: list[int]) -> int | None:
        return next((number for number in numbers if self._cluster.stats(number).get("role") == "leader"), None)
