"""
Tests for the moment at which a history first breaks a promise.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.get import Get
from replkv.commands.set import Set
from replkv.testing.history import Answer, History, Told
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.moment import judgeInTime
from replkv.testing.linear.search import Undecided, checkLinearizable
from replkv.testing.outcome import Violation


def linearizable(history: History) -> None:
    """
    Judge it.
    """
    checkLinearizable(history, ClockBound.exact(0))


class JudgeInTimeTests(SynchronousTestCase):
    """
    Tests for L{judgeInTime}.
    """

    def setUp(self) -> None:
        """
        A value is stored and found, another one is lost, and a third was not stored.
        """
        self.history = History()
        stored = self.history.invoke(Set(b"k", 0, b"one", False), 1.0)
        self.history.answered(stored, Answer(Told.STORED, 7), 2.0)
        self.history.lost(self.history.invoke(Set(b"j", 0, b"two", False), 2.0), 3.0)
        self.history.failed(self.history.invoke(Set(b"k", 0, b"three", False), 3.0), 4.0)
        self.read(4.0, b"one")

    def read(self, time: float, value: bytes | None) -> None:
        """
        The key is read, within a second.
        """
        operation = self.history.invoke(Get(b"k"), time)
        answer = Answer(Told.NOT_FOUND) if value is None else Answer(Told.FOUND, None, value)
        self.history.answered(operation, answer, time + 1.0)

    def test_well(self) -> None:
        """
        Nothing is wrong.
        """
        judgeInTime(self.history, linearizable)

    def test_moment(self) -> None:
        """
        What is told is the first answer that fits nothing any more, whatever comes later.
        """
        self.read(6.0, None)
        self.read(8.0, b"one")
        self.read(9.0, None)
        error = self.assertRaises(Violation, judgeInTime, self.history, linearizable)
        self.assertEqual(
            str(error).splitlines()[-1], "it shows first at 7.000 s, when operation 4 is answered", str(error)
        )
        self.assertIn("not linearizable", str(error).splitlines()[0])

    def test_undecided(self) -> None:
        """
        Where it takes too long to tell of a part, the violation shows later.
        """

        def judge(history: History) -> None:
            if len(history.events) == len(self.history.events):
                raise Violation("all of it is wrong")
            raise Undecided("too much")

        error = self.assertRaises(Violation, judgeInTime, self.history, judge)
        self.assertEqual(str(error), "all of it is wrong\nit shows first at 5.000 s, when operation 3 is answered")
