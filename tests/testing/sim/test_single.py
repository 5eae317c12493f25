"""
Tests for L{replkv.testing.sim.single}.
"""

from __future__ import annotations

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.sim.case import Case
from replkv.testing.sim.single import tellRun
from tests.testing.sim.fake import FAKE, ODD


class TellRunTests(SynchronousTestCase):
    """
    Tests for L{tellRun}.
    """

    def told(self, case: Case, verbose: bool = False) -> list[str]:
        """
        Run a case.

        @return: what was told.
        """
        lines: list[str] = []
        tellRun(case, lines.append, verbose)
        return lines

    def test_passed(self) -> None:
        """
        The sums are told, and at the end the verdict and the digest, which is the same each time.
        """
        lines = self.told(Case(FAKE, 16))
        self.assertEqual(lines[0], "fake tier, seed 16: 3 servers, 8 faults, 4 clients")
        self.assertIn("operations judged    4 (1 ok, 1 failed, 2 unknown)", lines)
        self.assertEqual(lines[-2], "passed")
        self.assertRegex(lines[-1], "^digest [0-9a-f]{32}$")
        self.assertEqual(self.told(Case(FAKE, 16)), lines)
        self.assertNotEqual(self.told(Case(FAKE, 15))[-1], lines[-1])

    def test_failed(self) -> None:
        """
        A violation is told in full.
        """
        lines = self.told(Case(FAKE, 17, (3, 5), (2,)))
        self.assertEqual(lines[0], "fake tier, seed 17: 3 servers, 2 of 8 faults, 1 of 4 clients")
        self.assertEqual(lines[-2], "failed: seed 17 broke a promise\nin detail")

    def test_story(self) -> None:
        """
        The story comes first, line by line, where it is asked for.
        """
        lines = self.told(Case(FAKE, 16, (3, 5)), verbose=True)
        self.assertEqual(lines[0], "    3.000 s  network    fault 3 of seed 16")
        self.assertEqual(lines[1], "    5.000 s  network    fault 5 of seed 16")
        self.assertEqual(lines[2:], self.told(Case(FAKE, 16, (3, 5))))

    def test_unknownNumbers(self) -> None:
        """
        A fault or a client that the seed does not have is a mistake, since what was asked for was not run.
        """
        error = self.assertRaises(UsageError, self.told, Case(FAKE, 16, (3, 8)))
        self.assertEqual(str(error), "seed 16 has 8 faults, from 0 on: there is no fault 8")
        error = self.assertRaises(UsageError, self.told, Case(FAKE, 16, None, (4,)))
        self.assertEqual(str(error), "seed 16 has 4 clients, from 0 on: there is no client 4")
        self.assertEqual(self.told(Case(FAKE, 16, (7,), (3,)))[-2], "passed")

    def test_raised(self) -> None:
        """
        Where the simulation raises, that is told, whatever numbers were asked for.
        """
        lines = self.told(Case(ODD, 1, (3,), ()))
        self.assertIn("failed: the simulation raised SystemExit", lines[-2])
        self.assertEqual(lines[-1], "digest none")

    def test_listenerGone(self) -> None:
        """
        When nobody reads the story any more, that is raised in the end, and not into the simulation.
        """
        told = []

        def say(line: str) -> None:
            told.append(line)
            raise BrokenPipeError

        self.assertRaises(BrokenPipeError, tellRun, Case(FAKE, 17), say, True)
        self.assertEqual(told, ["    0.000 s  network    fault 0 of seed 17"])
