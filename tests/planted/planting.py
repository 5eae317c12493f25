"""
What the tests that plant mistakes stand on.
"""

from __future__ import annotations

import unittest

from twisted.trial.unittest import SynchronousTestCase

from tests.compiled import requireReplaceable
from tests.planted.bugs import BUGS


class PlantingTests(SynchronousTestCase):
    """
    Every test of a subclass plants one mistake, and requires that ordinary tests notice it.
    """

    def plant(self, name: str) -> None:
        """
        Plant the bug of that name, for this test.
        """
        (bug,) = [bug for bug in BUGS if bug.name == name]
        requireReplaceable(*(patch.owner for patch in bug.patches))
        for owner, attribute, value in bug.patches:
            self.patch(owner, attribute, value)

    def assertCaught(self, case: type[SynchronousTestCase], *names: str) -> None:
        """
        The tests C{names} of C{case} fail: they do not break, nor pass.
        """
        for name in names:
            result = unittest.TestResult()
            case(name).run(result)
            self.assertEqual(result.errors, [])
            self.assertEqual(len(result.failures), 1, f"{name} did not notice")
