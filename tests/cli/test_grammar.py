"""
Tests for L{replkv.cli.grammar}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.grammar import GrammarError, Word, shown, words


class WordsTests(SynchronousTestCase):
    """
    Tests for L{words}.
    """

    def test_bare(self) -> None:
        """
        A word that begins with no quote is what was typed: quotes and backslashes within it, and bytes in no encoding.
        """
        for line, expected in [
            (b"", []),
            (b" \t ", []),
            (b"set k v", [b"set", b"k", b"v"]),
            (b"  set\tk   v  ", [b"set", b"k", b"v"]),
            (b'{"a":1}', [b'{"a":1}']),
            (rb"C:\temp \n", [rb"C:\temp", rb"\n"]),
            (b"it's 5\"", [b"it's", b'5"']),
            (b"\xff\x00\xc2\xa0\r", [b"\xff\x00\xc2\xa0\r"]),
        ]:
            self.assertEqual(words(line), [Word(word, quoted=False) for word in expected], line)

    def test_quoted(self) -> None:
        """
        Between single quotes all is as it stands; between double quotes there are escapes.
        """
        for line, expected in [
            (b"''", b""),
            (b'""', b""),
            (b"'a  b'", b"a  b"),
            (rb"""'a "\n" b'""", rb'a "\n" b'),
            (b'"it\'s"', b"it's"),
            (rb'"\n\r\t\\\"\x00\xfF"', b'\n\r\t\\"\x00\xff'),
            (rb'"\\x41"', rb"\x41"),
            (rb'"\x414"', b"A4"),
        ]:
            self.assertEqual(words(line), [Word(expected, quoted=True)], line)

    def test_mistakes(self) -> None:
        """
        A quote that is not closed, one that is closed too early and an escape that stands for nothing are told apart.
        """
        for line, reason in [
            (b"set k 'a", "a quote is not closed"),
            (b'"', "a quote is not closed"),
            (rb'"a\"', "a quote is not closed"),
            (b"'a'b", "a space must follow a closing quote"),
            (b"'a''b'", "a space must follow a closing quote"),
            (rb'"C:\temp\q"', "between double quotes \\q stands for nothing: write \\\\ for a backslash"),
            (rb'"\x4"', "between double quotes \\x stands for nothing: write \\\\ for a backslash"),
        ]:
            self.assertEqual(str(self.assertRaises(GrammarError, words, line)), reason, line)

    @settings(derandomize=True, deadline=None)
    @given(st.lists(st.binary()))
    def test_anyWords(self, values: list[bytes]) -> None:
        """
        Every value can be typed: with all its bytes in hexadecimal.
        """
        line = b" ".join(b'"%b"' % b"".join(b"\\x%02x" % byte for byte in value) for value in values)
        self.assertEqual(words(line), [Word(value, quoted=True) for value in values])


class ShownTests(SynchronousTestCase):
    """
    Tests for L{shown}.
    """

    def test_text(self) -> None:
        """
        Text is shown as it is, in several lines if it has them.
        """
        for text in ("", "hello", 'C:\\temp "x"', "a\n\tb", "é 漢"):
            self.assertEqual(shown(text.encode()), text)

    def test_notText(self) -> None:
        """
        What is no text is shown between quotes, and does a terminal no harm.
        """
        for value, text in [
            (b"\xff", r'"\xff"'),
            (b'\x00"\\\r\n\t', r'"\x00\"\\\r\n\t"'),
            (b"\x1b[31m", r'"\x1b[31m"'),
            ("é\u202e".encode(), r'"é\xe2\x80\xae"'),
        ]:
            self.assertEqual(shown(value), text)

    @settings(derandomize=True, deadline=None)
    @given(st.binary())
    def test_typedBack(self, value: bytes) -> None:
        """
        What is shown between quotes is that value when it is typed.
        """
        text = shown(value)
        if text.encode() != value:
            self.assertEqual(words(text.encode()), [Word(value, quoted=True)])
