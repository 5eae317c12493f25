"""
Tests for L{replkv.printable}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.printable import printable


class PrintableTests(SynchronousTestCase):
    """
    Tests for L{printable}.
    """

    def test_plain(self) -> None:
        """
        What can be printed stays as it is.
        """
        self.assertEqual(printable("a b: é, 日"), "a b: é, 日")

    def test_escaped(self) -> None:
        """
        What would break a line, or move a cursor, is escaped; so is half of a surrogate pair, which no stream takes.
        """
        self.assertEqual(printable("a\nb\x1b[31m\u202e\udc80"), "a\\nb\\x1b[31m\\u202e\\udc80")

    def test_long(self) -> None:
        """
        What is too long is shortened, by its length as it is shown.
        """
        self.assertEqual(printable("a" * 10, 10), "a" * 10)
        self.assertEqual(printable("a" * 11, 10), "aaaaaaa...")
        self.assertEqual(printable("\n" * 6, 10), "\\n\\n\\n\\...")
