"""
When no server could measure how much time has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from replkv.testing.quorums import Quorums

if TYPE_CHECKING:
    from replkv.testing.cluster.server import SimulatedServer


class Blind:
    """
    The intervals in which a majority of the servers had lost the time: their machines have lost their power, or their
    disks their readings, and they have not yet heard of a server that knows it. Such a majority may elect one of its
    own, whose wall clock then tells how long it was down.

    @ivar intervals: the begin and the end of each.
    """

    def __init__(self, servers: Sequence[SimulatedServer], quorums: Quorums) -> None:
        self._servers = servers
        self._quorums = quorums
        self.intervals: list[tuple[float, float]] = []
        self._isBlind = False

    def look(self, now: float) -> None:
        """
        See how it is now.
        """
        lost = {server.id for server in self._servers if server.hasLostTime}
        blind = bool(lost) and self._quorums.couldBe(lambda server: server in lost)
        if blind and not self._isBlind:
            self.intervals.append((now, inf))
        elif self._isBlind and not blind:
            begin, _ = self.intervals.pop()
            self.intervals.append((begin, now))
        self._isBlind = blind
