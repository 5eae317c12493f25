"""
The judge on who leads on, and for how long.
"""

from __future__ import annotations

from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.follower import Follower
from replkv.raft.leader import Leader
from replkv.raft.messages import RequestVote
from replkv.raft.outputs import Token
from replkv.raft.progress import Progress
from replkv.raft.roles import RoleName, Transition
from replkv.testing.health import Settling
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, Disk, entriesOf
from tests.raft.servers import heartbeat, matched
from tests.testing.judged import JudgedNetwork, JudgeTests


class StabilityTests(JudgeTests):
    """
    Leaders that are deposed.
    """

    def setUp(self) -> None:
        """
        Let servers settle within 10 seconds, and within a second of an election.
        """
        super().setUp()
        self.network.health.settling = Settling(10.0, 1.0)

    def test_givesUp(self) -> None:
        """
        A leader does not step down while a majority is well and has heard it.
        """
        self.network.now = 1.1
        self.raft(0)._follow(1, None)
        self.assertWrongState(0, r"server 0 gives up term 1, and for long a majority was well and heard it")

    def test_deposed(self) -> None:
        """
        Nor is it deposed.
        """
        self.network.now = 1.1
        self.network.servers[2].raft._become(Transition(RoleName.CANDIDATE))
        error = self.assertRaises(Violation, self.answer, 2)
        self.assertRegex(str(error), "server 0 led term 1 and is deposed by term 2, and for long a majority")

    def test_termAskedForBefore(self) -> None:
        """
        A term may depose it for which somebody stood before all had heard of this leader, and was cut off.
        """
        self.network.servers[2].raft._become(Transition(RoleName.CANDIDATE))
        self.network.servers[2].pump()
        self.network.servers[2].sync()
        self.network.now = 1.1
        self.answer(2)
        self.assertFalse(self.network.servers[0].leads)

    def test_tooSoon(self) -> None:
        """
        Soon after an election, or when something was wrong, a leader may step down.
        """
        over = self.network.health.trouble([0])
        self.network.now = 5.0
        over()
        self.network.now = 14.9
        self.raft(0)._follow(1, None)
        self.network.servers[0].pump()

    def test_whileSomethingIsWrong(self) -> None:
        """
        So may one that is not well, or whose majority is not.
        """
        self.network.health.trouble([1, 2])
        self.network.now = 100.0
        self.raft(0)._follow(1, None)
        self.network.servers[0].pump()

    def answer(self, server: int) -> None:
        """
        Have a server bring its term to the disk, and answer the leader.
        """
        answering = self.network.servers[server]
        answering.pump()
        sends = [*answering.sync(), *answering.receive(0, heartbeat(1))]
        self.network.servers[0].receive(server, sends[-1].message)


class ContactTests(JudgeTests):
    """
    Whom a server hears.
    """

    def test_leaderWithoutMajority(self) -> None:
        """
        A leader of which a majority has not answered for two election timeouts leads no longer.
        """
        requireReplaceable(Configuration)
        self.patch(Configuration, "isQuorum", lambda configuration, servers: True)
        error = self.assertRaises(Violation, self.network.servers[0].tick, 2 * ELECTION_TICKS + 3)
        self.assertRegex(
            str(error), f"server 0 leads, and a majority has not answered it for {2 * ELECTION_TICKS + 1} t"
        )

    def test_leaderWithMajority(self) -> None:
        """
        A leader goes on while one of two answers, and also if it looks for its majority just before that does.
        """
        leader = self.network.servers[0]
        for _ in range(5):
            leader.tick(ELECTION_TICKS - 1)
            leader.receive(1, matched(leader, 1))
            leader.tick(1)
        self.assertTrue(leader.leads)

    def test_votesBesideLeader(self) -> None:
        """
        Who hears a leader wants nobody else to lead, nor does it take a later term from one that does.
        """
        self.patch(Follower, "hasLeader", False)
        error = self.assertRaises(
            Violation,
            self.network.servers[1].receive,
            2,
            RequestVote(term=2, lastLogIndex=9, lastLogTerm=1, preVote=True),
        )
        self.assertRegex(str(error), "server 1 hears a leader, and wants server 2 to lead term 2")
        error = self.assertRaises(
            Violation,
            self.network.servers[1].receive,
            2,
            RequestVote(term=2, lastLogIndex=9, lastLogTerm=1, preVote=False),
        )
        self.assertRegex(str(error), "server 1 is asked by server 2 about an election, and hears a leader, and changes")

    def test_votesAsLeader(self) -> None:
        """
        Nor does the leader itself.
        """
        self.patch(Leader, "hasLeader", False)
        error = self.assertRaises(
            Violation,
            self.network.servers[0].receive,
            2,
            RequestVote(term=2, lastLogIndex=9, lastLogTerm=1, preVote=True),
        )
        self.assertRegex(str(error), "server 0 hears a leader, and wants server 2 to lead term 2")

    def test_voteThatLeavesLater(self) -> None:
        """
        What was granted before the leader was heard may leave when the disk is done, after that.
        """
        network = JudgedNetwork(*(Disk(entriesOf(1), 1) for _ in range(3)))
        candidate, voter = network.servers[2], network.servers[1]
        candidate.raft._become(Transition(RoleName.CANDIDATE))
        candidate.pump()
        candidate.sync()
        voter.tick(ELECTION_TICKS)
        voter.receive(2, RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False))
        voter.receive(2, heartbeat(2, 1, 1))
        voter.receive(2, RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False))
        self.assertEqual([send.to for send in voter.sync()], [2, 2, 2])

    def test_preVoteBeginsTerm(self) -> None:
        """
        A pre-vote changes nothing, whoever is heard.
        """
        requestVote = Raft._requestVote

        def takeTerm(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
            raft._follow(message.term, None)
            requestVote(raft, sender, message, token)

        self.patch(Raft, "_requestVote", takeTerm)
        self.network.servers[1].tick(ELECTION_TICKS)
        error = self.assertRaises(
            Violation,
            self.network.servers[1].receive,
            2,
            RequestVote(term=2, lastLogIndex=9, lastLogTerm=1, preVote=True),
        )
        self.assertRegex(str(error), "server 1 is asked by server 2 about a pre-vote, and changes its term")


class HeartbeatTests(JudgeTests):
    """
    How long a leader says nothing.
    """

    def test_missing(self) -> None:
        """
        A leader sends every peer something at least as often as it has to.
        """
        self.patch(Leader, "flush", lambda leader, mayWait: None)
        error = self.assertRaises(Violation, self.network.servers[0].tick, 3 * HEARTBEAT_TICKS)
        self.assertRegex(str(error), f"leader 0 has sent server 1 nothing for {HEARTBEAT_TICKS + 2} ticks")

    def test_lostPeer(self) -> None:
        """
        To a peer that was lost something is sent with the next heartbeat.
        """
        for _ in range(5 * HEARTBEAT_TICKS):
            self.network.servers[0].tick()
            self.raft(0).unreachable(1)
            self.network.servers[0].receive(2, matched(self.network.servers[0], 1))

    def test_tooManyUnanswered(self) -> None:
        """
        A peer that owes too many answers is sent nothing.
        """
        self.patch(Progress, "maySend", False)
        self.network.servers[0].tick(ELECTION_TICKS - HEARTBEAT_TICKS)


class RetryTests(JudgeTests):
    """
    What a leader does when a follower's log does not match.
    """

    def setUp(self) -> None:
        """
        Elect a leader that takes its peers' logs for longer than they are.
        """
        self.network = JudgedNetwork(Disk(entriesOf(1, 1, 1, 2)), Disk(entriesOf(1)), Disk(entriesOf(1)))

    def test_notTried(self) -> None:
        """
        It does not wait before it tries what may match.
        """
        rejected = Progress.rejected

        def rejectedLater(progress: Progress, prevLogIndex: int, retryFrom: int) -> None:
            rejected(progress, prevLogIndex, retryFrom)
            progress.probeDue = False

        requireReplaceable(Progress)
        self.patch(Progress, "rejected", rejectedLater)
        error = self.assertRaises(Violation, self.network.elect, 0)
        self.assertRegex(
            str(error), "leader 0 knows that the log of server [12] does not match, and does not try entry 2"
        )

    def test_lostPeer(self) -> None:
        """
        It may wait where it has lost the peer.
        """
        receive = self.network.servers[0].raft.step

        def receiveAndLose(sender: int, message: object, token: Token = None) -> None:
            receive(sender, message, token)  # type: ignore[arg-type]
            self.network.servers[0].raft.unreachable(sender)

        self.network.servers[0].raft.step = receiveAndLose  # type: ignore[method-assign]
        self.network.elect(0)
        self.assertTrue(self.network.servers[0].leads)
