"""
Tests for L{replkv.wire.grammar}.
"""

from __future__ import annotations

from dataclasses import dataclass

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.command import KeyCommand, StoreCommand
from replkv.wire.grammar import Grammar


@dataclass(slots=True)
class Exchange(StoreCommand):
    """
    A command that has all that a command can have, in an order of its own.
    """

    WORD = b"exchange"

    value: bytes
    quietly: bool
    count: int


@dataclass(slots=True)
class Look(KeyCommand):
    """
    A command that has nothing but its key.
    """

    WORD = b"look"


@dataclass(slots=True)
class Strange(KeyCommand):
    """
    A command that has what nobody knows how to write.
    """

    WORD = b"strange"

    ratio: float


class GrammarTests(SynchronousTestCase):
    """
    Tests for L{Grammar}.
    """

    def setUp(self) -> None:
        """
        Make one.
        """
        self.grammar = Grammar(Exchange)

    def test_order(self) -> None:
        """
        The arguments stand in the order of the class, the number of bytes in the place of the value.
        """
        self.assertEqual(self.grammar.usage, "exchange <key> <numbytes> [quietly] <count>")
        self.assertEqual(self.grammar.numbytesPlace, 2)
        command = Exchange(b"k", b"ab", True, 7)
        self.assertEqual(self.grammar.write(command), b"exchange k 2 quietly 7\r\nab\r\n")
        self.assertEqual(self.grammar.read(b"exchange k 2 quietly 7"), (Exchange(b"k", b"", True, 7), 2))
        self.assertEqual(self.grammar.read(b"exchange k 2 7"), (Exchange(b"k", b"", False, 7), 2))

    def test_malformed(self) -> None:
        """
        What is written in another way is not read: other words, signs, spaces, numbers over 64 bits.
        """
        for line in (
            b"exchange k 2",
            b"exchange k 2 quiet 7",
            b"exchange k 2 7 quietly",
            b"exchange k -2 7",
            b"exchange k 2  7",
            b"exchange k 2 7 ",
            b"Exchange k 2 7",
            b"exchange k 2 %d" % 2**64,
        ):
            self.assertIsNone(self.grammar.read(line), line)

    def test_noValue(self) -> None:
        """
        Nothing follows the line of a command without a value.
        """
        self.assertEqual(Grammar(Look).read(b"look k"), (Look(b"k"), None))
        self.assertEqual(Grammar(Look).write(Look(b"k")), b"look k\r\n")

    def test_unknownArgument(self) -> None:
        """
        An argument of a type that nobody has said how to write is noticed at once.
        """
        self.assertRaises(AssertionError, Grammar, Strange)
