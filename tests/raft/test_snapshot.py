"""
Snapshots: section 7 of the paper.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Batch, Entry
from replkv.raft.invariants import InvariantViolation
from replkv.raft.limits import RaftLimits
from replkv.raft.messages import AppendEntriesReply, InstallSnapshot, InstallSnapshotReply, Message
from replkv.raft.outputs import Fetch, Install, Persist, Send
from replkv.raft.progress import ProgressState
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, THREE, Server, entriesOf
from tests.raft.servers import (
    appendEntries,
    appends,
    aServer,
    candidate,
    heartbeat,
    leader,
    matched,
    rejected,
    streaming,
)


def offer(term: int, index: int, of: int, readRound: int = 0) -> InstallSnapshot:
    """
    A leader whose log begins after entry C{index} of term C{of} says so.
    """
    return InstallSnapshot(term=term, lastIncludedIndex=index, lastIncludedTerm=of, readRound=readRound)


def answer(server: Server, sends: list[Send]) -> Message:
    """
    What a follower answers when its disk is done.
    """
    [send] = sends or server.sync()
    return send.message


def offers(sends: list[Send], peer: int) -> list[InstallSnapshot]:
    """
    The InstallSnapshot among C{sends} for C{peer}.
    """
    return [send.message for send in sends if send.to == peer and isinstance(send.message, InstallSnapshot)]


def told(server: Server, matchIndex: int, readRound: int = 0) -> InstallSnapshotReply:
    """
    A follower's answer, in the term of the leader C{server}.
    """
    return InstallSnapshotReply(term=server.raft.currentTerm, matchIndex=matchIndex, readRound=readRound)


class FollowerTests(SynchronousTestCase):
    """
    A server that is told that it needs a snapshot, and gets one.
    """

    def test_wanted(self) -> None:
        """
        It wants one from the leader that told it so, again each time, and tells what it has.
        """
        server = aServer(1, 1)
        for _ in range(2):
            reply = answer(server, server.receive(1, offer(2, 5, 2, readRound=7)))
            self.assertEqual(reply, InstallSnapshotReply(term=2, matchIndex=0, readRound=7))
            self.assertEqual(server.fetches.pop(), Fetch(1, 5))
        self.assertEqual(server.raft.leaderId, 1)

    def test_notNeeded(self) -> None:
        """
        One whose log has what the leader's begins after needs none: all up to there is committed, and it says so as far
        as its disk has it.
        """
        server = aServer(1, 1, 1)
        server.receive(1, appendEntries(1, 3, 1, 1, 1))
        [send] = server.receive(1, offer(1, 4, 1))
        self.assertEqual(send.message, InstallSnapshotReply(term=1, matchIndex=3, readRound=0))
        self.assertEqual((server.fetches, server.raft.commitIndex), ([], 4))
        server.sync()
        [send] = server.receive(1, offer(1, 4, 1))
        self.assertEqual(send.message, InstallSnapshotReply(term=1, matchIndex=4, readRound=0))
        self.assertEqual(len(server.applied), 4)

    def test_oldLeader(self) -> None:
        """
        A leader of an earlier term is told of the later one, and of nothing else.
        """
        server = aServer(3)
        [send] = server.receive(1, offer(2, 5, 2, readRound=7))
        self.assertEqual(send.message, InstallSnapshotReply(term=3, matchIndex=0, readRound=0))
        self.assertEqual((server.fetches, server.raft.leaderId), ([], None))

    def test_heard(self) -> None:
        """
        It hears its leader by that, and asks for no election.
        """
        server = aServer(1)
        for _ in range(4 * ELECTION_TICKS // HEARTBEAT_TICKS):
            server.receive(1, offer(1, 5, 1))
            server.tick(HEARTBEAT_TICKS)
            self.assertEqual(server.raft.role.name, "follower")

    def test_replacesLog(self) -> None:
        """
        A log that lacks the snapshot's last entry, or has another in its place, goes as a whole, and what was still on
        its way to the disk counts for nothing.
        """
        for terms in ((1, 1), (1, 1, 1, 1, 1, 1)):
            server = aServer(*terms, currentTerm=2)
            server.receive(1, appendEntries(2, len(terms), terms[-1], 2))
            server.install(entriesOf(1, 1, 2, 2))
            self.assertEqual((server.terms, server.raft.log.firstIndex, server.raft.log.lastTerm), ([], 5, 2))
            self.assertEqual(server.disk.unsynced[-1], Install(2, 4, 2, False))
            server.sync(1)
            self.assertEqual(server.raft.log.stableIndex, 0)
            server.sync()
            self.assertEqual((server.raft.log.stableIndex, server.raft.commitIndex), (4, 4))
            self.assertEqual((server.disk.firstIndex, server.disk.prevTerm, server.disk.entries), (5, 2, []))

    def test_undoesNothing(self) -> None:
        """
        What is committed stays, though it is not applied yet: a snapshot that would put something else in its place is
        an invariant that breaks.
        """
        server = aServer(1, 1, 1, 1)
        server.raft.step(1, heartbeat(1, 4, 1)._replace(leaderCommit=4))
        self.assertEqual((server.raft.commitIndex, server.raft.lastApplied), (4, 0))
        self.assertRaises(InvariantViolation, server.raft.install, 3, 4, THREE)

    def test_keepsLog(self) -> None:
        """
        A log that has the snapshot's last entry stays, with all that comes after that: it was acknowledged. It is
        applied from there.
        """
        server = aServer(1, 1, 1, 1)
        server.install(entriesOf(1, 1))
        self.assertEqual(list(server.disk.unsynced), [Install(1, 2, 1, True)])
        server.sync()
        self.assertEqual((server.terms, server.raft.log.stableIndex, server.raft.commitIndex), ([1, 1, 1, 1], 4, 2))
        server.receive(1, appendEntries(1, 4, 1, leaderCommit=4))
        self.assertEqual(server.applied, entriesOf(1, 1, 1, 1))

    def test_voteBefore(self) -> None:
        """
        A term that began in the same turn goes to the disk by itself: an install does not take it there.
        """
        server = aServer(1)
        server.raft.step(1, appendEntries(2, 1, 1))
        self.assertTrue(server.raft.install(4, 2, THREE))
        server.pump()
        self.assertEqual(list(server.disk.unsynced), [Persist(1, 2, None, Batch(())), Install(2, 4, 2, False)])

    def test_termBefore(self) -> None:
        """
        A snapshot may end in a term of which this server has heard nothing, where another server than its leader gives
        it: that term has begun, and goes to the disk before the snapshot.
        """
        server = aServer(1)
        server.receive(1, heartbeat(2, 1, 1))
        server.sync()
        self.assertTrue(server.raft.install(4, 5, THREE))
        self.assertEqual((server.raft.currentTerm, server.raft.leaderId), (5, None))
        server.pump()
        self.assertEqual(list(server.disk.unsynced), [Persist(2, 5, None, Batch(())), Install(3, 4, 5, False)])

    def test_nothingAppliedBeforeSync(self) -> None:
        """
        Until the snapshot is in place, nothing is given out: there is no state machine that it could be applied to.
        """
        server = aServer(1, 1, 1, 1)
        server.install(entriesOf(1, 1))
        server.receive(1, appendEntries(1, 4, 1, leaderCommit=4))
        self.assertEqual(len(server.applied), 2)
        self.assertFalse(server.raft.hasMore())
        server.sync()
        self.assertEqual(len(server.applied), 4)

    def test_noElectionBeforeSync(self) -> None:
        """
        Nor does it stand for election: it could not serve.
        """
        server = aServer(1, 1, 1, 1)
        server.install(entriesOf(1, 1))
        server.tick(4 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "follower")
        server.sync()
        server.tick(2 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "pre-candidate")

    def test_tooLate(self) -> None:
        """
        What has no more than is applied already is not wanted.
        """
        server = aServer(1, 1, 1)
        server.receive(1, appendEntries(1, 3, 1, leaderCommit=3))
        self.assertFalse(server.raft.install(3, 1, THREE))
        self.assertFalse(server.raft.install(2, 1, THREE))
        self.assertTrue(server.raft.install(4, 1, THREE))

    def test_onlyAsFollower(self) -> None:
        """
        Who stands for election or leads takes none.
        """
        for server in (candidate(1), leader(1)):
            self.assertFalse(server.raft.install(9, 1, THREE))

    def test_restart(self) -> None:
        """
        The log begins after the snapshot in the next run too, and tells the term before it.
        """
        server = aServer(1)
        server.install(entriesOf(1, 1, 2))
        server.sync()
        server.restart()
        self.assertEqual((server.raft.log.firstIndex, server.raft.log.lastTerm), (4, 2))
        server.receive(1, appendEntries(2, 3, 2, 2))
        self.assertEqual(answer(server, []), matchedBy(4))

    def test_beforeTheLog(self) -> None:
        """
        Entries that the log has no more are committed, so the leader has them too: it is told to go on after what is
        committed. Nothing of the message is taken.
        """
        server = aServer(1, 1, 1, 1, 1)
        server.receive(1, appendEntries(1, 5, 1, leaderCommit=4))
        server.compact(4)
        for message in (heartbeat(1, 2, 1), appendEntries(1, 1, 1, 1, 1, 1, 1, 1, 1)):
            [send] = server.receive(1, message)
            expected = AppendEntriesReply.accepted(term=1, matchIndex=4, prevLogIndex=message.prevLogIndex)
            self.assertEqual(send.message, expected)
        self.assertEqual(server.terms, [1])


def matchedBy(matchIndex: int) -> AppendEntriesReply:
    """
    A success in term 2, of entries behind entry 3.
    """
    return AppendEntriesReply.accepted(term=2, matchIndex=matchIndex, prevLogIndex=3)


class LeaderTests(SynchronousTestCase):
    """
    A leader whose log begins after what a peer lacks.
    """

    def compacted(self) -> Server:
        """
        A leader of term 2 with five entries, of which its log forgets the first four; peer 1 has acknowledged them all,
        and peer 2 its entry 1.
        """
        server = leader(1, 1, 1, 1)
        server.pump()
        server.sync()
        server.receive(1, matched(server, 5))
        server.receive(2, matched(server, 1))
        server.compact(4)
        return server

    def test_offered(self) -> None:
        """
        A peer that answers that it lacks what the log forgets is told so at once, and again at each heartbeat, and is
        sent no entries.
        """
        server = leader(1, 1, 1, 1)
        server.pump()
        server.sync()
        server.receive(1, matched(server, 5))
        server.compact(4)
        sends = server.receive(2, rejected(server, 4, 2))
        self.assertEqual(offers(sends, 2), [offer(2, 4, 1)])
        for _ in range(3):
            sends = server.tick(HEARTBEAT_TICKS)
            self.assertEqual((offers(sends, 2), appends(sends, 2)), ([offer(2, 4, 1)], []))
        self.assertIs(server.raft.status.progress[2].state, ProgressState.SNAPSHOT)

    def test_laggingPeer(self) -> None:
        """
        A peer that entries were sent to, and that has not acknowledged what the log forgets, gets no snapshot for that:
        they are on their way.
        """
        server = self.compacted()
        sends = server.tick(HEARTBEAT_TICKS)
        self.assertEqual((offers(sends, 2), len(appends(sends, 2))), ([], 1))

    def test_lostEntries(self) -> None:
        """
        If they are lost, it does.
        """
        server = self.compacted()
        server.raft.unreachable(2)
        server.pump()
        sends = server.tick(HEARTBEAT_TICKS)
        # The probe is right before the log.
        [probe] = appends(sends, 2)
        self.assertEqual(probe.prevLogIndex, 5)
        sends = server.receive(2, rejected(server, 5, 2))
        self.assertEqual(offers(sends, 2), [offer(2, 4, 1)])

    def test_unreachable(self) -> None:
        """
        While a peer cannot be reached, it is told once at each heartbeat.
        """
        server = self.compacted()
        server.receive(2, rejected(server, 5, 2))
        server.raft.unreachable(2)
        self.assertEqual(offers(server.pump(), 2), [])
        self.assertEqual(len(offers(server.tick(HEARTBEAT_TICKS), 2)), 1)

    def test_goesOn(self) -> None:
        """
        When the peer's disk has the snapshot, the leader streams from there.
        """
        server = self.compacted()
        server.receive(2, rejected(server, 5, 2))
        self.assertEqual(appends(server.receive(2, told(server, 1)), 2), [])
        [message] = appends(server.receive(2, told(server, 4)), 2)
        self.assertEqual((message.prevLogIndex, message.batch.entries), (4, (Entry(5, 2, b""),)))
        self.assertIs(server.raft.status.progress[2].state, ProgressState.REPLICATE)
        self.assertEqual(server.raft.status.progress[2].matchIndex, 4)

    def test_beyondTheLog(self) -> None:
        """
        What a snapshot has beyond the beginning of the log is not sent again.
        """
        server = self.compacted()
        server.receive(2, rejected(server, 5, 2))
        self.assertEqual(appends(server.receive(2, told(server, 5)), 2), [])
        self.assertEqual(server.raft.status.progress[2].nextIndex, 6)

    def test_oldRejection(self) -> None:
        """
        A rejection that comes late, or twice, changes nothing.
        """
        server = self.compacted()
        server.receive(2, rejected(server, 5, 3))
        before = server.raft.status.progress[2].nextIndex
        server.receive(2, rejected(server, 5, 2))
        self.assertEqual(server.raft.status.progress[2].nextIndex, before)

    def test_counts(self) -> None:
        """
        Its answers confirm reads, and that the leader has a majority.
        """
        server = self.compacted()
        server.receive(2, rejected(server, 5, 2))
        server.raft.read("read")
        [message] = offers(server.tick(HEARTBEAT_TICKS), 2)
        server.receive(2, told(server, 1, message.readRound))
        self.assertEqual(server.answeredReads, ["read"])
        for _ in range(4 * ELECTION_TICKS // HEARTBEAT_TICKS):
            server.tick(HEARTBEAT_TICKS)
            server.receive(2, told(server, 1))
            self.assertTrue(server.leads)

    def test_laterTerm(self) -> None:
        """
        An answer of a later term deposes it.
        """
        server = self.compacted()
        server.receive(2, InstallSnapshotReply(term=9, matchIndex=0, readRound=0))
        self.assertFalse(server.leads)
        self.assertEqual(server.raft.currentTerm, 9)

    def test_loadedTooLate(self) -> None:
        """
        Entries that were read for a peer are of no use when the log has forgotten what comes before them.
        """
        server = leader(1, 1, 1, 1, limits=RaftLimits(cacheBytes=0))
        server.pump()
        server.sync()
        server.receive(1, matched(server, 5))
        server.receive(2, rejected(server, 4, 2))
        server.receive(2, matched(server, 1))
        [load] = server.loads
        server.compact(4)
        server.raft.loaded(load, Batch(entriesOf(1, 1, 1)[1:]))
        sends = server.pump()
        self.assertEqual((appends(sends, 2), offers(sends, 2)), ([], []))
        self.assertEqual(len(offers(server.tick(HEARTBEAT_TICKS), 2)), 1)


class DistrustTests(SynchronousTestCase):
    """
    A server whose state machine is not what it should be.
    """

    def test_leader(self) -> None:
        """
        A leader leads no longer, and does not stand again.
        """
        server = streaming(1)
        server.raft.distrust()
        server.tick(4 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "follower")

    def test_follower(self) -> None:
        """
        A follower acknowledges entries, and applies none; it wants a snapshot, until it has one.
        """
        server = aServer(1, 1)
        server.raft.distrust()
        server.receive(1, appendEntries(1, 2, 1, 1, leaderCommit=3))
        [send] = server.sync()
        self.assertEqual(send.message, AppendEntriesReply.accepted(term=1, matchIndex=3, prevLogIndex=2))
        self.assertEqual((server.applied, server.fetches), ([], [Fetch(1, 0)]))
        server.install(entriesOf(1, 1))
        server.sync()
        self.assertEqual(len(server.applied), 3)
        server.receive(1, heartbeat(1, 3, 1))
        self.assertEqual(len(server.fetches), 1)

    def test_goesBack(self) -> None:
        """
        A snapshot may have less than was applied; but not less than what comes before the entries in memory.
        """
        server = aServer(1, 1, 1, 1)
        server.receive(1, appendEntries(1, 4, 1, leaderCommit=4))
        server.compact(2)
        server.raft.distrust()
        self.assertFalse(server.raft.install(1, 1, THREE))
        server.install(entriesOf(1, 1, 1))
        self.assertEqual(server.raft.lastApplied, 3)
        server.sync()
        self.assertEqual(server.applied, entriesOf(1, 1, 1, 1))
