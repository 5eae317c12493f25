"""
Tests of the transcripts' own format.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import unittest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.transcript import NOTHING, WRITE, BadTranscript, anew, difference, told

STORY = """\
# How numbers are doubled.

2
----
4

# Several
3
# at once.
4
----
6
8
"""


def double(command: str) -> list[str]:
    """
    Carry out a command that is a number. Of 0 nothing comes.
    """
    number = int(command)
    return [str(2 * number)] if number else []


class AnewTests(SynchronousTestCase):
    """
    What comes of the commands is written behind them, and all else stays.
    """

    def test_same(self) -> None:
        """
        Where all is as it was, so is the transcript.
        """
        self.assertEqual(anew(STORY, double), STORY)

    def test_another(self) -> None:
        """
        What was written there before has no say, however long or short it is.
        """
        for before in ("", "5\n", "4\n4\n# no comment\n----\n"):
            self.assertEqual(anew(STORY.replace("4\n\n", before + "\n", 1), double), STORY)

    def test_nothing(self) -> None:
        """
        It is said where nothing comes.
        """
        self.assertEqual(anew("0\n----\n", double), f"0\n----\n{NOTHING}\n")

    def test_noCommand(self) -> None:
        """
        What the runner does not understand is told with its place.
        """
        error = self.assertRaises(BadTranscript, anew, "2\ntwo\n----\n", double, "story.txt")
        self.assertIn("story.txt:2: two: invalid literal", str(error))

    def test_noDashes(self) -> None:
        """
        Commands without dashes behind them would never be carried out.
        """
        for text in ("2\n----\n4\n\n\n3\n", "2\n----\n4\n\n\n3\n\n4\n----\n8\n"):
            error = self.assertRaises(BadTranscript, anew, text, double, "story.txt")
            self.assertEqual(str(error), "story.txt:6: there are no dashes after the commands")

    def test_noCommands(self) -> None:
        """
        Dashes without commands before them are a mistake.
        """
        error = self.assertRaises(BadTranscript, anew, "# two\n----\n4\n", double, "story.txt")
        self.assertEqual(str(error), "story.txt:2: there is no command before the dashes")


class DifferenceTests(SynchronousTestCase):
    """
    A difference can be read.
    """

    def test_none(self) -> None:
        """
        Where there is none, nothing is told.
        """
        self.assertEqual(difference(STORY, STORY, "story.txt"), "")

    def test_place(self) -> None:
        """
        The first line of it names the file and the line, as editors understand it; then comes all that differs.
        """
        lines = difference(STORY.replace("6\n", "5\n"), STORY, "story.txt").splitlines()
        self.assertTrue(lines[0].startswith("story.txt:12: "), lines[0])
        self.assertIn("-5", lines)
        self.assertIn("+6", lines)

    def test_end(self) -> None:
        """
        Lines that are missing at the end are a difference too.
        """
        lines = difference(STORY.removesuffix("8\n"), STORY, "story.txt").splitlines()
        self.assertTrue(lines[0].startswith("story.txt:13: "), lines[0])


class ToldTests(SynchronousTestCase):
    """
    Each file of a folder is a test.
    """

    def play(self, text: str, write: str) -> tuple[unittest.TestResult, str]:
        """
        Run a transcript as a test.

        @return: its result, and the file as it is after that.
        """
        # Not trial's own: under pytest, those are left where the tests were started.
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "doubled.txt"
        path.write_text(text)

        @told(folder, lambda: double)
        class Stories(SynchronousTestCase):
            pass

        self.patch(os, "environ", {WRITE: write})
        result = unittest.TestResult()
        Stories("test_doubled").run(result)
        return result, path.read_text()

    def test_passes(self) -> None:
        """
        It passes where what comes is what is written.
        """
        result, text = self.play(STORY, "")
        self.assertEqual((result.testsRun, result.wasSuccessful(), text), (1, True, STORY))

    def test_fails(self) -> None:
        """
        It fails where something else comes, tells the difference, and leaves the file alone.
        """
        wrong = STORY.replace("6\n", "5\n")
        result, text = self.play(wrong, "")
        [(_, message)] = result.failures
        self.assertIn("doubled.txt:12: something else has come", message)
        self.assertEqual(text, wrong)

    def test_writes(self) -> None:
        """
        Where it is told to, it writes what comes into the file instead.
        """
        result, text = self.play(STORY.replace("6\n", "5\n"), "1")
        self.assertEqual((result.wasSuccessful(), text), (True, STORY))

    def test_empty(self) -> None:
        """
        A folder without transcripts would prove nothing.
        """
        self.assertRaises(AssertionError, told(Path("/nowhere"), lambda: double), SynchronousTestCase)
