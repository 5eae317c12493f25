"""
Tests for members that come and go, as the node has them: what operators are told, and what follows.
"""

from __future__ import annotations

from replkv.commands.extras import Transfer
from replkv.commands.members import MemberReplace
from tests.node.cluster import Client
from tests.node.leading import LeaderTests


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
