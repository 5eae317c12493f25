"""
Tests for L{replkv.node.logins}.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.limits import NODE_LIMITS
from replkv.node.logins import Logins, NotTried
from replkv.users.user import Login, User
from tests.logged import logged
from tests.node.thread import Thread
from tests.users.people import secretOf, user

LIMITS = replace(
    NODE_LIMITS,
    logins=5,
    knownTokens=2,
    freeFailures=2,
    loginPause=1.0,
    loginDoublings=2,
    failureSeconds=60.0,
    failingAddresses=3,
)


class LoginTests(SynchronousTestCase):
    """
    Tests for who is believed to be a user.
    """

    def setUp(self) -> None:
        """
        There is a user.
        """
        self.clock = Clock()
        self.thread = Thread()
        self.logins = Logins(self.thread.run, self.clock, LIMITS)
        self.alice = user(b"alice")

    def check(self, token: bytes, host: str = "10.0.0.1", user: User | None = None) -> Deferred[Login | None]:
        """
        Have a token tried.
        """
        return self.logins.check(host, user or self.alice, token)

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

    def test_wrong(self) -> None:
        """
        Any other is not.
        """
        self.assertIsNone(self.tried(b"bob"))
        self.assertIsNone(self.tried(b""))

    def test_nobody(self) -> None:
        """
        Where there is no such user, it takes a look in the thread all the same.
        """
        found = self.logins.check("10.0.0.1", None, b"alice")
        self.assertNoResult(found)
        self.assertTrue(self.thread.work())
        self.assertIsNone(self.successResultOf(found))

    def test_oneAtATime(self) -> None:
        """
        One token is tried at a time: it takes much memory.
        """
        names = [b"alice", b"bob", b"carol"]
        found = [self.check(name, f"10.0.0.{number}", user(name)) for number, name in enumerate(names)]
        self.assertEqual(self.thread.waiting, 1)
        while self.thread.work():
            self.assertLessEqual(self.thread.waiting, 1)
        self.assertEqual([self.successResultOf(each) for each in found], [Login(name, 1) for name in names])

    def test_known(self) -> None:
        """
        One that was right is known at once, and not another one; nor that one any more when the user has another.
        """
        self.tried(b"alice")
        self.assertEqual(self.successResultOf(self.check(b"alice")), Login(b"alice", 1))
        self.assertNoResult(self.check(b"alicf"))
        self.thread.work()
        self.assertNoResult(self.check(b"alice", user=replace(self.alice, secret=secretOf(b"new"), since=2)))

    def test_alike(self) -> None:
        """
        Of those that come with the same token at once, one is tried; all others are tried as ever.
        """
        alike = [self.check(b"alice", host) for host in ("10.0.0.1", "10.0.0.1", "10.0.0.2")]
        wrong = self.check(b"bob")
        other = self.check(b"alice", "10.0.0.3", user(b"bob"))
        former = self.check(b"alice", user=replace(self.alice, secret=secretOf(b"new"), since=2))
        self.thread.work()
        for found in alike:
            self.assertEqual(self.successResultOf(found), Login(b"alice", 1))
        for found in (wrong, other, former):
            self.assertNoResult(found)
        while self.thread.work():
            self.clock.advance(10)
        for found in (wrong, other, former):
            self.assertIsNone(self.successResultOf(found))
        waiting = [self.check(b"wrong") for _ in range(6)]
        self.assertEqual(len([found for found in waiting if found.called]), 0)
        self.failureResultOf(self.check(b"wrong"), NotTried)

    def test_oneIsTried(self) -> None:
        """
        And so nothing of them is left to be tried.
        """
        for _ in range(3):
            self.check(b"alice")
        self.thread.work()
        self.assertFalse(self.thread.work())

    def test_fewAreKnown(self) -> None:
        """
        That is kept of so many users and no more: those who have logged in last.
        """
        for name in (b"a", b"b", b"c"):
            self.tried(name, user=user(name))
        self.successResultOf(self.check(b"c", user=user(b"c")))
        self.successResultOf(self.check(b"b", user=user(b"b")))
        self.assertNoResult(self.check(b"a", user=user(b"a")))

    def test_slowedDown(self) -> None:
        """
        After some that were wrong, those from there are tried ever more slowly, up to a pause that is no longer.
        """
        times = []
        for _ in range(6):
            found = self.check(b"wrong")
            while not self.thread.work():
                self.clock.advance(0.5)
            times.append(self.clock.seconds())
            self.assertIsNone(self.successResultOf(found))
        self.assertEqual(times, [0.0, 0.0, 1.0, 3.0, 7.0, 11.0])

    def test_rightAfterWrong(self) -> None:
        """
        One that is known to be right does not wait for that; nor do those from elsewhere.
        """
        self.tried(b"alice")
        for _ in range(2):
            self.tried(b"wrong")
        self.assertNoResult(self.check(b"wrong"))
        self.successResultOf(self.check(b"alice"))
        self.assertEqual(self.tried(b"bob", "10.0.0.2", user(b"bob")), Login(b"bob", 1))

    def test_network(self) -> None:
        """
        All of an IPv6 network is one address.
        """
        for number in range(2):
            self.tried(b"wrong", f"2001:db8::{number}")
        self.assertNoResult(self.check(b"wrong", "2001:db8::ffff"))
        self.assertFalse(self.thread.work())
        self.check(b"wrong", "2001:db8:0:1::1")
        self.assertTrue(self.thread.work())

    def test_forgiven(self) -> None:
        """
        After a while, the wrong ones are forgotten.
        """
        self.tried(b"wrong")
        self.tried(b"wrong")
        self.clock.advance(60)
        self.assertIsNone(self.tried(b"wrong"))
        self.assertIsNone(self.tried(b"wrong"))

    def test_turns(self) -> None:
        """
        Addresses have their turns: one that tries many keeps nobody waiting for all of them.
        """
        order: list[str] = []

        def told(login: Login | None, host: str) -> None:
            order.append(host)

        for number, host in enumerate(("a", "a", "a", "b")):
            self.check(b"wrong%d" % number, host).addCallback(told, host)
        while self.thread.work():
            pass
        self.clock.advance(10)
        while self.thread.work():
            self.clock.advance(10)
        self.assertEqual(order[:3].count("b"), 1)
        self.assertEqual(len(order), 4)

    def test_tooMany(self) -> None:
        """
        So many may wait; those beyond are refused at once.
        """
        waiting = [self.check(b"wrong") for _ in range(6)]
        self.failureResultOf(self.check(b"alice", "10.0.0.2"), NotTried)
        for found in waiting:
            self.assertNoResult(found)

    def test_fewAddresses(self) -> None:
        """
        Of so many addresses it is remembered, and no more.
        """
        for number in range(5):
            self.tried(b"wrong", f"10.0.0.{number}")
            self.tried(b"wrong", f"10.0.0.{number}")
        self.check(b"wrong", "10.0.0.0")
        self.assertTrue(self.thread.work())
        self.check(b"wrong", "10.0.0.4")
        self.assertFalse(self.thread.work())

    def test_failed(self) -> None:
        """
        One that cannot be tried is refused, the operator is told, and the next ones are tried.
        """
        lines = logged(self)
        calls: list[Deferred[None]] = []

        def run(function: object) -> Deferred[None]:
            calls.append(Deferred())
            return calls[-1]

        logins = Logins(run, self.clock, LIMITS)
        first, second = logins.check("a", self.alice, b"alice"), logins.check("b", self.alice, b"alice")
        calls[0].errback(Failure(MemoryError("no memory")))
        self.failureResultOf(first, NotTried)
        self.assertEqual(len(calls), 2)
        self.assertNoResult(second)
        self.assertEqual(lines, ["a token could not be tried: no memory"])
