"""
Elections: sections 5.1, 5.2 and 5.4.1 of the Raft paper.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.config import RaftConfig
from replkv.raft.entry import NO_ENTRIES
from replkv.raft.messages import AppendEntriesReply, RequestVote, RequestVoteReply
from replkv.raft.outputs import Persist, Send
from tests.patience import patiently
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, Disk, Network, Server
from tests.raft.servers import aServer, candidate, heartbeat, preCandidate


class CandidateTests(SynchronousTestCase):
    """
    Standing for election.
    """

    def test_startsAsFollower(self) -> None:
        """
        A server starts as a follower that knows no leader and keeps term and vote as they were (section 5.2).
        """
        server = aServer(1, 2, currentTerm=4, votedFor=1)
        self.assertEqual(server.raft.role.name, "follower")
        self.assertIsNone(server.raft.leaderId)
        self.assertEqual((server.raft.currentTerm, server.raft.votedFor), (4, 1))
        self.assertEqual(server.tick(2 * ELECTION_TICKS - 1), [])

    def test_asksForVotes(self) -> None:
        """
        After an election timeout, a server first asks all others for pre-votes, which tell of the end of its log,
        and with a majority it begins the next term, votes for itself, and asks for votes (section 5.2).
        """
        server = aServer(1, 3)
        sends = server.tick(2 * ELECTION_TICKS)
        self.assertEqual(
            sends,
            [Send(peer, RequestVote(term=4, lastLogIndex=2, lastLogTerm=3, preVote=True), None) for peer in (1, 2)],
        )
        self.assertEqual(server.raft.currentTerm, 3)
        self.assertEqual(server.receive(1, RequestVoteReply(term=4, granted=True, preVote=True)), [])
        self.assertEqual(list(server.disk.unsynced), [Persist(1, 4, 0, NO_ENTRIES)])
        self.assertEqual(
            server.sync(),
            [Send(peer, RequestVote(term=4, lastLogIndex=2, lastLogTerm=3, preVote=False), None) for peer in (1, 2)],
        )

    def test_majority(self) -> None:
        """
        A candidate wins with the votes of a majority of all servers, its own included, and with no fewer.
        """
        for members, votes in ((2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)):
            server = candidate(members=members)
            for voter in range(1, votes + 1):
                self.assertEqual(server.raft.role.name, "candidate", f"{members} servers, vote {voter}")
                server.receive(voter, RequestVoteReply(term=1, granted=True, preVote=False))
            self.assertTrue(server.leads, f"{members} servers")

    def test_preVoteMajority(self) -> None:
        """
        No election is begun without a majority of pre-votes (thesis, section 9.6).
        """
        server = preCandidate(members=5)
        server.receive(1, RequestVoteReply(term=1, granted=True, preVote=True))
        server.receive(1, RequestVoteReply(term=1, granted=True, preVote=True))
        server.receive(2, RequestVoteReply(term=0, granted=False, preVote=True))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("pre-candidate", 0))
        server.receive(3, RequestVoteReply(term=1, granted=True, preVote=True))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("candidate", 1))

    def test_voteTwiceCountsOnce(self) -> None:
        """
        The same vote, told twice, is one vote.
        """
        server = candidate(members=5)
        for _ in range(3):
            server.receive(1, RequestVoteReply(term=1, granted=True, preVote=False))
        self.assertEqual(server.raft.role.name, "candidate")

    def test_refusalsDoNotCount(self) -> None:
        """
        Refusals do not make a leader.
        """
        server = candidate()
        server.receive(1, RequestVoteReply(term=1, granted=False, preVote=False))
        server.receive(2, RequestVoteReply(term=1, granted=False, preVote=False))
        self.assertEqual(server.raft.role.name, "candidate")

    def test_voteOfOldTerm(self) -> None:
        """
        A vote counts only in the term that it was given for: one of an election before is not counted.
        """
        server = candidate()
        server.tick(2 * ELECTION_TICKS)
        server.receive(1, RequestVoteReply(term=2, granted=True, preVote=True))
        server.sync()
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("candidate", 2))
        server.receive(1, RequestVoteReply(term=1, granted=True, preVote=False))
        server.receive(2, RequestVoteReply(term=1, granted=True, preVote=False))
        self.assertEqual(server.raft.role.name, "candidate")

    def test_preVoteIsNoVote(self) -> None:
        """
        A late pre-vote is not counted as a vote, though it names the same term.
        """
        server = candidate()
        server.receive(2, RequestVoteReply(term=1, granted=True, preVote=True))
        self.assertEqual(server.raft.role.name, "candidate")

    def test_followsLeaderOfItsTerm(self) -> None:
        """
        A candidate that hears the leader of its term, or of a later one, follows it (section 5.2).
        """
        for term in (1, 5):
            server = candidate()
            server.receive(2, heartbeat(term))
            self.assertEqual((server.raft.role.name, server.raft.leaderId), ("follower", 2))
            self.assertEqual(server.raft.currentTerm, term)

    def test_refusesLeaderOfOldTerm(self) -> None:
        """
        A leader of an earlier term is refused, and learns of the term (section 5.1).
        """
        server = candidate()
        self.assertEqual(
            server.receive(2, heartbeat(0), "token"),
            [Send(2, AppendEntriesReply.rejected(term=1, prevLogIndex=0), "token")],
        )
        self.assertEqual(server.raft.role.name, "candidate")

    def test_laterTerm(self) -> None:
        """
        Any server that hears of a later term begins it, as a follower (section 5.1).
        """
        leader = candidate()
        leader.receive(1, RequestVoteReply(term=1, granted=True, preVote=False))
        for server in (aServer(), preCandidate(), candidate(), leader):
            for message in (
                RequestVoteReply(term=9, granted=False, preVote=False),
                AppendEntriesReply.rejected(term=10, prevLogIndex=0),
            ):
                server.receive(2, message)
                self.assertEqual(server.raft.currentTerm, message.term)
                self.assertEqual((server.raft.role.name, server.raft.votedFor), ("follower", None))

    def test_singleServer(self) -> None:
        """
        A server alone is elected by itself, when its vote is on its disk.
        """
        server = aServer(members=1)
        self.assertEqual(server.tick(2 * ELECTION_TICKS), [])
        self.assertFalse(server.leads)
        server.sync()
        self.assertTrue(server.leads)
        server.sync()
        self.assertEqual([entry.data for entry in server.applied], [b""])

    def test_splitVote(self) -> None:
        """
        When the votes were split, nobody leads, and the first that times out again is elected (section 5.2).
        """
        network = Network(*(Disk(currentTerm=1, votedFor=vote) for vote in (0, 1, 0, 1)))
        for server, voters in ((0, (1, 2)), (1, (0, 3))):
            # Both learn that they could win, before either asks for a vote.
            network.servers[server].tick(2 * ELECTION_TICKS)
            for voter in voters:
                network.servers[server].receive(voter, RequestVoteReply(term=2, granted=True, preVote=True))
        for server in (0, 1):
            network.post(server, network.servers[server].sync())
        network.onTheWay.sort(key=lambda envelope: (envelope.sender + envelope.to) % 2)
        network.settle()
        self.assertEqual([server.leads for server in network.servers], [False] * 4)
        self.assertEqual([server.raft.votedFor for server in network.servers], [0, 1, 0, 1])
        network.elect(1)
        self.assertEqual([server.leads for server in network.servers], [False, True, False, False])
        self.assertEqual([server.raft.currentTerm for server in network.servers], [3] * 4)


class TimeoutTests(SynchronousTestCase):
    """
    Election timeouts (section 5.2).
    """

    def timeout(self, config: RaftConfig, seed: int, disk: Disk) -> int:
        """
        After how many ticks a server asks for an election.
        """
        server = Server(config, disk, Random(seed))
        ticks = 0
        for _ in patiently("it asks for an election"):
            if server.raft.role.name != "follower":
                break
            server.tick()
            ticks += 1
        return ticks

    def test_randomized(self) -> None:
        """
        Timeouts are spread over all of the range from the shortest to its double, so that split votes are rare.
        """
        config = RaftConfig(0, ELECTION_TICKS, HEARTBEAT_TICKS)
        drawn = {self.timeout(config, seed, Disk()) for seed in range(200)}
        self.assertEqual(drawn, set(range(ELECTION_TICKS, 2 * ELECTION_TICKS + 1)))

    def test_drawnAnew(self) -> None:
        """
        Each candidacy draws its own timeout.
        """
        server = Server(RaftConfig(0, ELECTION_TICKS, HEARTBEAT_TICKS), Disk(), Random(1))
        asked = [tick for tick in range(400) if server.tick()]
        waits = {later - earlier for earlier, later in pairwise(asked)}
        self.assertGreater(len(waits), 5)
        self.assertTrue(waits <= set(range(ELECTION_TICKS, 2 * ELECTION_TICKS + 1)))

    def test_firstElection(self) -> None:
        """
        The first timeout of a server that has never seen a term is stretched, and no later one.
        """
        config = RaftConfig(1, ELECTION_TICKS, HEARTBEAT_TICKS, firstElectionFactor=4)
        for seed in range(50):
            self.assertGreaterEqual(self.timeout(config, seed, Disk()), 4 * ELECTION_TICKS)
            self.assertLessEqual(self.timeout(config, seed, Disk(currentTerm=1)), 2 * ELECTION_TICKS)

    def test_leaderHeard(self) -> None:
        """
        Who hears the leader does not stand against it, even where its log does not match.
        """
        server = aServer(1)
        for _ in range(10):
            self.assertNotIn(1, [send.to for send in server.tick(2 * ELECTION_TICKS - 1)])
            server.receive(2, heartbeat(1, 7, 1))
        self.assertEqual(server.raft.role.name, "follower")

    def test_voteGranted(self) -> None:
        """
        Who has given its vote waits for the outcome.
        """
        server = aServer()
        server.tick(2 * ELECTION_TICKS - 1)
        server.receive(1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False))
        self.assertEqual(server.tick(2 * ELECTION_TICKS - 1), [])

    def test_preVoteGranted(self) -> None:
        """
        A pre-vote promises nothing and delays nothing.
        """
        server = aServer()
        server.tick(2 * ELECTION_TICKS - 1)
        server.receive(1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=True))
        self.assertEqual(len(server.tick()), 2)


class VoterTests(SynchronousTestCase):
    """
    Giving a vote.
    """

    def granted(self, server: Server, sender: int, request: RequestVote) -> bool:
        """
        Whether C{server} grants C{request}.
        """
        sends = server.receive(sender, request) + server.sync()
        [reply] = [send.message for send in sends if isinstance(send.message, RequestVoteReply)]
        self.assertEqual(reply.preVote, request.preVote)
        return reply.granted

    def test_oneVotePerTerm(self) -> None:
        """
        A server votes for at most one candidate in a term, the first that asks, and may tell it twice (section 5.2).
        """
        server = aServer()
        self.assertTrue(self.granted(server, 1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)))
        self.assertFalse(self.granted(server, 2, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)))
        self.assertTrue(self.granted(server, 1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)))
        self.assertTrue(self.granted(server, 2, RequestVote(term=2, lastLogIndex=0, lastLogTerm=0, preVote=False)))
        self.assertEqual((server.disk.currentTerm, server.disk.votedFor), (2, 2))

    def test_voteStaysInItsTerm(self) -> None:
        """
        What else happens within a term does not free the vote: not a leader that is heard, not a candidacy given up.
        """
        server = candidate()
        server.receive(2, heartbeat(1))
        self.assertFalse(self.granted(server, 2, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)))
        self.assertEqual(server.raft.votedFor, 0)

    def test_candidateKeepsItsVote(self) -> None:
        """
        A candidate has voted for itself.
        """
        self.assertFalse(
            self.granted(candidate(), 1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False))
        )

    def test_preCandidateRecordsItsVote(self) -> None:
        """
        A pre-candidate has not voted yet: it may give its vote away, and then it has given it.
        """
        server = preCandidate()
        self.assertTrue(self.granted(server, 1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)))
        self.assertEqual((server.disk.currentTerm, server.disk.votedFor), (1, 1))
        self.assertFalse(self.granted(server, 2, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)))

    def test_oldTerm(self) -> None:
        """
        A candidate of an earlier term gets no vote, and learns of the term (section 5.1).
        """
        server = aServer(currentTerm=5)
        for preVote in (False, True):
            self.assertEqual(
                server.receive(1, RequestVote(term=4, lastLogIndex=99, lastLogTerm=4, preVote=preVote), "token"),
                [Send(1, RequestVoteReply(term=5, granted=False, preVote=preVote), "token")],
            )

    def test_upToDate(self) -> None:
        """
        A vote goes only to a candidate whose log is at least as up-to-date: the later last term, and for equal last
        terms the longer log. A longer log of an earlier term does not do (section 5.4.1).
        """
        for lastLogIndex, lastLogTerm, expected in (
            (3, 3, True),
            (4, 3, True),
            (2, 3, False),
            (1, 4, True),
            (99, 2, False),
            (0, 0, False),
        ):
            for preVote in (False, True):
                server = aServer(1, 1, 3)
                request = RequestVote(term=5, lastLogIndex=lastLogIndex, lastLogTerm=lastLogTerm, preVote=preVote)
                self.assertEqual(self.granted(server, 1, request), expected, request)

    def test_refusedButTermTaken(self) -> None:
        """
        A candidate with an old log gets no vote, and yet its term counts; so the vote is free for a better one.
        """
        server = aServer(1, 1)
        self.assertFalse(self.granted(server, 1, RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False)))
        self.assertEqual((server.raft.currentTerm, server.raft.votedFor), (2, None))
        self.assertTrue(self.granted(server, 2, RequestVote(term=2, lastLogIndex=2, lastLogTerm=1, preVote=False)))
