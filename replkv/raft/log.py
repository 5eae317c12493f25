"""
The replicated log as the core sees it: the terms of all entries, and the entries themselves where they are recent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from replkv.raft.entry import Batch, Entry
from replkv.raft.invariants import InvariantViolation
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.terms import TermRuns

ENTRY_OVERHEAD: Final = 200
"""
The bytes that an entry in memory takes beside its data, roughly.
"""


def bytesOf(entries: Iterable[Entry]) -> int:
    """
    How many bytes C{entries} take in memory.
    """
    return sum([len(entry.data) + ENTRY_OVERHEAD for entry in entries])


class RaftLog:
    """
    @ivar firstIndex: index of the first entry that the log still has; entries before it are part of a snapshot.
    @ivar lastIndex: index of the last entry; C{firstIndex - 1} where there is none.
    @ivar stableIndex: up to here the log is synced to this server's disk.
    @ivar recoveredIndex: up to here it is what was recovered from the disk.
    @ivar bytes: how many bytes the entries in memory take.
    """

    def __init__(
        self,
        termRuns: Sequence[tuple[int, int]] = (),
        lastIndex: int = 0,
        recent: Sequence[Entry] = (),
        firstIndex: int = 1,
        prevTerm: int = 0,
        limits: RaftLimits = RAFT_LIMITS,
    ) -> None:
        """
        @param termRuns: (first index, term) of each run of equal terms.
        @param recent: the entries that are in memory: the log's last ones.
        @param prevTerm: the term of the entry before C{firstIndex}.
        """
        self.firstIndex = firstIndex
        self.lastIndex = lastIndex
        self.stableIndex = lastIndex
        self.recoveredIndex = lastIndex
        self._prevTerm = prevTerm
        self._limits = limits
        self._terms = TermRuns(termRuns)
        self._entries = list(recent)
        self.bytes = bytesOf(recent)
        self._batches: dict[int, Batch] = {}

    @property
    def inMemory(self) -> int:
        """
        Index of the first entry that is in memory; one past the end where none is.
        """
        return self.lastIndex - len(self._entries) + 1

    @property
    def lastTerm(self) -> int:
        """
        Term of the last entry.
        """
        return self.term(self.lastIndex)

    def term(self, index: int) -> int:
        """
        Term of the entry at C{index}.

        @raise IndexError: if the log does not hold it.
        """
        if index == self.firstIndex - 1:
            return self._prevTerm
        if not self.firstIndex <= index <= self.lastIndex:
            raise IndexError(f"no entry {index} in a log of {self.firstIndex} to {self.lastIndex}")
        return self._terms.term(index)

    def matches(self, index: int, term: int) -> bool:
        """
        Whether the log holds an entry of C{term} at C{index}: the consistency check of the paper's section 5.3.
        """
        return self.firstIndex - 1 <= index <= self.lastIndex and self.term(index) == term

    def isUpToDate(self, lastLogIndex: int, lastLogTerm: int) -> bool:
        """
        Whether a log that ends so is at least as up-to-date as this one: the paper's section 5.4.1, the term of the
        last entry first, and only then the length.
        """
        return (lastLogTerm, lastLogIndex) >= (self.lastTerm, self.lastIndex)

    def append(self, entry: Entry) -> None:
        """
        Append the entry that comes after the last.
        """
        if entry.index != self.lastIndex + 1:
            raise InvariantViolation(f"entry {entry.index} after {self.lastIndex}")
        self._terms.append(entry.index, entry.term)
        self._entries.append(entry)
        self.bytes += len(entry.data) + ENTRY_OVERHEAD
        self._batches.clear()
        self.lastIndex = entry.index

    def truncate(self, index: int) -> None:
        """
        Remove the entries from C{index} on.
        """
        removed = self._entries[max(0, index - self.inMemory) :]
        self.bytes -= bytesOf(removed)
        del self._entries[len(self._entries) - len(removed) :]
        self._terms.truncate(index)
        self._batches.clear()
        self.lastIndex = index - 1
        self.stableIndex = min(self.stableIndex, self.lastIndex)
        self.recoveredIndex = min(self.recoveredIndex, self.lastIndex)

    def compact(self, index: int) -> None:
        """
        Forget the entries up to C{index}, which a snapshot has. The log holds C{index}, or begins right after it.
        """
        if index < self.firstIndex:
            return
        self._prevTerm = self.term(index)
        self._terms.compact(index)
        if index == self.lastIndex:
            self._terms.truncate(index + 1)
        gone = self._entries[: max(0, index + 1 - self.inMemory)]
        self.bytes -= bytesOf(gone)
        del self._entries[: len(gone)]
        self._batches.clear()
        self.firstIndex = index + 1

    def restart(self, index: int, term: int) -> None:
        """
        Begin anew, after a snapshot, with no entries. Nothing of it is on the disk yet.

        @param index: index of the last entry that the snapshot includes.
        @param term: term of that entry.
        """
        self.firstIndex, self.lastIndex, self.stableIndex = index + 1, index, 0
        self.recoveredIndex = 0
        self._prevTerm = term
        self._terms = TermRuns()
        self._entries = []
        self.bytes = 0
        self._batches.clear()

    def recentAfter(self, index: int) -> list[Entry]:
        """
        The entries after C{index}, as far as they are in memory.
        """
        return self._entries[max(0, index + 1 - self.inMemory) :]

    def entries(self, first: int, last: int) -> list[Entry]:
        """
        The entries from C{first} to C{last}, which must be in memory.
        """
        offset = self.inMemory
        if first < offset:
            raise InvariantViolation(f"entry {first} is not in memory, which begins at {offset}")
        return self._entries[first - offset : last - offset + 1]

    def bytesBetween(self, after: int, last: int) -> int:
        """
        How many bytes the entries behind C{after}, up to C{last}, take, as far as they are in memory.
        """
        offset = self.inMemory
        return bytesOf(self._entries[max(0, after + 1 - offset) : max(0, last + 1 - offset)])

    def batch(self, first: int, last: int) -> Batch:
        """
        Entries from C{first} on, at least one and as many as a batch may have, and none after C{last}. Asked again
        before the log changes, or L{releaseBatches} is called, it is the same object, so that what goes to the disk and
        to all peers is encoded once. Until then, C{last} has to be the same.
        """
        known = self._batches.get(first)
        if known is not None:
            return known
        position = first - self.inMemory
        if position < 0:
            raise InvariantViolation(f"entry {first} is not in memory")
        stop = position
        size = 0
        limit = self._limits.batchBytes
        end = min(last - first + 1, self._limits.batchEntries) + position
        while stop < end and size < limit:
            size += len(self._entries[stop].data)
            stop += 1
        if size > limit and stop - position > 1:
            stop -= 1
        made = Batch(self._entries[position:stop])
        self._batches[first] = made
        return made

    def releaseBatches(self) -> None:
        """
        Forget the batches that were made: those that they were for have them.
        """
        self._batches.clear()

    def forget(self, index: int) -> None:
        """
        Release memory where it is more than the cache may have, of entries up to C{index}, which are committed and on
        the disk.
        """
        cacheBytes = self._limits.cacheBytes
        if self.bytes <= cacheBytes:
            return
        stop = 0
        freed = 0
        limit = min(index, self.lastIndex) - self.inMemory + 1
        # Down to three quarters, so that moving the rest of the list to its front is rare.
        while stop < limit and self.bytes - freed > cacheBytes * 3 // 4:
            freed += len(self._entries[stop].data) + ENTRY_OVERHEAD
            stop += 1
        del self._entries[:stop]
        self.bytes -= freed

    def conflict(self, prevLogIndex: int) -> tuple[int, int]:
        """
        What to tell a leader whose prevLogIndex does not match: (conflictIndex, conflictTerm), so that it skips a
        whole term and not one entry (the end of the paper's section 5.3).
        """
        if prevLogIndex > self.lastIndex:
            return self.lastIndex + 1, 0
        if prevLogIndex < self.firstIndex:
            return self.firstIndex, 0
        return self._terms.firstOf(prevLogIndex), self._terms.term(prevLogIndex)

    def retryFrom(self, prevLogIndex: int, conflictIndex: int, conflictTerm: int) -> int:
        """
        The next entry to try after a follower's rejection, so that one probe a term is enough (the end of section 5.3).
        Between C{conflictIndex} and C{prevLogIndex} the follower has C{conflictTerm} alone: the logs may agree there up
        to the last entry that this one has of that term, and where it has none, only before C{conflictIndex}.

        @param conflictTerm: 0 where the follower's log ends before C{prevLogIndex}.
        """
        if not conflictTerm:
            return conflictIndex
        last = self.lastIndexUpToTerm(conflictTerm)
        if last < prevLogIndex and self.matches(last, conflictTerm):
            return last + 1
        return min(last + 1, conflictIndex)

    def lastIndexUpToTerm(self, term: int) -> int:
        """
        Index of the last entry whose term is at most C{term}; C{firstIndex - 1} where the log has none.
        """
        return self._terms.lastUpTo(term, self.lastIndex)
