"""
Tests for members that come and go, as the node has them: what operators are told, and what follows.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.extras import Transfer
from replkv.commands.members import MemberReplace
from replkv.peers.receiver import Timed
from replkv.raft.messages import RequestVote, RequestVoteReply
from tests.node.cluster import Client, Cluster
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
