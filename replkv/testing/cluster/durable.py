"""
What a server's disk holds for certain.
"""

from __future__ import annotations

from replkv.raft.terms import TermRuns
from replkv.storage.log import LogStorage


class DurableLog:
    """
    What of a server's log is synced, as of its last finished sync, whether the server runs or not.

    @ivar term: currentTerm.
    @ivar votedFor: the vote in it.
    @ivar lastIndex: the index of the last entry.
    """

    def __init__(self) -> None:
        self.term = 0
        self.votedFor: int | None = None
        self.lastIndex = 0
        self._terms = TermRuns(())

    def note(self, storage: LogStorage) -> None:
        """
        A sync has finished, or a log was opened.
        """
        self.term = storage.term
        self.votedFor = storage.votedFor
        self.lastIndex = storage.lastIndex
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
        return not last or (
            last <= storage.lastIndex and TermRuns(storage.termRuns).term(last) >= self._terms.term(last)
        )

    def holds(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is there.
        """
        return 0 < index <= self.lastIndex and self._terms.term(index) == term
