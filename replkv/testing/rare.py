"""
Rare things: what a simulation has to bring about now and then, or it proves little.
"""

from __future__ import annotations

from typing import Final

DEPOSED_WITH_UNCOMMITTED: Final = "a leader deposed with uncommitted entries"
INHERITED_UNCOMMITTED: Final = "a leader that began with uncommitted entries"
REPLACED_LEADER_APPENDED: Final = "an entry appended by a replaced leader"
REPLACED_LEADER_ASKED: Final = "a read asked of a replaced leader"
LOST_QUORUM: Final = "a leader that stepped down without a majority"
HANGING_DISK: Final = "a leader that stepped down for its disk"
SPLIT_VOTE: Final = "a split vote"
VOTE_REPEATED: Final = "a vote given again to who has it"
LONGER_LOG_REFUSED: Final = "a longer but older log refused"
CONFLICT_OVER_TERMS: Final = "a conflict cut back over more than one term"
OLD_TERM_NOT_COUNTED: Final = "an old entry on a majority, not committed by counting"
OLD_TERM_COMMITTED: Final = "an old entry committed under a later one"
FIGURE_8: Final = "figure 8"
READ_LOST_QUORUM: Final = "a read dropped without a majority"
READ_DEPOSED: Final = "a read dropped with its leader deposed"
READ_WAITED: Final = "a read that waited out a lost quorum"
LATE_REPLY: Final = "a late reply of an older term"
CRASH_BEFORE_SYNC: Final = "a crash between a write and its sync"

MEANINGS: Final = {
    DEPOSED_WITH_UNCOMMITTED: "a server led no longer, and its log had entries that it did not know to be committed",
    INHERITED_UNCOMMITTED: "a server was elected whose log had entries of older terms that nobody had committed",
    REPLACED_LEADER_APPENDED: "a server that believed to lead wrote to its log after a later leader was elected",
    REPLACED_LEADER_ASKED: "a server that believed to lead was asked for a read after a later leader was elected",
    LOST_QUORUM: "a leader did not hear of a majority for an election timeout",
    HANGING_DISK: "a leader's own disk was at one write for too long",
    SPLIT_VOTE: "several servers stood in one term, and none was elected",
    VOTE_REPEATED: "a server was asked for its vote again, by the candidate that has it, and gave the same answer",
    LONGER_LOG_REFUSED: "a candidate got no vote since its log, though longer, ended with an older term",
    CONFLICT_OVER_TERMS: "a follower removed entries of several terms at once, which conflicted with the leader's",
    OLD_TERM_NOT_COUNTED: "a majority had an uncommitted entry of an older term, and the leader rightly did not count",
    OLD_TERM_COMMITTED: "a leader committed an entry of an older term, together with one of its own",
    FIGURE_8: "such an entry on a majority was later replaced by another, as in figure 8 of the Raft paper",
    READ_LOST_QUORUM: "a read got no answer since its leader lost the majority",
    READ_DEPOSED: "a read got no answer since there was a later term",
    READ_WAITED: "a leader lost contact with the majority while a read waited, found it again, and answered",
    LATE_REPLY: "a server got the answer to something that it had asked in an older term",
    CRASH_BEFORE_SYNC: "a server crashed while something that it had written was not synced",
}
"""
What each means.
"""
