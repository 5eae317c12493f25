"""
Tests for when entries are given out to be applied: a follower lets some wait for others, for nobody waits for it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.config import RaftConfig
from replkv.raft.limits import RaftLimits
from replkv.raft.messages import RequestVoteReply, TimeoutNow
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, Disk, Server, entriesOf
from tests.raft.servers import appendEntries, heartbeat, matched

LIMITS = RaftLimits(patientEntries=5, readyEntries=3)


class ApplyingTests(SynchronousTestCase):
    """
    Tests for a server that waits for two ticks, or until it has five entries to apply, and is given three at once.
    """

    def setUp(self) -> None:
        """
        It follows server 1.
        """
        config = RaftConfig(0, ELECTION_TICKS, HEARTBEAT_TICKS, applyTicks=2, limits=LIMITS)
        self.server = Server(config, Disk(entriesOf(), 1))

    def take(self, count: int) -> None:
        """
        Have it take that many entries, which are committed, and sync them.
        """
        before = self.server.raft.log.lastIndex
        self.server.receive(1, appendEntries(1, before, 1 if before else 0, *[1] * count, leaderCommit=before + count))
        self.server.sync()

    def pumpAll(self) -> int:
        """
        Have it do what it has to do at once.

        @return: how many entries it has applied by then.
        """
        self.server.pump()
        while self.server.raft.hasMore():
            self.server.pump()
        return len(self.server.applied)

    def test_waits(self) -> None:
        """
        They wait for so many ticks since the first of them came, and are then applied, however many turns it takes. The
        next ones wait again.
        """
        self.take(2)
        self.assertEqual((self.pumpAll(), self.server.raft.restTicks), (0, 1))
        self.server.tick()
        self.take(2)
        self.assertEqual(self.pumpAll(), 0)
        self.server.raft.tick()
        self.assertTrue(self.server.raft.hasMore())
        self.assertEqual((self.pumpAll(), self.server.raft.hasMore()), (4, False))
        self.assertGreater(self.server.raft.restTicks, 1)
        self.take(1)
        self.server.tick()
        self.assertEqual(self.pumpAll(), 4)
        self.server.tick()
        self.assertEqual(self.pumpAll(), 5)

    def test_many(self) -> None:
        """
        Where they are many, they are applied at once.
        """
        self.take(4)
        self.assertEqual(self.pumpAll(), 0)
        self.take(1)
        self.assertEqual(self.pumpAll(), 3)
        self.server.tick(2)
        self.assertEqual(self.pumpAll(), 5)

    def test_notCommitted(self) -> None:
        """
        What is not committed, or not on the disk, has not begun to wait.
        """
        self.server.receive(1, appendEntries(1, 0, 0, 1, 1))
        self.server.tick(3)
        self.server.receive(1, heartbeat(1, 2, 1)._replace(leaderCommit=2))
        self.server.tick(3)
        self.server.sync()
        self.assertEqual(self.pumpAll(), 0)
        self.server.tick()
        self.assertEqual(self.pumpAll(), 0)
        self.server.tick()
        self.assertEqual(self.pumpAll(), 2)

    def test_leader(self) -> None:
        """
        Who stands for election has what waits applied at once; and so has a leader all that is committed.
        """
        self.take(2)
        self.assertEqual(self.pumpAll(), 0)
        self.server.receive(1, TimeoutNow(term=1))
        self.assertEqual(len(self.server.applied), 2)
        self.server.sync()
        self.server.receive(1, RequestVoteReply(term=2, granted=True, preVote=False))
        self.assertTrue(self.server.leads)
        self.server.sync()
        self.server.receive(1, matched(self.server, 3))
        self.assertEqual(len(self.server.applied), 3)
