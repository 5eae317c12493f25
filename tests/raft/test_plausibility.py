"""
Tests for what a message can be to a server in some state.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Batch, Entry
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.log import ENTRY_OVERHEAD
from replkv.raft.messages import (
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
    TimeoutNowReply,
)
from tests.raft.network import Server
from tests.raft.servers import appendEntries, aServer, candidate, heartbeat, leader, matched, rejected, streaming

JUMP = RAFT_LIMITS.termJump


class _Case(SynchronousTestCase):
    """
    What these tests begin with.
    """

    server: Server

    def assertRefused(self, sender: int, message: Message, reason: str) -> None:
        """
        The server objects.
        """
        self.assertIn(reason, self.server.raft.objection(sender, message) or "nothing")

    def assertTaken(self, sender: int, message: Message) -> None:
        """
        It does not, and the core can be given it.
        """
        self.assertIsNone(self.server.raft.objection(sender, message))
        self.server.raft.step(sender, message)


class TermTests(_Case):
    """
    Tests for terms.
    """

    def test_tooLate(self) -> None:
        """
        A term that is much later than the own is refused in every message, and one that is just as much later as may be
        is taken.
        """
        for message in (
            RequestVote(term=1, lastLogIndex=1, lastLogTerm=1, preVote=False),
            RequestVote(term=1, lastLogIndex=1, lastLogTerm=1, preVote=True),
            RequestVoteReply(term=1, granted=False, preVote=False),
            heartbeat(1),
            AppendEntriesReply.rejected(term=1, prevLogIndex=0),
            InstallSnapshot(term=1, lastIncludedIndex=1, lastIncludedTerm=1, readRound=0),
            InstallSnapshotReply(term=1, matchIndex=0, readRound=0),
            TimeoutNow(term=1),
            TimeoutNowReply(term=1),
        ):
            self.server = aServer(1, 2)
            self.assertRefused(1, message._replace(term=2 + JUMP + 1), f"term {2 + JUMP + 1}, where this server is in")
            self.assertTaken(1, message._replace(term=2 + JUMP))

    def test_earlier(self) -> None:
        """
        A leader that was deposed long ago may say what it likes: it is only told so.
        """
        self.server = aServer(1, 2, 2, currentTerm=3)
        self.server.raft.step(1, appendEntries(3, 3, 2, leaderCommit=3))
        self.assertTaken(2, appendEntries(2, 0, 0, 2, 2, 2))

    def test_votes(self) -> None:
        """
        Nobody has a vote of a later term than the one that it was asked for, nor has anyone followed there.
        """
        self.server = candidate(1)
        term = self.server.raft.currentTerm
        self.assertRefused(1, RequestVoteReply(term=term + 1, granted=True, preVote=False), "has not asked for one")
        self.assertRefused(1, RequestVoteReply(term=term + 2, granted=True, preVote=True), "has not asked for one")
        self.assertRefused(1, AppendEntriesReply.accepted(term=term + 1, matchIndex=0, prevLogIndex=0), "led nobody")
        self.assertTaken(1, RequestVoteReply(term=term + 1, granted=True, preVote=True))
        self.assertTaken(1, RequestVoteReply(term=term, granted=True, preVote=False))


class LeadershipTests(_Case):
    """
    Tests for who leads a term.
    """

    def test_leader(self) -> None:
        """
        Nobody tells a leader that another one leads its term.
        """
        self.server = streaming(1)
        term = self.server.raft.currentTerm
        offer = InstallSnapshot(term=term, lastIncludedIndex=1, lastIncludedTerm=1, readRound=0)
        for message in (heartbeat(term), offer, TimeoutNow(term=term)):
            self.assertRefused(1, message, f"it cannot lead term {term}, which server 0 leads")
        self.assertTaken(1, heartbeat(term + 1))

    def test_follower(self) -> None:
        """
        Nor one that follows a leader; not in a later term.
        """
        self.server = aServer(1)
        self.assertTaken(1, heartbeat(2))
        self.assertTaken(1, heartbeat(2))
        self.assertRefused(2, heartbeat(2), "it cannot lead term 2, which server 1 leads")
        self.assertTaken(2, heartbeat(3))


class CommittedTests(_Case):
    """
    Tests for what is committed.
    """

    def setUp(self) -> None:
        """
        Of five entries, three are committed.
        """
        self.server = aServer(1, 1, 2, 2, 2)
        self.server.raft.step(1, appendEntries(2, 5, 2, leaderCommit=3))

    def test_conflicts(self) -> None:
        """
        What is committed is not replaced, nor taken for another entry.
        """
        for message in (
            appendEntries(4, 0, 0, 1, 2),
            appendEntries(4, 1, 1, 1, 4),
            appendEntries(4, 2, 1, 3),
            appendEntries(4, 3, 3, 3),
            heartbeat(4, 2, 2),
            InstallSnapshot(term=4, lastIncludedIndex=3, lastIncludedTerm=3, readRound=0),
        ):
            self.assertRefused(2, message, "is committed")

    def test_repeated(self) -> None:
        """
        It may be sent again, and what comes behind it may be replaced.
        """
        for message in (
            appendEntries(2, 0, 0, 1, 1, 2, 2, 2),
            appendEntries(2, 2, 1, 2),
            heartbeat(2, 3, 2),
            InstallSnapshot(term=2, lastIncludedIndex=3, lastIncludedTerm=2, readRound=0),
        ):
            self.assertTaken(1, message)
        self.assertTaken(2, appendEntries(4, 1, 1, 1, 2, 3, 4))

    def test_compacted(self) -> None:
        """
        Where the log begins later, an old message may say of what is before that what it likes.
        """
        self.server.pump()
        self.server.raft.compact(3)
        self.assertTaken(1, appendEntries(2, 0, 0, 1, 1, 2, 2, 2))
        self.assertRefused(2, heartbeat(4, 3, 3), "is committed")

    def test_snapshots(self) -> None:
        """
        A snapshot has what is committed too, and its term is none that could not be.
        """
        raft = self.server.raft
        self.assertIsNone(raft.snapshotObjection(3, 2))
        self.assertIsNone(raft.snapshotObjection(9, 7))
        for index, term in ((3, 3), (0, 0), (9, 0), (2**62 + 1, 5), (9, 2 + JUMP + 1)):
            self.assertIsNotNone(raft.snapshotObjection(index, term))


class ReplyTests(_Case):
    """
    Tests for the answers to a leader.
    """

    def setUp(self) -> None:
        """
        Server 0 leads, with a log of three entries.
        """
        self.server = streaming(1, 1)

    def test_beyondTheLog(self) -> None:
        """
        Nobody has more of a leader's log than there is, or was asked for it.
        """
        server = self.server
        self.assertRefused(1, matched(server, 4), "it has entry 4 of this leader's log, which ends with entry 3")
        self.assertRefused(1, rejected(server, 4, 1), "it was asked for entry 4")
        reply = InstallSnapshotReply(term=server.raft.currentTerm, matchIndex=4, readRound=0)
        self.assertRefused(1, reply, "it has entry 4")
        self.assertTaken(1, matched(server, 3))

    def test_rejectedForItsTerm(self) -> None:
        """
        What this server sent when it led before, with a longer log, may be rejected in the term that it leads now: by
        who had heard of that from another one first.
        """
        late = AppendEntriesReply.rejected(term=self.server.raft.currentTerm, prevLogIndex=66)
        self.assertTaken(1, late)
        self.assertEqual(self.server.raft.role.name, "leader")

    def test_rounds(self) -> None:
        """
        Nobody answers a round of reads that was not opened.
        """
        self.assertRefused(1, matched(self.server, 1, readRound=1), "round 1 of reads, and this leader has opened 0")
        self.server.raft.read("read")
        self.server.pump()
        self.assertTaken(1, matched(self.server, 1, readRound=1))

    def test_ofOthers(self) -> None:
        """
        What comes after this server has led says nothing to it.
        """
        late = matched(self.server, 9, readRound=9)
        self.server.raft.step(1, heartbeat(self.server.raft.currentTerm + 1))
        self.assertTaken(1, late)


class AmountTests(_Case):
    """
    Tests for how much a follower takes that is not committed.
    """

    def batchOf(self, first: int, count: int, size: int = 1000) -> Batch:
        """
        Entries of a term.
        """
        return Batch([Entry(index, 2, bytes(size)) for index in range(first, first + count)])

    def setUp(self) -> None:
        """
        It takes ten entries of 1,000 bytes.
        """
        self.server = aServer(2, 2, limits=RaftLimits(uncommittedBytes=10 * (1000 + ENTRY_OVERHEAD)))

    def test_bound(self) -> None:
        """
        So much is taken, and no more: what was found in the log is not counted, nor what is committed.
        """
        message = appendEntries(2, 2, 2)
        self.assertTaken(1, message._replace(batch=self.batchOf(3, 10)))
        more = appendEntries(2, 12, 2)._replace(batch=self.batchOf(13, 1))
        self.assertRefused(1, more, "bytes of entries that are not committed")
        self.assertTaken(1, more._replace(leaderCommit=3))
        self.assertTaken(1, heartbeat(2, 13, 2)._replace(leaderCommit=13))
        self.assertTaken(1, appendEntries(2, 13, 2)._replace(batch=self.batchOf(14, 10)))

    def test_committedAsItComes(self) -> None:
        """
        A server that was away gets any amount that is committed.
        """
        for first in range(3, 60, 5):
            batch = self.batchOf(first, 5)
            self.assertTaken(1, appendEntries(2, first - 1, 2)._replace(batch=batch, leaderCommit=100))

    def test_atOnce(self) -> None:
        """
        One batch that is too large by itself is refused.
        """
        self.assertRefused(1, appendEntries(2, 2, 2)._replace(batch=self.batchOf(3, 11)), "not committed")

    def test_leader(self) -> None:
        """
        A leader that has found much in its log that may not be committed takes no more before it is, so that no log
        grows from leader to leader.
        """
        for inherited, isLaden in ((2 * (ENTRY_OVERHEAD + 3), False), (2 * (ENTRY_OVERHEAD + 3) - 1, True)):
            server = leader(1, 1, limits=RaftLimits(inheritedBytes=inherited))
            self.assertEqual(server.raft.isLaden, isLaden)
            server.pump()
            server.sync()
            server.receive(1, matched(server, 3))
            self.assertEqual(server.raft.commitIndex, 3)
            self.assertFalse(server.raft.isLaden)
        self.assertFalse(aServer(1, limits=RaftLimits(inheritedBytes=0)).raft.isLaden)
