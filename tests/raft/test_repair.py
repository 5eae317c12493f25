"""
Logs that have lost entries: L{replkv.raft.repair}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.messages import AppendEntriesReply, RequestVote, RequestVoteReply, TimeoutNow
from replkv.raft.outputs import Fetch
from replkv.raft.repair import Repair
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, Server, entriesOf
from tests.raft.servers import appendEntries, appends, aServer, heartbeat, matched, rejected, streaming

HAD = Repair(4, 2)


def repairing(*terms: int, currentTerm: int = 2, had: Repair = HAD) -> Server:
    """
    A server that is left with a log of C{terms}.
    """
    server = aServer(*terms, currentTerm=currentTerm)
    server.disk.repair = had
    server.restart()
    return server


def vote(server: Server, term: int, preVote: bool = False) -> bool:
    """
    Whether a server votes for another one, whose log is as up-to-date as any.
    """
    request = RequestVote(term=term, lastLogIndex=99, lastLogTerm=term - 1, preVote=preVote, handOver=True)
    [send] = server.receive(2, request) or server.sync()
    assert isinstance(send.message, RequestVoteReply)
    return send.message.granted


class RepairTests(SynchronousTestCase):
    """
    Tests for L{Repair}.
    """

    def test_isOver(self) -> None:
        """
        It is over when the logs match as far as this one went, or up to an entry of a later term.
        """
        over = [(index, term) for index in (3, 4, 5) for term in (1, 2, 3) if HAD.isOver(index, term)]
        self.assertEqual(over, [(3, 3), (4, 1), (4, 2), (4, 3), (5, 1), (5, 2), (5, 3)])

    def test_joined(self) -> None:
        """
        A log that loses entries again must have all that it ever had.
        """
        self.assertEqual(HAD.joined(None), HAD)
        self.assertEqual(HAD.joined(Repair(7, 1)), Repair(7, 2))
        self.assertEqual(HAD.joined(Repair(3, 5)), Repair(4, 5))


class FollowerTests(SynchronousTestCase):
    """
    Tests for the server whose log it is.
    """

    def test_noVote(self) -> None:
        """
        It gives no vote, not even one that promises nothing, but takes note of the term.
        """
        server = repairing(1, 2)
        self.assertFalse(vote(server, 5, preVote=True))
        self.assertFalse(vote(server, 5))
        self.assertEqual((server.raft.currentTerm, server.raft.votedFor), (5, None))

    def test_noElection(self) -> None:
        """
        It stands for no election, neither by itself nor since the leader wants it.
        """
        server = repairing(1, 2)
        self.assertEqual(server.tick(4 * ELECTION_TICKS), [])
        server.receive(1, heartbeat(2))
        server.receive(1, TimeoutNow(term=2))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("follower", 2))

    def test_acknowledges(self) -> None:
        """
        It acknowledges what it has, and applies what is committed. When that is as much as it had, it votes again.
        """
        server = repairing(1, 2)
        self.assertEqual(server.receive(1, appendEntries(2, 2, 2, 2, leaderCommit=3)), [])
        [send] = server.sync()
        assert isinstance(send.message, AppendEntriesReply)
        self.assertEqual((send.message.success, send.message.matchIndex), (True, 3))
        self.assertEqual(len(server.applied), 3)
        self.assertTrue(server.raft.isRepairing)
        server.receive(1, appendEntries(2, 3, 2, 2))
        self.assertTrue(server.raft.isRepairing)
        server.sync()
        self.assertFalse(server.raft.isRepairing)
        self.assertTrue(vote(server, 5))

    def test_replacedBeforeSync(self) -> None:
        """
        What is replaced before it is on the disk was not matched: the log has to match the next leader's.
        """
        server = repairing(1, 2)
        server.receive(1, appendEntries(2, 2, 2, 2, 2))
        server.receive(2, appendEntries(3, 1, 1, 1))
        server.sync()
        self.assertTrue(server.raft.isRepairing)
        server.receive(2, appendEntries(3, 2, 1, 3))
        server.sync()
        self.assertFalse(server.raft.isRepairing)

    def test_streaming(self) -> None:
        """
        It is over though entries come all the time, of which the disk never has the last.
        """
        server = repairing(1, 2)
        for index in range(2, 8):
            server.receive(1, appendEntries(2, index, 2, 2))
            if index > 2:
                server.sync(1)
        self.assertFalse(server.raft.isRepairing)

    def test_laterTerm(self) -> None:
        """
        A leader whose log is shorter has an entry of a later term in it, behind all that was ever committed.
        """
        server = repairing(1, 2)
        server.receive(1, appendEntries(3, 2, 2, 3))
        server.sync()
        self.assertFalse(server.raft.isRepairing)

    def test_notTheEndOfTheLog(self) -> None:
        """
        What lies behind the entries that the leader has sent may differ from what the leader has.
        """
        server = repairing(1, 2, 2, had=Repair(3, 2))
        server.receive(1, heartbeat(2, 2, 2))
        self.assertTrue(server.raft.isRepairing)
        server.receive(1, heartbeat(2, 3, 2))
        self.assertFalse(server.raft.isRepairing)

    def test_snapshot(self) -> None:
        """
        A snapshot repairs it too, when it is in place.
        """
        server = repairing(1)
        server.install(entriesOf(1, 2, 2, 2, 2))
        self.assertTrue(server.raft.isRepairing)
        server.sync()
        self.assertFalse(server.raft.isRepairing)

    def test_shortSnapshot(self) -> None:
        """
        One that has less than the log had does not.
        """
        server = repairing(1)
        server.install(entriesOf(1, 2, 2))
        server.sync()
        self.assertTrue(server.raft.isRepairing)

    def test_wrongState(self) -> None:
        """
        It can get a snapshot for a state that is wrong beside that.
        """
        server = repairing(1, 2)
        server.raft.distrust()
        server.receive(1, heartbeat(2, 2, 2))
        self.assertEqual(server.fetches, [Fetch(1, 0)])
        server.install(entriesOf(1, 2, 2, 2))
        server.sync()
        self.assertFalse(server.raft.isRepairing or server.raft.isDistrusted)

    def test_says(self) -> None:
        """
        It says so where the logs do not match, and not any more when it is over.
        """
        server = repairing(1, 2)
        [send] = server.receive(1, heartbeat(2, 4, 2))
        assert isinstance(send.message, AppendEntriesReply)
        self.assertEqual((send.message.success, send.message.conflictIndex, send.message.lostIndex), (False, 3, 4))
        server.receive(1, appendEntries(2, 2, 2, 2, 2))
        server.sync()
        [send] = server.receive(1, heartbeat(2, 9, 2))
        assert isinstance(send.message, AppendEntriesReply)
        self.assertEqual(send.message.lostIndex, 0)


class LeaderTests(SynchronousTestCase):
    """
    Tests for the leader to which that server had acknowledged entries.
    """

    def setUp(self) -> None:
        """
        Both peers have all of a log of three entries, and the connection to one of them is lost.
        """
        self.server = streaming(1, 1)
        for peer in (1, 2):
            self.server.receive(peer, matched(self.server, 3))
        self.server.raft.unreachable(1)
        [probe] = appends(self.server.tick(HEARTBEAT_TICKS), 1)
        self.assertEqual(probe.prevLogIndex, 3)

    def test_goesBack(self) -> None:
        """
        It takes back what it knew of the peer, and sends that the entries again. What is committed stays so.
        """
        lost = rejected(self.server, 3, 2)._replace(lostIndex=3)
        [probe] = appends(self.server.receive(1, lost), 1)
        self.assertEqual(probe.prevLogIndex, 1)
        self.assertEqual(self.server.regressed, [])
        self.assertEqual(self.server.raft.status.progress[1].matchIndex, 0)
        self.assertEqual(self.server.raft.commitIndex, 3)
        [message] = appends(self.server.receive(1, matched(self.server, 1)), 1)
        self.assertEqual([entry.index for entry in message.batch.entries], [2, 3])

    def test_lateAnswer(self) -> None:
        """
        An answer from before the loss may come behind the word of it; the next rejection says it again.
        """
        lost = rejected(self.server, 3, 2)._replace(lostIndex=3)
        self.server.receive(1, lost)
        self.server.receive(1, matched(self.server, 3))
        self.assertEqual(self.server.raft.status.progress[1].matchIndex, 3)
        [probe] = appends(self.server.receive(1, lost), 1)
        self.assertEqual(probe.prevLogIndex, 1)
        self.assertEqual(self.server.regressed, [])

    def test_lostMore(self) -> None:
        """
        A peer that lacks more than it knows to have lost is not what it was.
        """
        self.server.receive(1, rejected(self.server, 3, 2)._replace(lostIndex=2))
        self.assertEqual(self.server.regressed, [1])
