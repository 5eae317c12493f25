"""
CheckQuorum: a leader that has lost its majority steps down (section 6.2 of Ongaro's thesis).
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.core import NotLeader
from replkv.raft.limits import RAFT_LIMITS
from replkv.raft.messages import AppendEntriesReply
from replkv.raft.outputs import DiskTrouble
from tests.raft.network import ELECTION_TICKS, Network
from tests.raft.servers import leader, matched, rejected, streaming

DISK_PATIENCE = RAFT_LIMITS.diskPatience


class CheckQuorumTests(SynchronousTestCase):
    """
    How long a leader leads.
    """

    def test_stepsDown(self) -> None:
        """
        A leader of which a majority has not answered for an election timeout steps down, in its own term, and knows
        no leader.
        """
        for members, answers in ((2, 0), (3, 0), (4, 1), (5, 1)):
            server = streaming(members=members)
            server.tick(ELECTION_TICKS)
            for peer in range(1, answers + 1):
                server.receive(peer, matched(server, 1))
            server.tick(ELECTION_TICKS)
            self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("follower", 1), f"{members} servers")
            self.assertIsNone(server.raft.leaderId)
            self.assertRaises(NotLeader, server.raft.propose, b"x")

    def test_keepsItsVote(self) -> None:
        """
        Stepping down within a term does not free the vote of that term.
        """
        server = leader()
        server.tick(ELECTION_TICKS)
        self.assertEqual((server.raft.role.name, server.raft.votedFor), ("follower", 0))

    def test_leadsOnWithMajority(self) -> None:
        """
        A leader goes on as long as just a majority answers, whatever the answers say.
        """
        for members, answers in ((2, 1), (3, 1), (4, 2), (5, 2)):
            server = streaming(members=members)
            for turn in range(20):
                server.tick(ELECTION_TICKS)
                for peer in range(1, answers + 1):
                    server.receive(peer, rejected(server, 9, 1) if turn % 2 else matched(server, 1))
            self.assertTrue(server.leads, f"{members} servers")

    def test_repliesOfOldTermDoNotCount(self) -> None:
        """
        Answers to an earlier term's leader do not keep one in office.
        """
        server = streaming(1)
        for _ in range(2 * ELECTION_TICKS):
            server.tick()
            server.receive(1, AppendEntriesReply.accepted(term=1, matchIndex=1, prevLogIndex=0))
        self.assertFalse(server.leads)

    def test_singleServer(self) -> None:
        """
        A server alone is its own majority.
        """
        server = leader(members=1)
        server.tick(10 * ELECTION_TICKS)
        self.assertTrue(server.leads)

    def test_cutOffLeader(self) -> None:
        """
        A leader on the wrong side of a partition steps down, the others elect a new one, and when they meet again
        the old one follows, and its unreplicated entry is gone.
        """
        network = Network.fresh(5)
        old = network.elect(0)
        network.tick(2)
        network.partition((0, 1), (2, 3, 4))
        network.propose(0, b"lost")
        network.settle()
        network.tick(4 * ELECTION_TICKS)
        self.assertFalse(old.leads)
        [new] = [server for server in network.servers if server.leads]
        self.assertIn(new.config.id, (2, 3, 4))
        network.heal()
        network.tick(2 * ELECTION_TICKS)
        self.assertTrue(new.leads)
        self.assertEqual(old.raft.leaderId, new.config.id)
        self.assertEqual(old.disk.entries, new.disk.entries)
        self.assertNotIn(b"lost", [entry.data for entry in old.applied])


class HangingDiskTests(SynchronousTestCase):
    """
    A leader's own disk need not be in the majority; but what it lacks, the leader cannot apply.
    """

    def test_stepsDown(self) -> None:
        """
        A leader whose disk has been at one write for too long leads no longer, though all others answer; nor does it
        stand for election before the disk has finished.
        """
        server = streaming(members=3)
        server.raft.propose(b"x")
        server.raft.ready()
        for _ in range(DISK_PATIENCE):
            self.assertTrue(server.leads)
            for peer in (1, 2):
                server.receive(peer, matched(server, 1))
            server.tick(ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "follower")
        server.tick(3 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "follower")

    def test_reason(self) -> None:
        """
        It says that it steps down for its disk; but not where the others do not answer either.
        """
        for answered, trouble in ((DISK_PATIENCE, DiskTrouble.HANGS), (DISK_PATIENCE - 1, None)):
            server = streaming(members=3)
            server.raft.propose(b"x")
            server.raft.ready()
            for turn in range(DISK_PATIENCE):
                if turn < answered:
                    server.receive(1, matched(server, 1))
                server.tick(ELECTION_TICKS - 1)
                self.assertTrue(server.leads)
                server.raft.tick()
            ready = server.raft.ready()
            self.assertFalse(server.leads)
            self.assertIs(ready.diskTrouble, trouble)

    def test_slowIsNotHanging(self) -> None:
        """
        A disk that finishes something now and then does not hang.
        """
        server = streaming(members=3)
        for _ in range(3):
            server.raft.propose(b"x")
            seq = server.raft.ready().persists[-1].seq
            for _ in range(DISK_PATIENCE - 1):
                for peer in (1, 2):
                    server.receive(peer, matched(server, 1))
                server.tick(ELECTION_TICKS)
            server.raft.persisted(seq)
        self.assertTrue(server.leads)
