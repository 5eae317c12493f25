"""
What a server's disk holds for certain, and copies of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from replkv.lives import Life
from replkv.raft.terms import TermRuns
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.testing.cluster.store import Store


class DurableLog:
    """
    What of a server's log is synced, as of its last finished sync, whether the server runs or not.

    @ivar term: currentTerm.
    @ivar votedFor: the vote in it.
    @ivar firstIndex: the index of the first entry, were there one.
    @ivar lastIndex: the index of the last entry.
    """

    def __init__(self, isCommitted: Callable[[int, int], bool], before: DurableLog | None = None) -> None:
        """
        @param isCommitted: tells whether an entry is committed with a term: what the log begins after is.
        @param before: what it held before it went back: the others may go on to count on that.
        """
        self._isCommitted = isCommitted
        self._before = before
        self.term = 0
        self.votedFor: int | None = None
        self.lastIndex = 0
        self.firstIndex = 1
        self._prevTerm = 0
        self._terms = TermRuns(())

    def note(self, storage: LogStorage) -> None:
        """
        A sync has finished, or a log was opened.
        """
        self.term = storage.term
        self.votedFor = storage.votedFor
        self.lastIndex = storage.lastIndex
        self.firstIndex = storage.firstIndex
        self._prevTerm = storage.prevTerm
        self._terms = TermRuns(storage.termRuns)

    def isIn(self, storage: LogStorage) -> bool:
        """
        Whether a log has all that is here for certain: the vote, and the last entry, and so all before it. A write that
        a crash has interrupted may have brought a later term, which may have replaced them.
        """
        if storage.term != self.term:
            return storage.term > self.term
        if self.votedFor not in (None, storage.votedFor):
            return False
        last = self.lastIndex
        return last < storage.firstIndex or (
            last <= storage.lastIndex and TermRuns(storage.termRuns).term(last) >= self.lastTerm
        )

    def holds(self, index: int, term: int) -> bool:
        """
        Whether the others may count on it that the entry C{index} of C{term} is there: it is, or it was before the log
        went back.
        """
        return self.has(index, term) or (self._before is not None and self._before.holds(index, term))

    def has(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is there, or was before the log was made to begin after it.
        """
        if index < self.firstIndex:
            return self._isCommitted(index, term)
        return index <= self.lastIndex and self._terms.term(index) == term

    @property
    def lastTerm(self) -> int:
        """
        The term of the last entry, or of the one that the log begins after; 0 if there is none.
        """
        return self._prevTerm if self.lastIndex < self.firstIndex else self._terms.term(self.lastIndex)


class DurablePeers:
    """
    What a server's disk remembers of the others, whether the server runs or not.

    @ivar life: the server's own last process; C{None} if there was none.
    """

    def __init__(self) -> None:
        self.life: Life | None = None
        self._folder: DataFolder | None = None
        self._members: tuple[int, ...] = ()

    def opened(self, folder: DataFolder, members: Iterable[int]) -> list[int]:
        """
        A process has begun.

        @return: the servers that were remembered before, and are no longer.
        """
        before, self._folder, self.life = self._folder, folder, folder.past.life
        self._members = tuple(members)
        return [] if before is None else [peer for peer in members if _isLost(before.peer(peer), folder.peer(peer))]

    @property
    def others(self) -> tuple[Life | None, ...]:
        """
        The last processes of all servers that are remembered, in the order of the servers.
        """
        return () if self._folder is None else tuple(self._folder.peer(member) for member in self._members)

    def knows(self, other: int, life: Life | None) -> bool:
        """
        Whether this is remembered as the last process of another server.
        """
        known = None if self._folder is None else self._folder.peer(other)
        return known is not None and life is not None and known._replace(version=life.version) == life


def _isLost(before: Life | None, now: Life | None) -> bool:
    return before is not None and (now is None or now.start < before.start)


class Word(NamedTuple):
    """
    What a server has given its word for, but for the entries that it has acknowledged.

    @ivar life: its last process.
    @ivar term: the last term that it has told of.
    @ivar votedFor: the vote in it.
    @ivar others: the servers that it has met.
    """

    life: Life | None
    term: int
    votedFor: int | None
    others: tuple[Life | None, ...]


class Copy(NamedTuple):
    """
    A copy of a data folder.

    @ivar contents: all files but the store's, by path.
    @ivar storePath: the folder of the store.
    @ivar store: the store.
    @ivar word: what the server had given its word for when the copy was made.
    """

    contents: dict[str, bytes]
    storePath: str
    store: Store
    word: Word
