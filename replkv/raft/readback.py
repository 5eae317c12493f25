"""
What is committed and was forgotten before it was applied, on its way back from the disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from replkv.raft.entry import Entry


class ReadBack:
    """
    One piece of the log at a time. What is committed stands there for good, so what was read is right whenever it
    comes; but a snapshot may have had the server go on elsewhere meanwhile, and then it is of no use.

    @ivar isUnderWay: whether a piece is being read.
    @ivar ticks: for how many ticks a piece is waited for, however often it is read in vain.
    """

    def __init__(self) -> None:
        self.isUnderWay = False
        self.ticks = 0
        self._entries: Sequence[Entry] = ()

    def tick(self) -> None:
        """
        One tick passed.
        """
        self.ticks += self.isUnderWay

    def loaded(self, entries: Sequence[Entry]) -> None:
        """
        A piece was read; it may be empty.
        """
        self.isUnderWay = False
        self._entries = entries
        if entries:
            self.ticks = 0

    def entries(self, first: int, last: int) -> list[Entry]:
        """
        The entries from C{first} on, up to C{last} or the end of the piece; none where it does not have the first. Then
        it is forgotten.
        """
        offset = first - self._entries[0].index if self._entries else -1
        if not 0 <= offset < len(self._entries):
            self.forget()
            return []
        return list(self._entries[offset : offset + last + 1 - first])

    def forget(self) -> None:
        """
        What was read is of no use any more.
        """
        self._entries = ()
