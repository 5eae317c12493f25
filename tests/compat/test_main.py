"""
Tests for L{tests.compat.__main__}.
"""

from __future__ import annotations

from argparse import ArgumentTypeError

from twisted.trial.unittest import SynchronousTestCase

from tests.compat.__main__ import chosen, parsed
from tests.compat.running import ROOT
from tests.compat.suites.catalog import SUITES


class ParsedTests(SynchronousTestCase):
    """
    Tests for L{parsed}.
    """

    def test_default(self) -> None:
        """
        Without any word, all suites run, against this very tree.
        """
        arguments = parsed([])
        self.assertEqual((arguments.suites, arguments.tree), (SUITES, ROOT))
        self.assertFalse(arguments.slice or arguments.write or arguments.stand_in)

    def test_suites(self) -> None:
        """
        Some may be named. What none is called is refused.
        """
        names = ["tooz", "Django, PyLibMCCache"]
        self.assertEqual([suite.name for suite in parsed(["--suites", ";".join(names)]).suites], names)
        self.assertRaises(ArgumentTypeError, chosen, "tooz;Django")
