"""
The repair of a log that has lost entries.

Where a log has rotted, its server goes on with what is before that, and gets the rest from a leader. Until then it may
lack what it has acknowledged, and so it gives no vote, asks for none, and takes over from nobody. It does all else, and
acknowledges what it has.

Nothing that was committed can be lost so. A leader that was elected without this server's vote has all that was
committed with this server's acknowledgement: the two majorities have another server in common, one that gave its vote,
and so lacks nothing itself (section 5.4.3 of the paper). One that had its vote before has it for a log that was at
least as up-to-date as its own was then. A late acknowledgement may still be counted, by a leader that has not heard of
the loss: that changes nothing of this.

It is over when the log matches that of the leader of the current term far enough, on the disk. currentTerm is not lost,
so that is no leader of an earlier term than one to which this server has acknowledged anything. An entry that it had,
and that is or may yet be committed, is in that leader's log, at the same index (sections 5.3 and 5.4.3). So it has it
again when the two logs match up to the last index that it had. Terms grow along a log: so it has it too when they match
up to an entry of a later term than that of the last entry which it had.
"""

from __future__ import annotations

from typing import NamedTuple


class Repair(NamedTuple):
    """
    What a log had, at the most, before it lost entries. Each may be told too large; then the repair takes longer.

    @ivar lastIndex: the index of the last entry.
    @ivar lastTerm: its term.
    """

    lastIndex: int
    lastTerm: int

    def isOver(self, index: int, term: int) -> bool:
        """
        Whether a log lacks nothing any more that it may have to have.

        @param index: it matches the leader's up to this entry.
        @param term: the term of that entry.
        """
        return index >= self.lastIndex or term > self.lastTerm

    def joined(self, other: Repair | None) -> Repair:
        """
        What a log had that has lost entries for a second time, before the repair was over.
        """
        if other is None:
            return self
        return Repair(max(self.lastIndex, other.lastIndex), max(self.lastTerm, other.lastTerm))
