"""
Tests for L{replkv.node.logins}, L{replkv.node.trials} and L{replkv.node.guesses}.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.auth import Auth
from replkv.commands.results import Unavailable
from replkv.frontends.session import Session
from replkv.node.limits import NODE_LIMITS
from replkv.node.logins import Logins, NotTried
from replkv.node.trail import Trail
from replkv.users.user import Login, User
from tests.frontends.asked import Asked
from tests.logged import logged
from tests.node.thread import Thread
from tests.patience import patiently
from tests.users.people import secretOf, user

LIMITS = replace(
    NODE_LIMITS,
    logins=6,
    loginsPerAddress=4,
    knownTokens=3,
    freeFailures=2,
    loginPause=1.0,
    loginDoublings=2,
    failureSeconds=60.0,
    failingGuessers=3,
)


class LoginTests(SynchronousTestCase):
    """
    Tests for who is believed to be a user.
    """

    def setUp(self) -> None:
        """
        There is a user.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.thread = Thread()
        self.logins = Logins(self.thread.run, self.clock, Trail(self.clock), LIMITS)
        self.alice = user(b"alice")
        self.asked: list[Asked] = []

    def check(self, token: bytes, host: str = "10.0.0.1", user: User | None = None) -> Deferred[Login | None]:
        """
        Have a token tried.
        """
        whose = user or self.alice
        command = Auth(whose.name, token)
        self.asked.append(Asked(command, Session(host)))
        return self.logins.check(self.asked[-1], command, whose)

    def tried(self, token: bytes, host: str = "10.0.0.1", user: User | None = None) -> Login | None:
        """
        Try one at once.
        """
        found = self.check(token, host, user)
        self.thread.work()
        return self.successResultOf(found)

    def test_right(self) -> None:
        """
        A token that is right is, and says since when.
        """
        self.assertEqual(self.tried(b"alice"), Login(b"alice", 1))
        self.assertEqual(self.lines, [])

    def test_wrong(self) -> None:
        """
        Any other is not, and operators are told, but not what it was.
        """
        self.assertIsNone(self.tried(b"bob"))
        self.assertIsNone(self.tried(b"other"))
        line = "audit: somebody at 10.0.0.1 was refused as alice: there is no such user, or the token is wrong"
        self.assertEqual(self.lines, [line, line])

    def test_nobody(self) -> None:
        """
        Where there is no such user, it takes a look in the thread all the same.
        """
        command = Auth(b"nobody", b"alice")
        found = self.logins.check(Asked(command, Session("10.0.0.1")), command, None)
        self.assertNoResult(found)
        self.assertTrue(self.thread.work())
        self.assertIsNone(self.successResultOf(found))

    def test_oneAtATime(self) -> None:
        """
        One token is tried at a time: it takes much memory.
        """
        names = (b"a", b"b", b"c")
        found = [self.check(name, user=user(name)) for name in names]
        self.assertEqual(self.thread.waiting, 1)
        while self.thread.work():
            self.assertLessEqual(self.thread.waiting, 1)
        self.assertEqual([self.successResultOf(each) for each in found], [Login(name, 1) for name in names])

    def test_crowd(self) -> None:
        """
        One is tried once, however many come with it at once, and from wherever.
        """
        first = self.check(b"bob", user=user(b"bob"))
        crowd = [self.check(b"alice", f"10.0.{number % 4}.1") for number in range(20)]
        self.assertTrue(self.thread.work())
        late = self.check(b"alice")
        self.assertTrue(self.thread.work())
        self.assertFalse(self.thread.work())
        self.assertEqual(self.successResultOf(first), Login(b"bob", 1))
        for found in [*crowd, late]:
            self.assertEqual(self.successResultOf(found), Login(b"alice", 1))

    def test_known(self) -> None:
        """
        One that was right is known at once, as is one that was wrong, and not another one; nor that one any more when
        the user has another.
        """
        self.tried(b"alice")
        self.tried(b"wrong")
        self.assertEqual(self.successResultOf(self.check(b"alice")), Login(b"alice", 1))
        self.assertIsNone(self.successResultOf(self.check(b"wrong")))
        self.assertEqual(len(self.lines), 2)
        self.assertNoResult(self.check(b"alicf"))
        self.thread.work()
        self.assertNoResult(self.check(b"alice", user=replace(self.alice, secret=secretOf(b"new"), since=2)))

    def test_neighbourWithTheSame(self) -> None:
        """
        Who comes with what somebody else waits to have tried, at an address where many were wrong, does not wait there.
        """
        self.guess()
        there = self.check(b"alice")
        self.assertFalse(self.thread.work())
        here = self.check(b"alice", "10.0.0.2")
        self.assertTrue(self.thread.work())
        for found in (here, there):
            self.assertEqual(self.successResultOf(found), Login(b"alice", 1))
        self.clock.advance(10)
        self.assertFalse(self.thread.work())

    def test_rightIsNotForgottenForWrong(self) -> None:
        """
        However many are wrong, the one that was right is known.
        """
        self.tried(b"alice")
        for number in range(10):
            self.tried(b"guess", user=user(b"u%d" % number))
        self.assertEqual(self.successResultOf(self.check(b"alice")), Login(b"alice", 1))

    def test_fewAreKnown(self) -> None:
        """
        That is kept of so many and no more: those that have come last.
        """
        for name in (b"a", b"b", b"c", b"d"):
            self.tried(name, user=user(name))
        for name in (b"d", b"c", b"b"):
            self.successResultOf(self.check(name, user=user(name)))
        self.assertNoResult(self.check(b"a", user=user(b"a")))

    def test_slowedDown(self) -> None:
        """
        After some that were wrong, those from there are tried ever more slowly, up to a pause that is no longer.
        """
        times = []
        for number in range(6):
            found = self.check(b"wrong%d" % number)
            for _ in patiently("it is tried"):
                if self.thread.work():
                    break
                self.clock.advance(0.5)
            times.append(self.clock.seconds())
            self.assertIsNone(self.successResultOf(found))
        self.assertEqual(times, [0.0, 0.0, 1.0, 3.0, 7.0, 11.0])

    def guess(self, count: int = 2, host: str = "10.0.0.1") -> None:
        """
        Guess wrong, so that the next guess has to wait.
        """
        for number in range(count):
            self.tried(b"guess %d at %b" % (number, host.encode()), host)

    def test_neighbours(self) -> None:
        """
        Another user at the same address does not wait for that, nor does anybody at another one.
        """
        self.guess()
        self.assertNoResult(self.check(b"again"))
        self.assertFalse(self.thread.work())
        self.assertEqual(self.tried(b"bob", user=user(b"bob")), Login(b"bob", 1))
        self.assertEqual(self.tried(b"alice", "10.0.0.2"), Login(b"alice", 1))

    def test_network(self) -> None:
        """
        All of an IPv6 network is one address.
        """
        self.guess(1, "2001:db8::1")
        self.tried(b"other", "2001:db8::2")
        self.check(b"again", "2001:db8::ffff")
        self.assertFalse(self.thread.work())
        self.check(b"and again", "2001:db8:0:1::1")
        self.assertTrue(self.thread.work())

    def test_forgiven(self) -> None:
        """
        After a while, the wrong ones are forgotten.
        """
        self.guess()
        self.clock.advance(60)
        self.guess()

    def test_turns(self) -> None:
        """
        Addresses have their turns, and at each the users: one that tries many keeps nobody waiting for all of them.
        """
        order: list[str] = []

        def told(login: Login | None, which: str) -> None:
            order.append(which)

        for which, host, name in (
            ("first", "a", b"x"),
            ("a x", "a", b"x"),
            ("a x again", "a", b"x"),
            ("a y", "a", b"y"),
            ("b", "b", b"x"),
        ):
            self.check(which.encode(), host, user(name)).addCallback(told, which)
        for _ in patiently("all are tried"):
            if len(order) == 5:
                break
            self.clock.advance(10)
            self.thread.work()
        self.assertEqual(order, ["first", "a x", "b", "a y", "a x again"])

    def test_tooMany(self) -> None:
        """
        So many may wait, and so many of one address; those beyond are refused at once.
        """
        waiting = [self.check(b"%d" % number) for number in range(5)]  # Of which one is being tried.
        self.failureResultOf(self.check(b"alice"), NotTried)
        waiting += [self.check(b"%d" % number, "10.0.0.2") for number in (5, 6)]
        self.failureResultOf(self.check(b"alice", "10.0.0.3"), NotTried)
        for found in waiting:
            self.assertNoResult(found)

    def test_noLongerWanted(self) -> None:
        """
        What nobody waits for any more is not tried, and takes up no room: those whose time was over, and who have gone.
        """
        for number in range(5):
            self.check(b"%d" % number)
        for asked in self.asked[1:3]:
            asked.answer(Unavailable())
        self.asked[3].session.isOver = True
        found = self.check(b"alice")
        tried = 0
        for _ in patiently("it is tried"):
            if found.called:
                break
            self.clock.advance(10)
            tried += self.thread.work()
        self.assertEqual(tried, 3)
        self.assertEqual(self.successResultOf(found), Login(b"alice", 1))

    def test_whoHasGone(self) -> None:
        """
        Of those who come with one token and go, few are remembered.
        """
        self.check(b"first")
        for _ in range(1000):
            self.check(b"alice")
            self.asked[-1].session.isOver = True
        ((trial,),) = [list(trials.values()) for trials in self.logins._trials._byKey.values()]
        self.assertLess(len(trial.waiters), 100)

    def test_fewGuessers(self) -> None:
        """
        Of so many addresses it is remembered, and no more.
        """
        for number in range(5):
            self.guess(2, f"10.0.0.{number}")
        self.check(b"again", "10.0.0.0")
        self.assertTrue(self.thread.work())
        self.check(b"and again", "10.0.0.4")
        self.assertFalse(self.thread.work())

    def test_failed(self) -> None:
        """
        One that cannot be tried is not known, which is no reason to try very many: operators are told, and the next
        ones are tried.
        """
        calls: list[Deferred[None]] = []

        def run(function: Callable[[], None]) -> Deferred[None]:
            calls.append(Deferred())
            return calls[-1]

        self.logins = Logins(run, self.clock, Trail(self.clock), LIMITS)
        found = [self.check(b"%d" % number) for number in range(3)]
        for number in range(2):
            calls[number].errback(Failure(MemoryError("no memory")))
            self.failureResultOf(found[number], NotTried)
        self.assertEqual(len(calls), 2)
        self.assertEqual(self.lines, ["a token could not be tried: no memory"] * 2)
        self.clock.advance(1)
        self.assertEqual(len(calls), 3)
