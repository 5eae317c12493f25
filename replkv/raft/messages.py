"""
The messages that servers exchange: figures 2 and 13 of the Raft paper, with PreVote (Ongaro's thesis, section 9.6),
with what ReadIndex needs (section 6.4), and with the hand-over of leadership (section 3.10). All are values; who sent a
message is told beside it. They are made by keyword: numbers in a row are easily exchanged.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from replkv.raft.entry import Batch


class RequestVote(NamedTuple):
    """
    A candidate asks for a vote.

    @ivar term: the term of the election; for a pre-vote, the term that the asking server would begin.
    @ivar lastLogIndex: index of the last entry of the candidate's log.
    @ivar lastLogTerm: term of that entry.
    @ivar preVote: whether this only asks if a vote could be won. A pre-vote changes nothing on either side.
    @ivar handOver: whether the leader itself has told the candidate to stand. Then who hears that leader votes all the
        same (Ongaro's thesis, section 4.2.3).
    """

    term: int
    lastLogIndex: int
    lastLogTerm: int
    preVote: bool
    handOver: bool = False


class RequestVoteReply(NamedTuple):
    """
    The answer to L{RequestVote}.

    @ivar term: the voter's currentTerm; where a pre-vote was granted, the term that was asked for.
    @ivar granted: whether the candidate has the vote.
    @ivar preVote: as in the request.
    """

    term: int
    granted: bool
    preVote: bool


class AppendEntries(NamedTuple):
    """
    The leader replicates entries; with none, a heartbeat or a probe.

    @ivar term: the leader's term.
    @ivar prevLogIndex: index of the entry before the first of C{batch}.
    @ivar prevLogTerm: term of that entry.
    @ivar leaderCommit: the leader's commitIndex.
    @ivar readRound: the last round of reads that the leader had opened when it sent this.
    @ivar batch: the entries, from C{prevLogIndex + 1} on.
    """

    term: int
    prevLogIndex: int
    prevLogTerm: int
    leaderCommit: int
    readRound: int
    batch: Batch


class AppendEntriesReply(NamedTuple):
    """
    The answer to L{AppendEntries}.

    @ivar term: the follower's currentTerm.
    @ivar success: whether the follower had the entry at prevLogIndex with prevLogTerm.
    @ivar matchIndex: on success, up to here the follower's disk holds what the leader's log holds.
    @ivar prevLogIndex: as in the request: tells a late rejection from one that counts.
    @ivar conflictIndex: on failure, where the leader may go on: the first index of C{conflictTerm}, or the index
        after the follower's last entry.
    @ivar conflictTerm: on failure, the term of the follower's entry at prevLogIndex; 0 where it has none.
    @ivar readRound: as in the request.
    @ivar lostIndex: on failure, up to here the follower's log may have lost what it had acknowledged, and is being
        repaired; 0 where it has lost nothing.
    """

    term: int
    success: bool
    matchIndex: int
    prevLogIndex: int
    conflictIndex: int
    conflictTerm: int
    readRound: int
    lostIndex: int = 0

    @classmethod
    def accepted(cls, *, term: int, matchIndex: int, prevLogIndex: int, readRound: int = 0) -> AppendEntriesReply:
        """
        The logs match at prevLogIndex, and what came behind it is appended.

        @param readRound: 0 is no round of reads.
        """
        return cls(
            term=term,
            success=True,
            matchIndex=matchIndex,
            prevLogIndex=prevLogIndex,
            conflictIndex=0,
            conflictTerm=0,
            readRound=readRound,
        )

    @classmethod
    def rejected(
        cls,
        *,
        term: int,
        prevLogIndex: int,
        conflictIndex: int = 0,
        conflictTerm: int = 0,
        readRound: int = 0,
        lostIndex: int = 0,
    ) -> AppendEntriesReply:
        """
        The logs do not match at prevLogIndex, or the request is of an earlier term, and then there is no conflict.

        @param readRound: 0 is no round of reads.
        """
        return cls(
            term=term,
            success=False,
            matchIndex=0,
            prevLogIndex=prevLogIndex,
            conflictIndex=conflictIndex,
            conflictTerm=conflictTerm,
            readRound=readRound,
            lostIndex=lostIndex,
        )


class InstallSnapshot(NamedTuple):
    """
    The leader's log begins after what the follower lacks: in place of AppendEntries, and as often, it is told so. It is
    a heartbeat too.

    The snapshot does not come with it, as it does in the paper's section 7: the follower fetches it, in its own time
    (L{Fetch<replkv.raft.outputs.Fetch>}), and it may be a later one.

    @ivar term: the leader's term.
    @ivar lastIncludedIndex: index of the entry before the first of the leader's log: all up to it is committed.
    @ivar lastIncludedTerm: term of that entry.
    @ivar readRound: as in L{AppendEntries}.
    """

    term: int
    lastIncludedIndex: int
    lastIncludedTerm: int
    readRound: int


class InstallSnapshotReply(NamedTuple):
    """
    The answer to L{InstallSnapshot}.

    @ivar term: the follower's currentTerm.
    @ivar matchIndex: up to here the follower's disk holds what is committed; and so what the leader's log holds, or
        held.
    @ivar readRound: as in the request; 0 where that is of an earlier term.
    """

    term: int
    matchIndex: int
    readRound: int


class TimeoutNow(NamedTuple):
    """
    The leader hands over: whoever gets this is to stand for election at once.

    @ivar term: the leader's term.
    """

    term: int


class TimeoutNowReply(NamedTuple):
    """
    The answer to L{TimeoutNow}.

    @ivar term: the peer's currentTerm: a later one than the leader's, if it stands for election.
    """

    term: int


Message = (
    RequestVote
    | RequestVoteReply
    | AppendEntries
    | AppendEntriesReply
    | InstallSnapshot
    | InstallSnapshotReply
    | TimeoutNow
    | TimeoutNowReply
)

REQUESTS: Final = (RequestVote, AppendEntries, InstallSnapshot, TimeoutNow)
"""
Those that ask for a reply.
"""
