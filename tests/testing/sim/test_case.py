"""
Tests for L{replkv.testing.sim.case}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.sim.case import Case
from tests.testing.sim.fake import FAKE, ODD


class CaseTests(SynchronousTestCase):
    """
    A run and its name.
    """

    def test_command(self) -> None:
        """
        The command names no more than what is not the default.
        """
        self.assertEqual(Case(FAKE, 17).command, "replkv sim --tier fake --seed 17 -v")
        self.assertEqual(
            Case(FAKE, 17, (3, 5), ()).command, "replkv sim --tier fake --seed 17 --faults 3,5 --clients none -v"
        )

    def test_simulate(self) -> None:
        """
        The tier is given all that there is.
        """
        story: list[str] = []
        outcome = Case(FAKE, 17, (3, 5), (2,)).simulate(story.append)
        self.assertEqual(outcome.violation, "seed 17 broke a promise\nin detail")
        self.assertEqual(len(story), 2)
        self.assertIsNone(Case(FAKE, 17, (3,), (2,)).simulate().violation)
        self.assertIsNone(Case(FAKE, 17, (3, 5), ()).simulate().violation)

    def test_raises(self) -> None:
        """
        What the simulation raises, a wish to leave included, is a violation, with where it comes from.
        """
        outcome = Case(ODD, 1).simulate()
        violation = outcome.violation or ""
        self.assertTrue(violation.startswith("the simulation raised SystemExit('a server wanted to go')\n"))
        self.assertIn("in simulateOddly", violation)
        self.assertEqual((outcome.tier, outcome.seed), ("odd", 1))
