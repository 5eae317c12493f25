"""
Tests for the judges of availability.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.auth import Auth
from replkv.commands.command import Command
from replkv.commands.get import Get
from replkv.commands.results import NotFound, Redirected, Unavailable
from replkv.commands.set import Set
from replkv.frontends.request import Backend, Request
from replkv.raft.core import Raft
from replkv.testing import SimulatedCluster
from replkv.testing.cluster.availability import SLACK, WRITE_SECONDS, Availability
from replkv.testing.cluster.leadership import TIMEOUTS, Leadership
from replkv.testing.health import Health, Settling
from replkv.testing.outcome import Violation
from tests.frontends.asked import Asked

WRITE = Set(b"k", 0, b"value", False)
READ = Get(b"k")
LOGIN = Auth(b"ann", b"token")


class AvailabilityTests(SynchronousTestCase):
    """
    Tests for what one server of three, server 0, may let its clients wait for.
    """

    def setUp(self) -> None:
        """
        It knows no leader, in term 4, and server 1 has led in term 3.
        """
        cluster = SimulatedCluster(3)
        cluster.close()
        self.config = cluster.config
        self.isOut = False
        self.time = 10.0
        self.settled = -1.0
        self.raft = SimpleNamespace(currentTerm=4, leaderId=None, commitIndex=5, lastApplied=5)
        self.leaders = {3: 1}
        self.submit: Callable[[Request], None] = lambda request: None
        self.backend = SimpleNamespace(submit=lambda request: self.submit(request))
        self.judge = Availability(
            self.config,
            0,
            cast(Raft, self.raft),
            cast(Backend, self.backend),
            self.leaders,
            lambda server: cluster.servers[server].places,
            lambda: self.isOut,
            lambda: self.time,
            lambda: self.settled,
        )

    def test_committedWhileLeading(self) -> None:
        """
        A leader that is deposed answers what was committed by then when it is given out to be applied, and not before.
        """
        self.raft.leaderId = 0
        self.judge.look()
        self.take(WRITE)
        self.raft.leaderId, self.raft.commitIndex = 1, 6
        self.judge.look()
        self.time += 1.0
        self.judge.look()
        self.raft.lastApplied = 6
        self.time += SLACK + 0.01
        self.assertRaises(Violation, self.judge.look)

    def take(self, command: Command) -> Request:
        """
        The server takes a command.
        """
        request = Asked(command)
        self.backend.submit(request)
        return request

    def know(self, term: int, leaderId: int | None) -> None:
        """
        The server gets to know who leads.
        """
        self.raft.currentTerm, self.raft.leaderId = term, leaderId
        if leaderId is not None:
            self.leaders[term] = leaderId
        self.judge.look()

    def after(self, seconds: float) -> None:
        """
        So much later, all is well.
        """
        self.time += seconds
        self.judge.look()

    def fails(self, seconds: float, *words: str) -> None:
        """
        So much later, nothing is wrong yet; and a little later than that, it is.
        """
        self.after(seconds + SLACK - 0.001)
        self.time += 0.002
        error = self.assertRaises(Violation, self.judge.look)
        for word in words:
            self.assertIn(word, str(error))

    def test_leaderless(self) -> None:
        """
        Without a leader, nobody waits for longer than for one.
        """
        self.take(READ)
        self.fails(self.config.leaderWait, "server 0 has let a get wait for 2.101 s", "LeaderWaitMs")

    def test_leaderLost(self) -> None:
        """
        That time begins when the leader is lost.
        """
        self.know(5, 0)
        self.take(READ)
        self.after(1.0)
        self.know(5, None)
        self.fails(self.config.leaderWait, "LeaderWaitMs")

    def test_requestTimeout(self) -> None:
        """
        Nobody waits for longer than RequestTimeoutMs, though leaders come and go.
        """
        self.take(WRITE)
        for term in (5, 6, 7):
            self.after(1.5)
            self.know(term, 0)
        self.fails(self.config.requestTimeout - 4.5, "server 0 has let a set wait for 5.101 s", "RequestTimeoutMs")

    def test_otherLeads(self) -> None:
        """
        Where another one leads, nobody waits.
        """
        self.take(WRITE)
        self.after(1.0)
        self.know(5, 2)
        self.fails(0.0, "server 0 has let a set wait", "server 2 leads, as it knows")

    def test_login(self) -> None:
        """
        A token is tried when its turn has come, if that is within RequestTimeoutMs; whoever leads, and however well.
        Others do not wait for that.
        """
        self.take(LOGIN)
        for leaderId in (None, 2, 0):
            self.know(5, leaderId)
            self.settled = 100.0
            self.after(1.0)
        self.take(LOGIN).answer(Unavailable())
        self.judge.look()
        self.fails(self.config.requestTimeout - 3, "server 0 has let a auth wait", "RequestTimeoutMs")

    def test_behindLogin(self) -> None:
        """
        What waits behind one is looked at as ever.
        """
        self.take(LOGIN)
        self.take(WRITE)
        self.after(1.0)
        self.know(5, 2)
        self.fails(0.0, "server 0 has let a set wait", "server 2 leads, as it knows")

    def test_answered(self) -> None:
        """
        What was answered does not wait, in whatever order that was.
        """
        first, second = self.take(READ), self.take(READ)
        second.answer(NotFound())
        self.after(1.0)
        first.answer(NotFound())
        self.after(100.0)

    def test_standsStill(self) -> None:
        """
        A process that stands still answers nothing, and has all its time when it goes on.
        """
        self.take(WRITE)
        self.time += 100.0
        self.judge.standsStill()
        self.fails(self.config.leaderWait, "LeaderWaitMs")

    def test_leads(self) -> None:
        """
        A leader that has been well for long answers soon; one that has just become well has the time from then.
        """
        self.know(5, 0)
        self.settled = 100.0
        self.take(WRITE)
        self.after(WRITE_SECONDS)
        self.settled = 0.5
        self.after(1.0)
        self.settled = WRITE_SECONDS + SLACK + 0.001
        self.assertIn("it leads, and it is well", str(self.assertRaises(Violation, self.judge.look)))

    def test_failed(self) -> None:
        """
        Such a leader fails no write. Its reads may be overtaken by time, and where something was wrong, writes too.
        """
        self.know(5, 0)
        self.settled = 100.0
        self.take(READ).answer(Unavailable())
        self.judge.look()
        self.settled = -1.0
        self.take(WRITE).answer(Unavailable())
        self.judge.look()
        self.settled = 100.0
        self.take(WRITE).answer(Unavailable())
        self.assertIn("a set has failed", str(self.assertRaises(Violation, self.judge.look)))

    def test_refused(self) -> None:
        """
        One that has too much to do may refuse them at once.
        """
        self.know(5, 0)
        self.settled = 100.0
        self.submit = lambda request: request.answer(Unavailable())
        self.take(WRITE)
        self.after(100.0)

    def test_failedDeposed(self) -> None:
        """
        One that leads no longer may fail them.
        """
        self.know(5, 0)
        self.settled = 100.0
        request = self.take(WRITE)
        self.know(6, None)
        request.answer(Unavailable())
        self.judge.look()

    def test_redirect(self) -> None:
        """
        A client is sent to whoever was elected in the term of the server, or later.
        """
        self.take(WRITE).answer(Redirected("server1", 9000))
        self.assertIn(
            "server1 9000, which has led in no term from 4 on", str(self.assertRaises(Violation, self.judge.look))
        )
        request = self.take(WRITE)
        self.leaders[6] = 2
        request.answer(Redirected("server2", 9000))
        self.judge.look()

    def test_redirectNowhere(self) -> None:
        """
        The place is that of the server's clients.
        """
        self.leaders[4] = 2
        self.take(WRITE).answer(Redirected("server2", 9001))
        self.assertRaises(Violation, self.judge.look)


class LeadershipTests(SynchronousTestCase):
    """
    Tests for how long there may be no leader.
    """

    def setUp(self) -> None:
        """
        Three servers, all of which are well.
        """
        self.time = 0.0
        self.leads = True
        self.health = Health(3, lambda: self.time)
        self.health.settling = Settling(5.0, 0.25)
        self.judge = Leadership(3, self.health, lambda: self.leads, lambda: self.time)

    def after(self, seconds: float) -> None:
        """
        So much later, all is well.
        """
        self.time += seconds
        self.judge.look()

    def fails(self, seconds: float) -> None:
        """
        So much later, nothing is wrong yet; and a little later than that, it is.
        """
        self.after(seconds - 0.001)
        self.time += 0.002
        error = self.assertRaises(Violation, self.judge.look)
        self.assertIn("a majority is well, and for 2.501 s no server leads", str(error))

    def test_lost(self) -> None:
        """
        Where a majority is well, another leader is elected soon.
        """
        self.after(100.0)
        self.health.trouble([0])
        self.leads = False
        self.fails(TIMEOUTS * 0.25)

    def test_noMajority(self) -> None:
        """
        Without a majority there need be none, until that has found together again.
        """
        self.leads = False
        over = self.health.trouble([0, 1])
        self.after(100.0)
        over()
        self.fails(5.0 + TIMEOUTS * 0.25)

    def test_slow(self) -> None:
        """
        Nothing is asked of a cluster that is too slow for its timeouts.
        """
        self.leads = False
        self.health.settling = None
        self.after(100.0)
