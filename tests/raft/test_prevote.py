"""
PreVote, and why a leader that is heard is not disturbed: sections 4.2.3 and 9.6 of Ongaro's thesis.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.raft.outputs import Send
from tests.raft.network import ELECTION_TICKS, Disk, Network, entriesOf
from tests.raft.servers import aServer, candidate, heartbeat


class PreVoteTests(SynchronousTestCase):
    """
    A server that comes back disturbs nobody: thesis, sections 4.2.3 and 9.6.
    """

    def test_changesNothing(self) -> None:
        """
        A granted pre-vote changes neither term nor vote, writes nothing, and may be given to several servers.
        """
        server = aServer(1, votedFor=0)
        for sender in (1, 2):
            self.assertEqual(
                server.receive(sender, RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=True), "token"),
                [Send(sender, RequestVoteReply(term=2, granted=True, preVote=True), "token")],
            )
        self.assertEqual((server.raft.currentTerm, server.raft.votedFor), (1, 0))
        self.assertEqual(len(server.disk.unsynced), 0)

    def test_grantedPreVoteIsNoTerm(self) -> None:
        """
        A granted pre-vote names a term that nobody has begun; a late one must not begin it.
        """
        server = aServer(1)
        server.receive(1, RequestVoteReply(term=2, granted=True, preVote=True))
        self.assertEqual(server.raft.currentTerm, 1)

    def test_partitionedServer(self) -> None:
        """
        A server that was cut off for long keeps its term, and coming back it finds the leader where it was.
        """
        network = Network.fresh(3)
        network.elect(0)
        network.partition((0, 1))
        network.tick(20 * ELECTION_TICKS)
        self.assertEqual(network.servers[2].raft.role.name, "pre-candidate")
        network.heal()
        network.tick(20 * ELECTION_TICKS)
        self.assertTrue(network.servers[0].leads)
        self.assertEqual([server.raft.currentTerm for server in network.servers], [1, 1, 1])
        self.assertEqual([server.raft.leaderId for server in network.servers], [0, 0, 0])

    def test_stickiness(self) -> None:
        """
        Who has heard the leader within the shortest election timeout gives neither vote nor pre-vote and does not
        take the later term, and after it does.
        """
        for preVote in (False, True):
            server = aServer()
            server.receive(2, heartbeat(1))
            server.sync()
            server.tick(ELECTION_TICKS - 1)
            [send] = server.receive(1, RequestVote(term=7, lastLogIndex=9, lastLogTerm=6, preVote=preVote))
            self.assertEqual(send.message, RequestVoteReply(term=1, granted=False, preVote=preVote))
            server.tick()
            [send] = (
                server.receive(1, RequestVote(term=7, lastLogIndex=9, lastLogTerm=6, preVote=preVote)) + server.sync()
            )
            self.assertEqual(send.message, RequestVoteReply(term=7, granted=True, preVote=preVote))

    def test_otherCandidateOfTheTerm(self) -> None:
        """
        Who hears the leader of a term gives no vote to another candidate of that term, though its vote is free: it
        would forget the leader, and help others to depose it.
        """
        server = aServer()
        server.receive(2, heartbeat(1))
        server.sync()
        [send] = server.receive(1, RequestVote(term=1, lastLogIndex=9, lastLogTerm=1, preVote=False))
        self.assertEqual(send.message, RequestVoteReply(term=1, granted=False, preVote=False))
        self.assertEqual((server.raft.votedFor, server.raft.leaderId), (None, 2))

    def test_leaderSticks(self) -> None:
        """
        A leader that has its majority takes part in no other election.
        """
        server = candidate()
        server.receive(1, RequestVoteReply(term=1, granted=True, preVote=False))
        for preVote in (False, True):
            self.assertIn(
                Send(2, RequestVoteReply(term=1, granted=False, preVote=preVote), None),
                server.receive(2, RequestVote(term=7, lastLogIndex=9, lastLogTerm=6, preVote=preVote)),
            )
        self.assertTrue(server.leads)

    def test_serverAheadInTerm(self) -> None:
        """
        A server that is in a later term than the leader, for whatever reason, gets the cluster there and is not
        stuck for ever: its answer to the leader tells the term.
        """
        network = Network(Disk(entriesOf(1)), Disk(entriesOf(1)), Disk(entriesOf(1), currentTerm=7))
        network.partition((0, 1))
        network.elect(0)
        network.heal()
        network.tick(4 * ELECTION_TICKS)
        [leader] = [server for server in network.servers if server.leads]
        self.assertGreater(leader.raft.currentTerm, 7)
        self.assertEqual({server.raft.leaderId for server in network.servers}, {leader.config.id})

    def test_longerLogInEarlierTerm(self) -> None:
        """
        Of a server in a later term and one with the better log in an earlier term, the latter is elected.
        """
        network = Network(Disk(entriesOf(1), currentTerm=5), Disk(entriesOf(1, 1), currentTerm=1), Disk())
        network.crash(2)
        network.tick(10 * ELECTION_TICKS)
        self.assertTrue(network.servers[1].leads)
        self.assertEqual(network.servers[0].terms, network.servers[1].terms)
