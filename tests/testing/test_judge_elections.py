"""
The judge on terms, votes and leaders.
"""

from __future__ import annotations

from replkv.raft.leader import Leader
from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.raft.outputs import Ready, Send
from replkv.raft.roles import RoleName, Transition
from replkv.testing import rare
from replkv.testing.outcome import Violation
from tests.raft.network import ELECTION_TICKS, Disk, entriesOf
from tests.testing.judged import JudgedNetwork, JudgeTests


class TermTests(JudgeTests):
    """
    Terms and votes.
    """

    def test_termGoesBack(self) -> None:
        """
        currentTerm never goes back.
        """
        self.raft(1).state.currentTerm = 0
        self.assertWrongState(1, "goes back from term 1 to term 0")

    def test_voteChanges(self) -> None:
        """
        A vote is not changed, nor forgotten, within its term.
        """
        for candidate in (2, None):
            self.raft(1).state.votedFor = candidate
            self.assertWrongState(1, f"changes its vote in term 1 from 0 to {candidate}")

    def test_voteWithoutRequest(self) -> None:
        """
        Nobody votes for a server that does not stand in that term: a vote of an earlier term is not kept.
        """
        self.raft(1).state.currentTerm = 2
        self.assertWrongState(1, "votes for 0 in term 2, in which that does not stand")

    def test_voteForOlderLog(self) -> None:
        """
        Nobody votes for a candidate whose log is not as up-to-date as its own: of an older term, or shorter.
        """
        for logs in (((1, 1, 1), (1, 2)), ((1,), (1, 1)), ((), (1,))):
            network = self.network = JudgedNetwork(*(Disk(entriesOf(*log), 2) for log in logs))
            candidate, voter = network.servers
            candidate.raft._become(Transition(RoleName.CANDIDATE))
            candidate.pump()
            candidate.sync()
            voter.raft._follow(3, None)
            voter.pump()
            voter.raft.state.votedFor = 0
            self.assertWrongState(1, "votes for 0, whose log is not as up-to-date as its own")

    def test_votesTwice(self) -> None:
        """
        A server that has told one candidate that it has its vote does not tell another, whatever its disk has.
        """
        self.network.servers[1].disk.votedFor = 2
        self.assertWrongMessage(
            1, 2, RequestVoteReply(term=1, granted=True, preVote=False), "votes twice in term 1: for 0, and for 2"
        )

    def test_restart(self) -> None:
        """
        Over a restart, neither the term goes back nor is a vote forgotten that was told.
        """
        disk = self.network.servers[1].disk
        for term, vote, pattern in (
            (0, None, "was in term 1 before"),
            (1, None, "told server 0"),
            (1, 2, "told server"),
        ):
            disk.currentTerm, disk.votedFor = term, vote
            error = self.assertRaises(Violation, self.network.restart, 1)
            self.assertRegex(str(error), pattern)
        disk.currentTerm, disk.votedFor = 1, 0
        self.network.restart(1)

    def test_voteThatNobodyHeardOf(self) -> None:
        """
        A vote that was neither synced nor told may be lost in a crash, and be given to another then.
        """
        voter = self.network.servers[1]
        self.stand(0)
        self.stand(2)
        voter.tick(ELECTION_TICKS)
        self.assertEqual(voter.receive(2, RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False)), [])
        self.network.restart(1)
        voter.receive(0, RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False))
        self.assertEqual(voter.sync(), [Send(0, RequestVoteReply(term=2, granted=True, preVote=False), None)])

    def stand(self, server: int) -> None:
        """
        Have a server stand for election in the next term, and have its own vote on its disk.
        """
        candidate = self.network.servers[server]
        candidate.raft._follow(candidate.raft.currentTerm, None)
        candidate.raft._become(Transition(RoleName.CANDIDATE))
        candidate.pump()
        candidate.sync()


class LeaderTests(JudgeTests):
    """
    Leaders.
    """

    def test_twoLeaders(self) -> None:
        """
        A term has one leader.
        """
        self.raft(1).role = Leader(self.raft(1).state)
        self.assertWrongState(1, "is elected in term 1, and so was server 0")

    def test_leadsAgain(self) -> None:
        """
        A leader that has stepped down does not lead its term again.
        """
        self.raft(0)._follow(1, None)
        self.network.servers[0].pump()
        self.raft(0).role = Leader(self.raft(0).state)
        self.assertWrongState(0, "is elected in term 1, and so was server 0")

    def test_withoutMajority(self) -> None:
        """
        A leader has a majority of votes, in its term, its own among them only when it is on its disk.
        """
        server = self.network.servers[1]
        server.raft._become(Transition(RoleName.CANDIDATE))
        server.pump()
        server.raft.role = Leader(server.raft.state)
        self.assertWrongState(1, "leads term 2 with 0 votes of 3")
        server.disk.sync()
        self.assertWrongState(1, "leads term 2 with 1 votes of 3")

    def test_preVotesAreNoVotes(self) -> None:
        """
        Pre-votes do not make a leader.
        """
        network = self.network
        for voter in (0, 2):
            ready = Ready(sends=[Send(1, RequestVoteReply(term=2, granted=True, preVote=True), None)])
            network.judge.check(network.seen[voter], ready)
        server = network.servers[1]
        server.raft._become(Transition(RoleName.CANDIDATE))
        server.pump()
        server.disk.sync()
        server.raft.role = Leader(server.raft.state)
        self.assertWrongState(1, "leads term 2 with 1 votes of 3")

    def test_completeness(self) -> None:
        """
        A leader has all that was committed in earlier terms.
        """
        network = self.network
        network.propose(0, b"a")
        network.settle()
        for server in (1, 2):
            network.servers[server].disk.entries.clear()
            network.restart(server)
        network.partition((1, 2))
        error = self.assertRaises(Violation, network.elect, 2)
        self.assertRegex(str(error), "server 2 leads term 2 without entry 2, which is committed")


class RareTests(JudgeTests):
    """
    Rare things of elections.
    """

    def test_splitVote(self) -> None:
        """
        Two stand in a term, and nobody is elected: that is seen when one of them goes on to the next term, and once.
        """
        network = self.network
        for server in (1, 2):
            network.servers[server].raft._become(Transition(RoleName.CANDIDATE))
            network.servers[server].pump()
            network.servers[server].sync()
        self.assertEqual(network.rare[rare.SPLIT_VOTE], 0)
        for server in (1, 2):
            network.servers[server].raft._become(Transition(RoleName.CANDIDATE))
            network.servers[server].pump()
            network.servers[server].sync()
        self.assertEqual(network.rare[rare.SPLIT_VOTE], 1)

    def test_voteRepeated(self) -> None:
        """
        A candidate asks again, and gets the same answer.
        """
        voter = self.network.servers[1]
        voter.tick(30)
        before = self.network.rare[rare.VOTE_REPEATED]
        voter.receive(0, RequestVote(term=1, lastLogIndex=1, lastLogTerm=1, preVote=False))
        self.assertEqual(self.network.rare[rare.VOTE_REPEATED], before + 1)

    def test_longerLogRefused(self) -> None:
        """
        A candidate's log is longer than the voter's, and ends with an older term.
        """
        network = JudgedNetwork(*(Disk(entriesOf(*log), 2) for log in ((1, 1, 1), (1, 2), (1, 2))))
        candidate = network.servers[0]
        candidate.raft._become(Transition(RoleName.PRE_CANDIDATE))
        network.post(0, candidate.pump())
        network.settle()
        self.assertEqual(network.rare[rare.LONGER_LOG_REFUSED], 2)

    def test_deposed(self) -> None:
        """
        A leader that loses the majority leaves entries behind that are not committed.
        """
        self.network.partition((1, 2))
        self.network.propose(0, b"a")
        self.network.servers[0].tick(30)
        self.assertEqual(self.network.rare[rare.DEPOSED_WITH_UNCOMMITTED], 1)
        self.assertEqual(self.network.rare[rare.LOST_QUORUM], 1)

    def test_hangingDisk(self) -> None:
        """
        A leader whose disk is at one write for too long leads no longer.
        """
        self.network.propose(0, b"a")
        for _ in range(100):
            leader = self.network.servers[0]
            for message in leader.tick():
                for send in self.network.servers[message.to].receive(0, message.message):
                    leader.receive(message.to, send.message)
            for follower in self.network.servers[1:]:
                for send in follower.sync():
                    leader.receive(follower.config.id, send.message)
        self.assertEqual(self.network.rare[rare.HANGING_DISK], 1)
