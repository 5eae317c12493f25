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

    def holds(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is there.
        """
        return 0 < index <= self.lastIndex and self._terms.term(index) == term
