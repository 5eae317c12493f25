"""
Which servers are well, as far as those know who let things go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import inf
from typing import NamedTuple

from replkv.raft.quorum import majority


class Settling(NamedTuple):
    """
    How many seconds of peace it takes until all who are well hear each other, and go on to do so, heartbeat for
    heartbeat.

    @ivar trouble: after something was wrong with one of them.
    @ivar election: after an election, where nothing is.
    """

    trouble: float
    election: float


def settling(silence: float, shortest: float, longest: float, linking: float) -> Settling | None:
    """
    How soon servers that are well hear each other.

    @param silence: for how many seconds one may hear nothing of another even then.
    @param shortest: how many seconds the shortest election timeout is by the fastest of their clocks.
    @param longest: and by the slowest.
    @param linking: after how many seconds all of them are linked.
    @return: C{None} where heartbeats and their answers may be late even then.
    """
    return Settling(linking + 3 * longest, longest) if silence < shortest else None


class Health:
    """
    Keeps of each server since when nothing is wrong with it: it runs and does not stand still, its disk and its clock
    are as fast as they should be, and so is the network between it and every other server of which the same is true.

    @ivar settling: how soon those who are well hear each other; C{None} where nothing follows from being well: nobody
        keeps this up to date, or everything is too slow for heartbeats to be in time.
    """

    def __init__(self, size: int, seconds: Callable[[], float]) -> None:
        """
        @param size: how many servers there are.
        @param seconds: tells the time.
        """
        self.settling: Settling | None = None
        self._seconds = seconds
        self._troubles = [0] * size
        self._since = [-inf] * size

    def trouble(self, servers: Collection[int]) -> Callable[[], None]:
        """
        Something is wrong with some servers, or between them and others.

        @return: ends that.
        """
        for server in servers:
            self._troubles[server] += 1

        def end() -> None:
            for server in servers:
                self._troubles[server] -= 1
                self._since[server] = self._seconds()

        return end

    def wellSince(self, server: int) -> float | None:
        """
        Since when C{server} and enough others for a majority have been well, all at the same time; C{None} where they
        are not, or where nothing follows from it.
        """
        since = [inf if troubles else since for troubles, since in zip(self._troubles, self._since, strict=True)]
        others = sorted(time for other, time in enumerate(since) if other != server)
        latest = max([since[server], *others[: majority(len(since)) - 1]])
        return None if self.settling is None or latest == inf else latest

    def settledFor(self, server: int) -> float:
        """
        For how many seconds by now C{server} and enough others for a majority have not only been well but heard each
        other; less than 0 where that is yet to come, or where nothing follows from being well.
        """
        since = self.wellSince(server)
        return -inf if since is None or self.settling is None else self._seconds() - since - self.settling.trouble
