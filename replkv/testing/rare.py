"""
Rare things: what a simulation has to bring about now and then, or it proves little.
"""

from __future__ import annotations

from typing import Final

DEPOSED_WITH_UNCOMMITTED: Final = "a leader deposed with uncommitted entries"
"""
A server led no longer, and its log had entries that it did not know to be committed.
"""

INHERITED_UNCOMMITTED: Final = "a leader that began with uncommitted entries"
"""
A server was elected whose log had entries of older terms that nobody had committed.
"""

REPLACED_LEADER_APPENDED: Final = "an entry appended by a replaced leader"
"""
A server that believed to lead wrote to its log after a later leader was elected.
"""

REPLACED_LEADER_ASKED: Final = "a read asked of a replaced leader"
"""
A server that believed to lead was asked for a read after a later leader was elected.
"""

LOST_QUORUM: Final = "a leader that stepped down without a majority"
"""
A leader did not hear of a majority for an election timeout.
"""

HANGING_DISK: Final = "a leader that stepped down for its disk"
"""
A leader's own disk was at one write for too long.
"""

SLOW_DISK: Final = "a leader that made room for one with a faster disk"
"""
A leader's own disk was much slower than those of the others, and another server led then.
"""

HANDED_OVER: Final = "a leader that handed over"
"""
A server was elected that the leader before it had told to stand.
"""

HAND_OVER_FAILED: Final = "a hand-over that failed"
"""
A leader wanted a peer to lead in its place, the peer did not in time, and the leader led on.
"""

SPLIT_VOTE: Final = "a split vote"
"""
Several servers stood in one term, and none was elected.
"""

VOTE_REPEATED: Final = "a vote given again to who has it"
"""
A server was asked for its vote again, by the candidate that has it, and gave the same answer.
"""

LONGER_LOG_REFUSED: Final = "a longer but older log refused"
"""
A candidate got no vote since its log, though longer, ended with an older term.
"""

CONFLICT_OVER_TERMS: Final = "a conflict cut back over more than one term"
"""
A follower removed entries of several terms at once, which conflicted with the leader's.
"""

OLD_TERM_NOT_COUNTED: Final = "an old entry on a majority, not committed by counting"
"""
A majority had an uncommitted entry of an older term, and the leader rightly did not count.
"""

OLD_TERM_COMMITTED: Final = "an old entry committed under a later one"
"""
A leader committed an entry of an older term, together with one of its own.
"""

FIGURE_8: Final = "figure 8"
"""
Such an entry on a majority was later replaced by another, as in figure 8 of the Raft paper.
"""

READ_LOST_QUORUM: Final = "a read dropped without a majority"
"""
A read got no answer since its leader lost the majority.
"""

READ_DEPOSED: Final = "a read dropped with its leader deposed"
"""
A read got no answer since there was a later term.
"""

READ_WAITED: Final = "a read that waited out a lost quorum"
"""
A leader lost contact with the majority while a read waited, found it again, and answered.
"""

LATE_REPLY: Final = "a late reply of an older term"
"""
A server got the answer to something that it had asked in an older term.
"""

CRASH_BEFORE_SYNC: Final = "a crash between a write and its sync"
"""
A server crashed while something that it had written was not synced.
"""

READ_BACK: Final = "entries read from the disk for a peer"
"""
A peer lagged so far that the leader had its entries on the disk only.
"""

BACKLOG_READ: Final = "entries read from the disk to be applied"
"""
A server was so far behind with applying that it had released from memory what came next.
"""

COMPACTED: Final = "a log that was compacted"
"""
A server's log lost its beginning, which its state machine had.
"""

FILE_USED_AGAIN: Final = "a file of a log used again"
"""
A segment that its log begins after became the next one.
"""

CRASH_IN_COMPACTION: Final = "a crash while a log was made to begin later"
"""
A server crashed when its disk was told where the log begins, and it was not certain that it knew.
"""

SNAPSHOT: Final = "a snapshot installed"
"""
A server whose log lacked what no leader's log had any more went on from a snapshot.
"""

LOG_REPLACED: Final = "a snapshot in place of a log"
"""
The log of such a server was thrown away: it ended before the snapshot, or with other entries.
"""

LOG_KEPT: Final = "a snapshot before the end of a log"
"""
The log of such a server had the snapshot's last entry and others after it, which it kept.
"""

MEMBERS_CHANGED: Final = "a leader changed the members"
"""
One came or went, or became a voter.
"""

LEADER_REMOVED: Final = "an operator who wanted a leader to go"
"""
A server was to be removed while it led.
"""

LEADER_REPLACED: Final = "an operator who replaced a leader"
"""
A server was to be replaced while it led.
"""

COMES_AGAIN: Final = "a removed server that was to come again"
"""
A server that was a member once got an empty data folder, and was added again.
"""

MOVED: Final = "a server that moved"
"""
A server was started again at other ports.
"""

CHANGE_REFUSED: Final = "a change of the members refused"
"""
A leader told an operator why there is no such change.
"""

OPERATOR_GONE: Final = "an operator who did not wait for the answer"
"""
An operator closed the connection before a change was answered.
"""

SPARE_TOOK_OVER: Final = "a spare that took the place of a member"
"""
A leader gave it the vote of one that had not answered for long.
"""

CONFIGURATION_TAKEN_BACK: Final = "a configuration taken back"
"""
It was in force, and was cut off the log: the one before it is in force again.
"""

SNAPSHOT_LATE: Final = "a snapshot that came too late"
"""
A server had a snapshot, and had applied as much by then.
"""

SNAPSHOT_RESUMED: Final = "a snapshot gone on with"
"""
A server that had lost its connection while it fetched a snapshot went on where it was.
"""

SNAPSHOT_SUPERSEDED: Final = "a snapshot given up for a later one"
"""
A server that had a part of a snapshot was given another one.
"""

CRASH_IN_FETCH: Final = "a crash while a snapshot was fetched"
"""
A server ended that had asked for a snapshot, or had a part of it.
"""

CRASH_IN_INSTALL: Final = "a crash while a snapshot was put in place"
"""
A server crashed when it had a snapshot and its disk did not have it yet, or not for certain.
"""

TORN_TAIL: Final = "a torn write cut off a log"
"""
A server that crashed within a write started without the part of it that had reached the disk.
"""

ROT_FOUND: Final = "a rotten log refused"
"""
A server did not start since its log was damaged where it had been synced.
"""

ROT_IN_LAST: Final = "rot in the last record of a log"
"""
A bit rotted in the last record of a log, which cannot be told from a torn write.
"""

LOG_REPAIRED: Final = "a log repaired"
"""
A server whose log had lost entries that it had on its disk had as much again.
"""

REPAIR_KILLED: Final = "a server killed whose log was repaired"
"""
A server was killed when its log had lost entries, and it had not yet as many again.
"""

ROTTEN_RECORD: Final = "a rotten record found in a store"
"""
A server met a record that was not what it had written.
"""

WRONG_STATE_FOUND: Final = "a wrong state found"
"""
A server took itself out since its state had not the hash that those of a majority had.
"""

WRONG_STATE_KILLED: Final = "a server with a wrong state killed"
"""
A server was killed after it had taken itself out, and before it had a snapshot.
"""

STATE_REPLACED: Final = "a wrong state replaced"
"""
A server that had taken itself out went on from a snapshot.
"""

WIPED: Final = "a server with a wiped data folder"
"""
A server was started with an empty data folder, and others had met it before.
"""

PUT_BACK: Final = "a server with an older copy of its data folder"
"""
A server was started with a copy of its data folder, and others had met it since that was made.
"""

COPY_OF_RUNNING: Final = "a server with a copy made while it ran"
"""
A server was started with a copy of its data folder that was made while it ran, and nobody had met it since.
"""

REGRESSED: Final = "a server found to lack what it had acknowledged"
"""
A leader noticed that, where nothing else told.
"""

CLONED: Final = "a server that ran twice"
"""
A copy of a server's data folder was started on another host while the server itself ran.
"""

DISK_STOP: Final = "a server that stopped for its disk"
"""
A server stopped since its disk failed, was full, or was damaged.
"""

FULL_REFUSED: Final = "a write refused since a disk was nearly full"
"""
A leader proposed nothing, since its own disk or those of too many others had less room than their reserve.
"""

FULL_RELIEVED: Final = "a leader with a nearly full disk that wanted another to lead"
"""
A leader whose disk had less room than its reserve began to hand over to a server that had more.
"""

FULL_EMPTIED: Final = "a nearly full disk that had room again"
"""
A server whose disk had less room than its reserve took writes again.
"""

NO_DESCRIPTOR: Final = "a descriptor refused"
"""
A server wanted to open something, and its system had no descriptor for it.
"""

CUT_COMMAND: Final = "a client that went away within a command"
"""
A client's connection was lost in the middle of a command.
"""

PARTED: Final = "a client that sent nothing more and waited"
"""
A client quit, or shut down its writing side, when it had sent commands that were not answered.
"""

MORE_THAN_PENDING: Final = "more commands sent than a server takes at once"
"""
A client had more commands under way on its connection than the server takes before it has answered some.
"""

RACE: Final = "a cas that raced another"
"""
Two clients had a cas of the same key and the same version under way at the same time, and one of them was carried out.
"""

LARGEST_VALUE: Final = "a value as large as values may be"
"""
A value of a mebibyte was stored.
"""

LONG_LIFE: Final = "a key that lives for a minute or more"
"""
A key was stored that was to expire after a minute or later.
"""

EXISTED: Final = "an add that came too late"
"""
There was such a key already.
"""

CHANGED: Final = "a value made of the one before"
"""
A number was counted, or a value was made longer.
"""

TRANSACTED: Final = "several keys written at one instant"
"""
A transaction was carried out that wrote more than one key.
"""

NOT_SO: Final = "a transaction of which a comparison did not hold"
"""
Nothing of it was done.
"""

EXPIRY_KEPT: Final = "a value stored with the expiry that its key had"
"""
A key was written so that it expires when it would have.
"""

TOUCHED: Final = "a key that was given another expiry"
"""
A key was touched, and is to expire after that.
"""

NOT_UPGRADED: Final = "a command refused since not all servers knew it"
"""
A leader refused a command that some server is not known to know.
"""

NEWLY_KNOWN: Final = "a command carried out that not all servers had known"
"""
A cluster was upgraded, and then carried out a command that it had not known before.
"""

USER_REFUSED: Final = "a command refused since its user may not have it done"
"""
A client that was taken for a user was told that this one may not do that.
"""

LOGIN_OVER: Final = "a command refused since its login was over"
"""
The same, since the user had another token by then, or was no more.
"""

TAKEN_UNDER_WAY: Final = "a right taken from a user with commands under way"
"""
A user could do less than before, while its commands waited for their answers.
"""

USERS_UNAPPLIED: Final = "a leader that began with changes of users unapplied"
"""
A server was elected whose log had changes of users that it had not applied.
"""

REDIRECT: Final = "a client sent to the leader"
"""
A client asked a follower, and was told who leads.
"""

FORWARDED: Final = "a command passed on to the leader"
"""
A server told a client what the leader had made of a command.
"""

FORWARDED_IN_PARTS: Final = "replies to commands passed on that came in parts"
"""
The leader told what came of some of the commands that had come together, and of the rest later.
"""

FORWARDED_AGAIN: Final = "a command passed on in vain, and submitted again"
"""
A command had certainly not been carried out, or changes nothing, and its session had submitted nothing else since.
"""

FORWARD_LOST: Final = "a write passed on and lost with its connection"
"""
Nobody knows what came of it.
"""

UNKNOWN_WRITE: Final = "a write of which nobody knows what came"
"""
A client was told that a write may have been carried out or not, or was told nothing.
"""

TIMED_OUT: Final = "a command that ran into RequestTimeoutMs"
"""
A server could neither carry out a command in time nor send its client to another one.
"""

CARRIED_OUT: Final = "a command without reply carried out"
"""
Later replies showed that a command without reply was carried out.
"""
