"""
What the tests of the linearizability checker stand on.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.search import MOST_PREFIXES, checkLinearizable
from replkv.testing.outcome import Violation
from tests.testing.asked import Asked, historyOf

EXACT = ClockBound.exact(0.1)
WILD = ClockBound.wild()


class LinearTestCase(SynchronousTestCase):
    """
    Has the checker judge.
    """

    def accepted(self, *asked: Asked, clocks: ClockBound = EXACT, most: int = MOST_PREFIXES) -> None:
        """
        Assert that one store can have answered so.
        """
        checkLinearizable(historyOf(*asked), clocks, most)

    def rejected(self, *asked: Asked, clocks: ClockBound = EXACT, most: int = MOST_PREFIXES) -> str:
        """
        Assert that no store can have answered so.

        @return: the reason that is given.
        """
        return str(self.assertRaises(Violation, checkLinearizable, historyOf(*asked), clocks, most))
