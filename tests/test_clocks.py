"""
Tests for the clocks of the machine.
"""

from __future__ import annotations

import time

from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock
from twisted.python.runtime import seconds as timeOfDay
from twisted.trial.unittest import SynchronousTestCase

from replkv import clocks
from replkv.clocks import bootId, bootTime, countForward


class _Reactor(ReactorBase):
    """
    A reactor that waits for nothing.

    @ivar waits: for how long it would have waited for the next call, each time.
    """

    def installWaker(self) -> None:
        """
        There is nothing to be woken from.
        """


class CountForwardTests(SynchronousTestCase):
    """
    Tests for L{countForward}.
    """

    def setUp(self) -> None:
        """
        A reactor of Twisted, on clocks that are set by the test.
        """
        self.boot = 50.0
        self.wall = 1_700_000_000.0
        self.calls: list[str] = []
        self.reactor = _Reactor()
        self.patch(clocks, "bootTime", lambda: self.boot)

        def seconds() -> float:
            return self.wall

        self.patch(clocks, "timeOfDay", seconds)
        self.reactor.seconds = seconds

    def passes(self, seconds: float, wall: float) -> None:
        """
        Time passes, and the time of day says something of its own.
        """
        self.boot += seconds
        self.wall += wall
        self.reactor.runUntilCurrent()

    def test_setBack(self) -> None:
        """
        Calls are made when they are due, though the time of day is set back by an hour: those that wait already too.
        """
        self.reactor.callLater(3, self.calls.append, "before")
        self.passes(1, 1)
        countForward(self.reactor)
        self.reactor.callLater(3, self.calls.append, "after")
        self.passes(1.9, -3600)
        self.assertEqual(self.calls, [])
        self.assertAlmostEqual(self.reactor.timeout(), 0.1, places=5)
        self.passes(0.1, 0.1)
        self.assertEqual(self.calls, ["before"])
        self.passes(1, 0)
        self.assertEqual(self.calls, ["before", "after"])

    def test_setForward(self) -> None:
        """
        Nor are they made too early.
        """
        countForward(self.reactor)
        self.reactor.callLater(3, self.calls.append, "call")
        self.passes(2.9, 3600)
        self.assertEqual(self.calls, [])
        self.passes(0.1, 0)
        self.assertEqual(self.calls, ["call"])

    def test_twice(self) -> None:
        """
        To ask for it twice changes nothing.
        """
        countForward(self.reactor)
        self.passes(5, -3600)
        before = self.reactor.seconds()
        countForward(self.reactor)
        self.assertEqual(self.reactor.seconds(), before)

    def test_others(self) -> None:
        """
        A reactor that counts by anything else is left alone, such as a test's.
        """
        clock = Clock()
        countForward(clock)
        self.assertEqual(clock.seconds(), 0)
        clock.advance(2)
        self.assertEqual(clock.seconds(), 2)


class MachineTests(SynchronousTestCase):
    """
    Tests for what the machine says.
    """

    def test_twistedCountsByTheTimeOfDay(self) -> None:
        """
        Reactors count by the very function that L{countForward} looks for.
        """
        self.assertIs(_Reactor().seconds, timeOfDay)

    def test_bootTime(self) -> None:
        """
        It goes forward, and not behind the monotonic clock, which stands still while the machine is suspended.
        """
        monotonic = time.monotonic()
        first, second = bootTime(), bootTime()
        self.assertLessEqual(monotonic, first)
        self.assertLessEqual(first, second)

    def test_bootId(self) -> None:
        """
        It is the same as long as the machine runs, and empty where the system tells none.
        """
        self.assertEqual(bootId(), bootId())
        self.assertEqual(bootId("/nowhere/boot_id"), "")
