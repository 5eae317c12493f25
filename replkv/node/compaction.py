"""
What of the log can go, since the store has it.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv.node.diskqueue import DiskQueue
from replkv.node.limits import NodeLimits
from replkv.raft.core import Raft


class Compaction:
    """
    Has the log begin later, as the store comes to have more of it on its own disk. What lagging servers may still want
    is kept, as far as that is within bounds: who lacks more than that gets a snapshot.
    """

    def __init__(self, raft: Raft, disk: DiskQueue, pinned: Callable[[], int | None], limits: NodeLimits) -> None:
        """
        @param pinned: tells after which entry nothing may go, since a server that gets a snapshot is about to need it;
            C{None} if there is none.
        """
        self._raft = raft
        self._disk = disk
        self._pinned = pinned
        self._limits = limits
        self._flushed = 0
        self._looked = 0  # For how much of the log it was asked last what can go.
        self._isLooking = False

    def flushed(self, index: int) -> None:
        """
        The store has all entries up to C{index} on its disk.
        """
        self._flushed = max(self._flushed, index)
        if not self._isLooking:
            self._look()

    def restart(self, index: int) -> None:
        """
        Another store has taken the place of the one that there was, and has all entries up to C{index} on its disk, and
        no others.
        """
        self._flushed = index

    def _look(self) -> None:
        self._isLooking = True
        self._looked = self._flushed
        pinned = self._pinned()
        last = self._flushed if pinned is None else min(self._flushed, pinned)
        looking = self._disk.compactable(last, self._limits.retainedBytes)
        looking.addCallback(self._found).addErrback(self._disk.broken)

    def _found(self, index: int) -> None:
        self._isLooking = False
        # By now a snapshot may be about to take the store's place, or have taken it, that has less.
        if self._raft.log.firstIndex <= index <= min(self._flushed, self._raft.lastApplied):
            # The core before the disk: what it has asked to be read is read before that goes, and it asks for nothing
            # of it any more.
            self._raft.compact(index)
            self._disk.compact(index)
        if self._flushed > self._looked:
            self._look()
