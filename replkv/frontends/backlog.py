"""
What was read from connections and waits there, since they have to wait for their turn or for room.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv.frontends.limits import MEMORY_LIMITS, MemoryLimits


class Backlog:
    """
    How many bytes wait on all connections together. None of those is read from meanwhile, but each has what it had read
    before: where that is much in total, all read little at once.

    @ivar total: how many bytes wait.
    @ivar readBytes: how many bytes a connection may read at once.
    """

    __slots__ = ("_limits", "_readAtMost", "readBytes", "total")

    def __init__(self, readAtMost: Callable[[int], None], limits: MemoryLimits = MEMORY_LIMITS) -> None:
        """
        @param readAtMost: has all connections read so many bytes at once from now on.
        """
        self.total = 0
        self.readBytes = limits.readBytes
        self._readAtMost = readAtMost
        self._limits = limits

    def hold(self, more: int) -> None:
        """
        On a connection, so many bytes wait more than before, or fewer.
        """
        self.total += more
        limits = self._limits
        # Not to and fro: each time, all connections are told.
        if self.total > limits.waitingBytes:
            self._change(limits.shortReadBytes)
        elif self.total <= limits.waitingBytes * 7 // 8:
            self._change(limits.readBytes)

    def _change(self, readBytes: int) -> None:
        if readBytes != self.readBytes:
            self.readBytes = readBytes
            self._readAtMost(readBytes)
