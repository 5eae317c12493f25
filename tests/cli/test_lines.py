"""
Tests for L{replkv.cli.lines}. A real terminal is in C{tests/processes}.
"""

from __future__ import annotations

from replkv.cli.grammar import GrammarError
from replkv.cli.lines import PipedLines, completions
from tests.cli.streams import StreamCase


class PipedLinesTests(StreamCase):
    """
    Tests for L{PipedLines}.
    """

    def test_lines(self) -> None:
        """
        A line ends in LF or CRLF, which is no part of it; the last needs no end.
        """
        self.input(b"get a\r\n\n\xff\r\r\nget b")
        piped = PipedLines(prompt=False)
        self.assertEqual([piped.read() for _ in range(6)], [b"get a", b"", b"\xff\r", b"get b", None, None])
        self.assertEqual(self.errors.getvalue(), b"")

    def test_prompt(self) -> None:
        """
        A person whose output goes into a file has a prompt all the same.
        """
        self.input(b"get a\n")
        PipedLines(prompt=True).read()
        self.assertEqual((self.output.getvalue(), self.errors.getvalue()), (b"", b"replkv> "))

    def test_long(self) -> None:
        """
        A line that is too long is a mistake, whose rest is passed over.
        """
        self.input(b"123456789\n1234567890\nget a\n" + b"x" * 100 + b"\nget b\n" + b"x" * 100)
        piped = PipedLines(prompt=False, most=10)
        self.assertEqual(piped.read(), b"123456789")
        self.assertRaises(GrammarError, piped.read)
        self.assertEqual(piped.read(), b"get a")
        self.assertRaises(GrammarError, piped.read)
        self.assertEqual(piped.read(), b"get b")
        self.assertRaises(GrammarError, piped.read)
        self.assertIsNone(piped.read())


class CompletionsTests(StreamCase):
    """
    Tests for L{completions}.
    """

    def test_commands(self) -> None:
        """
        Commands are completed where one can stand.
        """
        self.assertEqual(completions("", "get"), ["get ", "getm ", "gets "])
        self.assertEqual(completions("  ", "q"), ["quit "])
        self.assertEqual(completions("help ", "se"), ["set "])
        self.assertEqual(completions("get ", "se"), [])
        self.assertEqual(completions("help set ", "se"), [])
