"""
Commitment: sections 5.3 and 5.4.2 of the Raft paper.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.core import NotLeader
from replkv.raft.invariants import InvariantViolation
from replkv.raft.limits import RaftLimits
from replkv.raft.messages import AppendEntries, RequestVoteReply
from tests.raft.network import HEARTBEAT_TICKS, Disk, Network, entriesOf
from tests.raft.servers import appendEntries, appends, aServer, leader, matched, streaming


class LeaderTests(SynchronousTestCase):
    """
    What a leader commits.
    """

    def test_givenOutWhenTheLastIsDone(self) -> None:
        """
        Nothing is given out to be applied while what was given out before is not done.
        """
        server = leader(members=1)
        server.raft.propose(b"x")
        server.raft.persisted(server.raft.ready().persists[-1].seq)
        self.assertEqual(server.raft.ready(mayApply=False).entries, [])
        self.assertEqual([entry.data for entry in server.raft.ready().entries][-1:], [b"x"])

    def test_majorityOfDisks(self) -> None:
        """
        An entry is committed when a majority of all servers has it on disk, and not before (section 5.3).
        """
        for members, answers in ((2, 1), (3, 1), (4, 2), (5, 2), (7, 3)):
            server = leader(members=members)
            server.pump()
            server.sync()
            for peer in range(1, answers + 1):
                self.assertEqual(server.raft.commitIndex, 0, f"{members} servers, answer {peer}")
                server.receive(peer, matched(server, 1))
            self.assertEqual(server.raft.commitIndex, 1, f"{members} servers")

    def test_ownDiskCountsWhenSynced(self) -> None:
        """
        The leader's disk counts like any other: not before it is synced, and not at all where others are enough
        (thesis, section 10.2.1).
        """
        server = streaming()
        server.raft.propose(b"x")
        server.pump()
        server.receive(1, matched(server, 2))
        self.assertEqual(server.raft.commitIndex, 1)
        server.sync()
        self.assertEqual(server.raft.commitIndex, 2)
        server.raft.propose(b"y")
        server.pump()
        server.receive(1, matched(server, 3))
        server.receive(2, matched(server, 3))
        self.assertEqual(server.raft.commitIndex, 3)

    def test_singleServer(self) -> None:
        """
        A server alone commits what is on its disk.
        """
        server = leader(members=1)
        server.raft.propose(b"x")
        server.pump()
        self.assertEqual(server.raft.commitIndex, 0)
        server.sync()
        self.assertEqual((server.raft.commitIndex, [entry.data for entry in server.applied]), (2, [b"", b"x"]))

    def test_answerOfOneServerCountsOnce(self) -> None:
        """
        However often one of five servers answers, it is one.
        """
        server = streaming(members=5)
        server.raft.propose(b"x")
        server.pump()
        server.sync()
        for _ in range(5):
            server.receive(1, matched(server, 2))
        self.assertEqual(server.raft.commitIndex, 0)

    def test_oldTermsAreNotCounted(self) -> None:
        """
        Entries of older terms are not committed by being counted, but together with one of the current term
        (section 5.4.2).
        """
        server = leader(1, 2, 2)
        server.pump()
        server.sync()
        for peer in (1, 2):
            server.receive(peer, matched(server, 3))
        self.assertEqual((server.raft.commitIndex, server.applied), (0, []))
        server.receive(1, matched(server, 4))
        self.assertEqual(server.raft.commitIndex, 4)
        self.assertEqual([entry.term for entry in server.applied], [1, 2, 2, 3])

    def test_noop(self) -> None:
        """
        A leader opens its term with a no-op, so that entries of older terms are committed without anyone's writing
        (section 8).
        """
        network = Network(*(Disk(entriesOf(1, 2)) for _ in range(3)))
        network.elect(0)
        network.tick(HEARTBEAT_TICKS)
        for server in network.servers:
            self.assertEqual(server.terms, [1, 2, 3])
            self.assertEqual(server.raft.commitIndex, 3)
            self.assertEqual(server.applied[-1].data, b"")

    def test_notLeader(self) -> None:
        """
        A server that does not lead takes nothing.
        """
        server = aServer(1)
        self.assertRaises(NotLeader, server.raft.propose, b"x")
        self.assertEqual(server.terms, [1])

    def test_toldToFollowers(self) -> None:
        """
        The next message tells followers what is committed (section 5.3).
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        [heartbeat] = appends(server.tick(HEARTBEAT_TICKS), 1)
        self.assertEqual(heartbeat.leaderCommit, 1)


class FollowerTests(SynchronousTestCase):
    """
    What a follower takes for committed.
    """

    def test_limitedToWhatIsVerified(self) -> None:
        """
        A follower's commitIndex goes no further than what the message has verified: entries of its own behind that
        may not be the leader's (figure 2, "AppendEntries RPC", 5).
        """
        server = aServer(1, 1, 1)
        server.receive(1, appendEntries(2, 1, 1, leaderCommit=3))
        self.assertEqual((server.raft.commitIndex, len(server.applied)), (1, 1))
        server.receive(1, appendEntries(2, 1, 1, 2, leaderCommit=3))
        self.assertEqual(server.raft.commitIndex, 2)
        server.sync()
        self.assertEqual([entry.term for entry in server.applied], [1, 2])

    def test_notFromRejectedMessage(self) -> None:
        """
        A message whose consistency check fails commits nothing.
        """
        server = aServer(1, 1)
        server.receive(1, appendEntries(3, 2, 2, leaderCommit=2))
        self.assertEqual(server.raft.commitIndex, 0)

    def test_neverBack(self) -> None:
        """
        An older message, or a leader that does not know yet, does not take a commitment back.
        """
        server = aServer(1, 1, 1)
        server.receive(1, appendEntries(1, 3, 1, leaderCommit=3))
        server.receive(1, appendEntries(1, 1, 1, leaderCommit=1))
        server.receive(2, appendEntries(2, 3, 1, leaderCommit=0))
        self.assertEqual((server.raft.commitIndex, len(server.applied)), (3, 3))

    def test_committedIsNeverRemoved(self) -> None:
        """
        A message that would remove a committed entry breaks the protocol: the server stops sooner than obey.
        """
        server = aServer(1, 1)
        server.receive(1, appendEntries(1, 2, 1, leaderCommit=2))
        self.assertRaises(InvariantViolation, server.raft.step, 2, appendEntries(2, 1, 1, 2))
        self.assertEqual(server.terms, [1, 1])


class Figure8Tests(SynchronousTestCase):
    """
    Figure 8: why entries of older terms are not committed by being counted.
    """

    def setUp(self) -> None:
        """
        The cluster as the figure shows it before (c): S1 to S5 are servers 0 to 4. S1 led term 2 and S5 term 3.
        Each entry goes out in a message of its own.
        """
        logs = ((1, 2), (1, 2), (1,), (1,), (1, 3))
        disks = [Disk(entriesOf(*log), currentTerm=3) for log in logs]
        self.network = Network(*disks, limits=RaftLimits(batchBytes=1))
        self.network.partition((0, 1, 2))

    def electS5(self) -> bool:
        """
        S1 crashes, and S5, which has heard of term 4, asks the others for their votes.

        @return: whether it is elected.
        """
        self.network.crash(0)
        self.network.partition((1, 2, 3, 4))
        self.network.servers[4].receive(3, RequestVoteReply(term=4, granted=False, preVote=True))
        return self.network.elect(4).leads

    def test_oldEntryIsReplaced(self) -> None:
        """
        (c): S1 leads term 4, and brings its entry of term 2 to a majority, but not yet that of term 4. This does not
        commit it: in (d) S5 is elected and replaces it, and nobody may have applied it.
        """
        network = self.network
        network.hold = lambda envelope: (
            isinstance(envelope.message, AppendEntries)
            and any(entry.term == 4 for entry in envelope.message.batch.entries)
        )
        s1 = network.elect(0)
        self.assertEqual([server.terms for server in network.servers[:3]], [[1, 2, 4], [1, 2], [1, 2]])
        self.assertEqual((s1.leads, s1.raft.commitIndex, s1.applied), (True, 0, []))
        network.onTheWay.clear()
        self.assertTrue(self.electS5())
        network.restart(0)
        network.heal()
        network.tick(HEARTBEAT_TICKS)
        for server in network.servers:
            self.assertEqual(server.terms[:2], [1, 3])
            self.assertEqual(server.applied[:2], entriesOf(1, 3))

    def test_newEntryCommitsTheOld(self) -> None:
        """
        (e): where the entry of term 4 reaches a majority, too, both are committed, and S5 cannot be elected.
        """
        network = self.network
        s1 = network.elect(0)
        self.assertEqual((s1.raft.commitIndex, [entry.term for entry in s1.applied]), (3, [1, 2, 4]))
        self.assertFalse(self.electS5())
        network.restart(0)
        network.heal()
        network.tick(60)
        for server in network.servers:
            self.assertEqual(server.terms[:3], [1, 2, 4])
            self.assertEqual(server.applied[:3], s1.applied[:3])
