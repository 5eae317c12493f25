"""
Tests for L{replkv.testing.sim.numbers}.
"""

from __future__ import annotations

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.sim.numbers import naturalNumber, numberList, positiveNumber, seedRange, writtenList


class NumbersTests(SynchronousTestCase):
    """
    Numbers on a command line.
    """

    def test_numbers(self) -> None:
        """
        A number is read; what is none, or too small, is refused by the option's name.
        """
        self.assertEqual(naturalNumber("seed", "0"), 0)
        self.assertEqual(positiveNumber("jobs", "12"), 12)
        for text in ("", "-1", "+1", "1.5", " 1", "1_0", "\u0661", "x"):
            for read in (naturalNumber, positiveNumber):
                error = self.assertRaises(UsageError, read, "jobs", text)
                self.assertIn(f"--jobs must be a whole number, not {text!r}".partition(",")[0], str(error))
        self.assertRaises(UsageError, positiveNumber, "jobs", "0")

    def test_ranges(self) -> None:
        """
        A range does not have its end; one that is empty is refused.
        """
        self.assertEqual(seedRange("seeds", "3:1000"), range(3, 1000))
        for text in ("", "5", ":5", "5:", "5:5", "6:5", "-1:5", "1:2:3", "a:b"):
            error = self.assertRaises(UsageError, seedRange, "seeds", text)
            self.assertEqual(str(error), f"--seeds must be FIRST:END with FIRST below END, as in 0:1000, not {text!r}")

    def test_lists(self) -> None:
        """
        A list is put in order; none is a list too.
        """
        self.assertEqual(numberList("faults", "5,3,10,3"), (3, 5, 10))
        self.assertEqual(numberList("faults", "none"), ())
        for text in ("", "1,", ",", "1, 2", "1;2", "none,1"):
            error = self.assertRaises(UsageError, numberList, "faults", text)
            self.assertIn(f", or none, not {text!r}", str(error))

    def test_written(self) -> None:
        """
        What is written is read as the same.
        """
        for numbers in ((), (0,), (3, 5, 10)):
            self.assertEqual(numberList("faults", writtenList(numbers)), numbers)
