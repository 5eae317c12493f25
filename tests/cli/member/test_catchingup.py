"""
Tests for L{replkv.cli.member.catchingup}.
"""

from __future__ import annotations

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.member.catchingup import progressOf


class Terminal(io.StringIO):
    """
    A stream that says that it is a terminal.
    """

    def isatty(self) -> bool:
        """
        See L{io.IOBase.isatty}.
        """
        return True


class ProgressTests(SynchronousTestCase):
    """
    Tests for what is shown.
    """

    def shown(self, stream: io.StringIO) -> str:
        """
        Let a server catch up.

        @return: what is shown on the stream.
        """
        self.patch(sys, "stderr", stream)
        progress = progressOf(4, stream)
        progress.say("start it")
        for index in (0, 1, 150, 1000, 1990):
            progress.show(index, 2000)
        progress.say("it is silent")
        progress.show(2000, 2000)
        progress.close()
        return stream.getvalue()

    def test_lines(self) -> None:
        """
        In a file, there is a line for each tenth of the log that it has reached.
        """
        self.assertEqual(
            self.shown(io.StringIO()).splitlines(),
            [
                "start it",
                "server 4 has 0 of 2,000 entries",
                "server 4 has 1,000 of 2,000 entries",
                "server 4 has 1,990 of 2,000 entries",
                "it is silent",
                "server 4 has 2,000 of 2,000 entries",
            ],
        )

    def test_bar(self) -> None:
        """
        On a terminal, there is a bar, which goes in the end; and what is said stays.
        """
        shown = self.shown(Terminal())
        self.assertTrue(shown.startswith("start it\n"), shown)
        self.assertIn("server 4:  50%", shown)
        self.assertIn("it is silent\n", shown)
        self.assertTrue(shown.endswith("\r"), repr(shown[-80:]))

    def test_neverShown(self) -> None:
        """
        Where there was nothing to show, there is no bar.
        """
        stream = Terminal()
        progressOf(4, stream).close()
        self.assertEqual(stream.getvalue(), "")

    def test_emptyLog(self) -> None:
        """
        A log may have no entries yet.
        """
        stream = io.StringIO()
        self.patch(sys, "stderr", stream)
        progressOf(4, stream).show(0, 0)
        self.assertEqual(stream.getvalue(), "server 4 has 0 of 0 entries\n")
