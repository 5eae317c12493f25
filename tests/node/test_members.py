"""
Tests for members that come and go, as the node has them: what operators are told, and what follows.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv import exits
from replkv.commands.extras import Transfer
from replkv.commands.members import MemberRemove, MemberReplace
from replkv.commands.results import Done, Redirected, Stored
from replkv.peers.receiver import Timed
from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.testing import SimulatedCluster
from tests.logged import logged
from tests.node.cluster import Client, Cluster, valueAt
from tests.node.leading import LeaderTests


class MeetingTests(SynchronousTestCase):
    """
    A new cluster, whose servers know nothing of each other.
    """

    def setUp(self) -> None:
        """
        Only server 0 is started.
        """
        self.cluster = Cluster(3, started=[0])
        self.addCleanup(self.cluster.close)
        self.cluster.settle()

    def ask(self, term: int) -> RequestVoteReply:
        """
        Ask it for its vote.
        """
        request = RequestVote(term=term, lastLogIndex=0, lastLogTerm=0, preVote=False)
        answer = self.cluster.servers[0].node.requested(1, Timed(request, 0))
        self.cluster.settle()
        reply = self.successResultOf(answer).message
        assert isinstance(reply, RequestVoteReply)
        return reply

    def test_votes(self) -> None:
        """
        It gives no vote, and begins no term, before a majority knows its data folder: it may have lost one in which it
        had voted.
        """
        raft = self.cluster.servers[0].raft
        self.assertEqual(self.ask(7), RequestVoteReply(term=0, granted=False, preVote=False))
        self.assertEqual((raft.currentTerm, raft.votedFor), (0, None))
        self.cluster.servers[1].start()
        self.cluster.leader()


class RemovedTests(LeaderTests):
    """
    A server is removed.
    """

    def setUp(self) -> None:
        """
        The members are named, and all is at rest.
        """
        super().setUp()
        self.cluster.run(0.5)
        self.lines = logged(self)
        # To the simulation, servers are members for ever.
        self.patch(SimulatedCluster, "fail", lambda cluster, what: None)

    def test_leader(self) -> None:
        """
        A leader that is removed says that this is done, hands over, and ends; what its clients have asked meanwhile is
        done, or they are sent to its successor.
        """
        removed = self.client.ask(MemberRemove(0, False))
        write = self.client.set(b"k", b"v")
        self.cluster.until(lambda: not self.leader.leads, "it leads no longer")
        later = self.client.get(b"k")
        self.cluster.until(lambda: not self.leader.isServing, "it is gone")
        self.assertEqual((removed.result, self.leader.status), (Done(), exits.NONE))
        self.assertIsInstance(write.result, Stored)
        self.assertIsInstance(later.result, Redirected)
        successor = self.cluster.leader()
        self.assertEqual(successor.raft.configuration.ids, (1, 2))
        self.assertEqual(valueAt(successor, b"k"), b"v")

    def test_leaderAlone(self) -> None:
        """
        Until it is committed that it goes, it stays, and leads.
        """
        self.cluster.hold(self.followers[1:])
        removed = self.client.ask(MemberRemove(0, False))
        self.cluster.run(0.2)
        self.assertEqual((removed.result, self.leader.leads), (None, True))
        self.cluster.hold(self.followers[1:], False)
        self.cluster.until(lambda: not self.leader.isServing, "it is gone")
        self.assertEqual(removed.result, Done())

    def test_follower(self) -> None:
        """
        Another one stays; it learns that it is no member when it asks for a vote, and sends its clients to the others.
        Nobody votes for it.
        """
        gone = self.followers[1]
        removed = self.client.ask(MemberRemove(2, False))
        self.cluster.until(lambda: gone.node._roster.standing == "waiting", "it knows that it is no member")
        self.assertEqual(removed.result, Done())
        self.assertIsInstance(Client(gone).get(b"k").result, Redirected)
        self.assertTrue(self.leader.leads and gone.isServing)
        told = "this server waits, since it is not let in: server 2 is no member of the cluster 'simulated' any more"
        self.assertIn(told, "".join(self.lines))


class ReplacedTests(LeaderTests):
    """
    A server that is replaced while it is there.
    """

    def test_lateAnswer(self) -> None:
        """
        What its old folder has answered does not count for the new one, be it the first thing that the leader hears.
        """
        self.cluster.run(0.5)
        replaced, leader = self.followers[1], self.followers[0]
        self.cluster.hold([replaced])
        self.client.ask(Transfer(1))
        self.cluster.run(0.3)
        self.assertTrue(leader.leads)
        self.cluster.hold([self.leader, leader])
        Client(leader).ask(MemberReplace(2, force=True))
        self.cluster.hold([replaced], False)
        self.cluster.settle()
        progress = leader.raft.progressOf(2)
        assert progress is not None
        self.assertEqual((leader.raft.configuration.voters, progress.matchIndex), ((0, 1), 0))
