"""
Simulated servers: how they start, stop, stand still, and answer.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.command import KeyCommand
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.raft.core import Raft
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.progress import ProgressState
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.plan import Plan, draw
from replkv.testing.core.question import Lost, Question, Refused, Result
from replkv.testing.core.server import Server
from replkv.testing.history import Answer, Told
from replkv.testing.outcome import Violation
from replkv.testing.span import Span


def aPlan(**changed: object) -> Plan:
    """
    A plan of three servers, all of them right.
    """
    plan = replace(
        draw(0, {"crash": 1.0}),
        servers=3,
        electionTicks=10,
        heartbeatTicks=2,
        rates=(1.0, 1.0, 1.0),
        delay=Span(0.001, 0.002),
        detection=0.01,
        disk=Span(0.001, 0.002),
        turn=0.0,
        applying=0.0,
        limits=RAFT_LIMITS,
        members=None,
        clients=(),
        faults=(),
    )
    return replace(plan, **changed)  # type: ignore[arg-type]


class ServerCase(SynchronousTestCase):
    """
    A cluster without clients.
    """

    def setUp(self) -> None:
        """
        Elect a leader.
        """
        self.run_(aPlan())

    def run_(self, plan: Plan) -> None:
        """
        Run a cluster until it has a leader that has committed its no-op.
        """
        self.results: list[Result] = []
        self.told: list[str] = []
        self.cluster = Cluster(5, plan, self.told.append)
        self.cluster.start()
        self.cluster.until(lambda: all(server.machine.appliedIndex for server in self.cluster.servers), "started", 20)
        leader = self.cluster.leader()
        assert leader is not None
        self.leader = leader
        self.followers = [server for server in self.cluster.servers if server is not leader]

    def ask(self, server: Server, *commands: KeyCommand) -> None:
        """
        Ask a server.
        """
        server.ask([Question(command, lambda question, result: self.results.append(result)) for command in commands])


class ServerTests(ServerCase):
    """
    Tests for L{Server}.
    """

    def test_hasMore(self) -> None:
        """
        A core that has said that there is nothing to be done is to have nothing done.
        """
        self.patch(Raft, "hasMore", lambda *_: False)
        self.assertIn("said that it had nothing", str(self.assertRaises(Violation, self.cluster.run, 1)))

    def test_answers(self) -> None:
        """
        A leader answers in order what it is asked at once; a read sees the writes before it and none after it.
        """
        for plan in (aPlan(), aPlan(turn=0.01), aPlan(applying=0.1), aPlan(turn=0.01, applying=0.1)):
            self.run_(plan)
            self.ask(self.leader, Set(b"k", 0, b"a", False), Getm(b"k"), Set(b"k", 0, b"b", False))
            self.cluster.run(1)
            stored = [Answer(Told.STORED, 2), Answer(Told.FOUND, 2, b"a", 0), Answer(Told.STORED, 3)]
            self.assertEqual(self.results, stored)
            self.assertEqual({server.machine.appliedIndex for server in self.cluster.servers}, {3})

    def test_refuses(self) -> None:
        """
        A follower names the leader; a server that does not run names nobody.
        """
        self.ask(self.followers[0], Getm(b"k"))
        self.cluster.crash(self.followers[1].id)
        self.ask(self.followers[1], Getm(b"k"))
        self.assertEqual(self.results, [Refused(self.leader.id), Refused(None)])

    def test_deposed(self) -> None:
        """
        A leader that is deposed does not know what becomes of the writes that it has taken; reads were not carried out.
        """
        for follower in self.followers:
            self.cluster.crash(follower.id)
        self.ask(self.leader, Set(b"k", 0, b"a", False), Getm(b"k"))
        self.assertEqual(self.results, [])
        self.cluster.run(2)
        self.assertEqual(self.results, [Lost(), Refused(None)])

    def test_crash(self) -> None:
        """
        What a server had not answered when it crashed is lost, and is so once.
        """
        self.ask(self.leader, Set(b"k", 0, b"a", False), Getm(b"k"))
        self.cluster.crash(self.leader.id)
        self.assertEqual(self.results, [Lost(), Lost()])
        self.cluster.run(1)
        self.cluster.restart(self.leader.id)
        self.cluster.run(5)
        self.assertEqual(self.results, [Lost(), Lost()])

    def test_restart(self) -> None:
        """
        A server starts with what is on its disk, and with a state machine that remembers any part of what it was given.
        """
        self.ask(self.leader, *[Set(b"k", 0, b"%d" % number, False) for number in range(20)])
        self.cluster.run(1)
        follower = self.followers[0]
        remembered = set()
        for _ in range(30):
            self.cluster.crash(follower.id)
            self.cluster.restart(follower.id)
            self.assertEqual(follower.raft.lastApplied, follower.machine.appliedIndex)
            self.assertEqual((follower.raft.log.lastIndex, follower.raft.currentTerm), (21, 1))
            remembered.add(follower.machine.appliedIndex)
            self.cluster.run(0.5)
            self.assertEqual(follower.machine.digest, self.leader.machine.digest)
        self.assertLessEqual({0, 21}, remembered)
        self.assertGreater(len(remembered), 2)

    def test_pause(self) -> None:
        """
        A paused server counts no ticks and answers nothing; it goes on with what has come meanwhile.
        """
        leader = self.leader
        self.cluster.pause(leader.id)
        self.ask(leader, Getm(b"k"))
        self.cluster.run(5)
        self.assertEqual((leader.leads, leader.raft.currentTerm, self.results), (True, 1, []))
        other = self.cluster.leader()
        assert other is not None
        self.assertIsNot(other, leader)
        self.cluster.resume(leader.id)
        self.cluster.run(1)
        self.assertFalse(leader.leads)
        self.assertEqual(leader.raft.currentTerm, other.raft.currentTerm)
        self.assertEqual(len(self.results), 1)

    def test_lostTicks(self) -> None:
        """
        A paused server does not make up for the ticks that it has lost.
        """
        tick = Raft.tick
        ticks: list[int] = []

        def counted(raft: Raft) -> None:
            ticks.append(raft.config.id)
            tick(raft)

        self.patch(Raft, "tick", counted)
        follower = self.followers[0]
        self.cluster.pause(follower.id)
        self.cluster.run(5)
        self.cluster.resume(follower.id)
        self.assertEqual(ticks.count(follower.id), 0)
        self.cluster.run(1)
        self.assertTrue(19 <= ticks.count(follower.id) <= 21)

    def test_clientsComeFirst(self) -> None:
        """
        A leader that wakes up has either heard of its successor before it is asked for a write, or it takes the write
        as a leader and learns too late.
        """
        results: set[type[Result]] = set()
        for wait in range(10):
            self.setUp()
            self.cluster.pause(self.leader.id)
            self.cluster.run(3 + wait)
            self.ask(self.leader, Set(b"k", 0, b"a", False))
            self.cluster.resume(self.leader.id)
            self.cluster.run(2)
            results.update(type(result) for result in self.results)
        self.assertEqual(results, {Refused, Lost})

    def test_unreachable(self) -> None:
        """
        The others learn that a server has crashed.
        """
        self.cluster.crash(self.followers[0].id)
        self.cluster.run(0.2)
        states = {peer: progress.state for peer, progress in self.leader.raft.status.progress.items()}
        expected = {self.followers[0].id: ProgressState.PROBE, self.followers[1].id: ProgressState.REPLICATE}
        self.assertEqual(states, expected)

    def test_unansweredIsLost(self) -> None:
        """
        They learn it though they send nothing more, since too much is without an answer.
        """
        self.run_(aPlan(limits=RaftLimits(unanswered=1)))
        follower = self.followers[0]
        follower.disk.hang()
        for _ in range(3):
            self.ask(self.leader, Set(b"k", 0, b"a", False))
            self.cluster.run(0.5)
        self.assertLess(follower.raft.log.lastIndex, 4)
        self.cluster.crash(follower.id)
        follower.disk.goOn()
        self.cluster.restart(follower.id)
        self.cluster.run(1)
        self.assertEqual(follower.machine.appliedIndex, 4)

    def test_errorInTheCore(self) -> None:
        """
        A core that breaks down is a finding.
        """
        self.patch(Raft, "tick", lambda raft: [][1])
        error = self.assertRaises(Violation, self.cluster.run, 1)
        self.assertRegex(str(error), "server . breaks down: IndexError: list index out of range")

    def test_story(self) -> None:
        """
        The story tells who starts, stands, votes, leads and follows.
        """
        story = "\n".join(self.told)
        for pattern in (
            "server 2   starts in term 0 with 0 entries, 0 applied",
            f"server {self.leader.id}   asks whether it could win an election in term 1",
            f"server {self.leader.id}   stands for election in term 1",
            f"votes for server {self.leader.id} in term 1",
            f"server {self.leader.id}   leads term 1, and has 1 entries",
            f"follows server {self.leader.id} in term 1",
        ):
            self.assertIn(pattern, story)
