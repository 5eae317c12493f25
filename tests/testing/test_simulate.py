"""
Tests for what both tiers do about a run.
"""

from __future__ import annotations

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.set import Set
from replkv.testing import rare
from replkv.testing.faults import Fault
from replkv.testing.health import Health
from replkv.testing.history import Answer, Told
from replkv.testing.judge import Judge
from replkv.testing.linear.check import check, checkInTime
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.search import Undecided
from replkv.testing.outcome import Outcome, Violation
from replkv.testing.simulate import carryOut, only
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace


class OnlyTests(SynchronousTestCase):
    """
    Tests for L{only}.
    """

    def test_only(self) -> None:
        """
        Those that take part are known by their numbers, not by their places.
        """
        faults = tuple(Fault(number, "crash", 0.0, 1.0, (0,), False, 0.0) for number in (2, 3, 5))
        self.assertEqual(only(faults, None), faults)
        self.assertEqual(only(faults, [5, 2, 1]), (faults[0], faults[2]))
        self.assertEqual(only(faults, []), ())


class Cluster:
    """
    A cluster in which nothing happens.
    """

    def __init__(self) -> None:
        self.story: list[str] = []
        self.timeline = Timeline()
        self.trace = Trace(self.story.append)
        self.rare = Counter({rare.REDIRECT: 2})
        self.judge = Judge([], self.rare, Health(0, self.timeline.seconds), self.timeline.seconds)


class CarryOutTests(SynchronousTestCase):
    """
    Tests for L{carryOut}.
    """

    def setUp(self) -> None:
        """
        Nothing has run.
        """
        self.cluster = Cluster()
        self.outcome = Outcome("core", 7)

    def test_well(self) -> None:
        """
        What came of a run is read off the cluster when it is over.
        """
        digest = self.cluster.trace.digest

        def run() -> None:
            self.cluster.timeline.advance(3.0)
            self.cluster.trace.step(3.0, "something")

        carryOut(run, self.cluster, self.outcome)
        self.assertIsNone(self.outcome.violation)
        self.assertEqual((self.outcome.seconds, self.outcome.elections), (3.0, 0))
        self.assertEqual(self.outcome.digest, self.cluster.trace.digest)
        self.assertNotEqual(self.outcome.digest, digest)
        self.assertEqual(self.outcome.rare, {rare.REDIRECT: 2})
        self.assertEqual(self.cluster.story, [])

    def test_wrong(self) -> None:
        """
        What is wrong is told, and where that could not be found out; neither changes what the run is known by.
        """
        digest = self.cluster.trace.digest
        for error in (Violation("two leaders"), Undecided("too long")):

            def run(error: Exception = error) -> None:
                raise error

            carryOut(run, self.cluster, self.outcome)
            self.assertEqual(self.outcome.violation, str(error))
            self.assertIn(f"judge      VIOLATION: {error}", self.cluster.story.pop())
        self.assertEqual(self.outcome.digest, digest)

    def test_error(self) -> None:
        """
        An error of the simulation itself is for whoever runs it.
        """

        def run() -> None:
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, carryOut, run, self.cluster, self.outcome)


class CheckTests(SynchronousTestCase):
    """
    Tests for L{check} and L{checkInTime}.
    """

    def test_check(self) -> None:
        """
        Neither may versions be given twice, nor what was stored be gone; and it is told when that showed.
        """
        exact = ClockBound.exact(0)
        history = Outcome("core", 7).history
        history.answered(history.invoke(Set(b"k", 0, b"one", False), 1.0), Answer(Told.STORED, 7), 2.0)
        check(history, exact)
        checkInTime(history, exact)
        history.answered(history.invoke(Set(b"j", 0, b"two", False), 3.0), Answer(Told.STORED, 7), 4.0)
        self.assertRaises(Violation, check, history, exact)
        error = self.assertRaises(Violation, checkInTime, history, exact)
        self.assertIn("it shows first at 4.000 s", str(error))
