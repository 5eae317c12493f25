"""
How long a cluster may have no leader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replkv.testing.health import Health
from replkv.testing.outcome import Violation

TIMEOUTS: Final = 10
"""
Within so many election timeouts a majority that hears each other has a leader. It takes one to two of them until
somebody stands (section 5.2 of the Raft paper); where votes are split, it takes as many again. That votes are split
five times in a row is not to be expected in any number of seeds that can be run.
"""


class Leadership:
    """
    Where enough servers for a majority have been well for so long that they hear each other, one server leads, and a
    majority follows it, but for the time that elections take.
    """

    def __init__(self, size: int, health: Health, leads: Callable[[], bool], seconds: Callable[[], float]) -> None:
        """
        @param size: how many servers there are.
        @param leads: tells whether one leads that a majority follows.
        @param seconds: tells the time.
        """
        self._size = size
        self._health = health
        self._leads = leads
        self._seconds = seconds
        self._led = seconds()  # When one last led.

    def look(self) -> None:
        """
        @raise Violation: if there has been no leader for too long.
        """
        now, settling = self._seconds(), self._health.settling
        if settling is None or self._leads():
            self._led = now
            return
        lacked = min(now - self._led, max(self._health.settledFor(server) for server in range(self._size)))
        if lacked > TIMEOUTS * settling.election:
            raise Violation(f"a majority is well, and for {lacked:.3f} s no server leads that a majority follows")
