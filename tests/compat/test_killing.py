"""
Tests for L{tests.compat.killing}.
"""

from __future__ import annotations

import signal
from typing import Any, cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from benchmarks.systems.replkv import ReplkvCluster
from tests.compat.killing import Killing


class Process:
    """
    A server's process.

    @ivar signals: those that it was sent.
    """

    def __init__(self, cluster: FakeCluster, number: int) -> None:
        self.signals: list[int] = []
        self._cluster = cluster
        self._number = number

    def send_signal(self, number: int) -> None:
        """
        Note it. Whoever is halted leads no longer.
        """
        self.signals.append(number)
        if number == signal.SIGSTOP and self._cluster.leading == self._number:
            self._cluster.leading = self._cluster.next


class FakeCluster:
    """
    Three servers.

    @ivar leading: who leads.
    @ivar next: who leads then.
    @ivar done: what was done to whom.
    """

    def __init__(self, leading: int, following: int) -> None:
        self.leading = leading
        self.next = following
        self.ports = [1, 2, 3]
        self.processes = [Process(self, number) for number in range(3)]
        self.done: list[tuple[str, int]] = []

    def stats(self, number: int) -> dict[str, str]:
        """
        What a server says of itself.
        """
        return {"role": "leader" if number == self.leading else "follower"}

    def kill(self, number: int) -> None:
        """
        Another one leads then.
        """
        self.done.append(("kill", number))
        self.leading = self.next

    def restart(self, number: int) -> None:
        """
        Note it.
        """
        self.done.append(("restart", number))


class KillingTests(SynchronousTestCase):
    """
    Tests for L{Killing}.
    """

    def killing(self, cluster: FakeCluster, spared: int) -> tuple[Killing, Clock]:
        """
        One, and its clock.
        """
        clock = Clock()
        self.told: list[str] = []
        return Killing(cast(ReplkvCluster, cast(Any, cluster)), spared, self.told.append, clock.seconds), clock

    def test_rhythm(self) -> None:
        """
        A leader dies every ten seconds, and is back after two.
        """
        cluster = FakeCluster(0, 1)
        killing, clock = self.killing(cluster, 2)
        told = []
        for second in range(23):
            killing()
            told += [(second, *what) for what in cluster.done]
            cluster.done.clear()
            clock.advance(1)
        self.assertEqual(self.told, ["server 0 led, and was killed", "server 1 led, and was killed"])
        self.assertEqual(told, [(10, "kill", 0), (12, "restart", 0), (20, "kill", 1), (22, "restart", 1)])
        self.assertFalse(any(process.signals for process in cluster.processes))

    def test_spared(self) -> None:
        """
        The server that is asked is halted, if it leads, until another one does.
        """
        cluster = FakeCluster(2, 1)
        killing, clock = self.killing(cluster, 2)
        clock.advance(10)
        killing()
        self.assertEqual(cluster.done, [("kill", 1)])
        self.assertEqual(cluster.processes[2].signals, [signal.SIGSTOP, signal.SIGCONT])
