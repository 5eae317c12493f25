"""
Tests for L{replkv.testing.sim.progress}.
"""

from __future__ import annotations

import io

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.sim.progress import progress


class Terminal(io.StringIO):
    """
    A stream that is a terminal.
    """

    def isatty(self) -> bool:
        """
        It is.
        """
        return True


class ProgressTests(SynchronousTestCase):
    """
    What is shown.
    """

    def test_file(self) -> None:
        """
        Into a file goes a line for each tenth.
        """
        stream = io.StringIO()
        said: list[str] = []
        shown = progress(2000, stream, said.append)
        for number in range(2000):
            shown.advance(1 if number >= 500 else 0)
        shown.say("seed 17 failed")
        shown.close()
        lines = stream.getvalue().splitlines()
        self.assertEqual(lines[1:3], ["400 of 2,000 runs, 0 failed", "600 of 2,000 runs, 1 failed"])
        self.assertEqual((len(lines), lines[-1]), (10, "2,000 of 2,000 runs, 1 failed"))
        self.assertEqual(said, ["seed 17 failed"])

    def test_fewRuns(self) -> None:
        """
        Of a few runs, each has a line, and no more than one.
        """
        stream = io.StringIO()
        shown = progress(3, stream, lambda line: None)
        for _ in range(3):
            shown.advance(0)
        self.assertEqual(stream.getvalue().splitlines(), [f"{done} of 3 runs, 0 failed" for done in (1, 2, 3)])

    def test_terminal(self) -> None:
        """
        On a terminal there is a bar. It makes room for what is said meanwhile, and is gone in the end.
        """
        stream = Terminal()
        shown = progress(20, stream, lambda line: print(line, file=stream))
        self.assertIn("0/20", stream.getvalue())
        shown.advance(1)
        shown.say("seed 17 failed")
        before, _, after = stream.getvalue().partition("seed 17 failed\n")
        self.assertTrue(before.endswith("\r"), before)
        self.assertIn("1/20", after)
        self.assertIn("1 failed", after)
        shown.close()
        self.assertTrue(stream.getvalue().endswith("\r"))
