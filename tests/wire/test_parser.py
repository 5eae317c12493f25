"""
Tests for the parser: how it cuts commands out of what comes, by the rules at the head of L{replkv.wire.parser}.
"""

from __future__ import annotations

import gc

from replkv.commands.cas import Cas
from replkv.commands.delete import Delete
from replkv.commands.extras import Help, Quit, Stats, Version
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.wire.parser import LINE_LIMIT, CommandParser
from tests.wire.parsing import GIVEN_UP, MALFORMED, ParserTestCase, parse

UINT64_MAX = 2**64 - 1


class WellFormedTests(ParserTestCase):
    """
    Tests for commands as they should be.
    """

    def test_keyCommands(self) -> None:
        """
        C{get}, C{getm} and C{delete} have one key.
        """
        self.assertParses(b"get a\r\ngetm b\r\ndelete c\r\n", Get(b"a"), Getm(b"b"), Delete(b"c"))

    def test_extras(self) -> None:
        """
        The extras have no arguments.
        """
        self.assertParses(b"help\r\nstats\r\nversion\r\nquit\r\n", Help(), Stats(), Version(), Quit())

    def test_set(self) -> None:
        """
        C{set} has a key, a number of seconds and a value.
        """
        self.assertParses(b"set k 60 5\r\nhello\r\nget k\r\n", Set(b"k", 60, b"hello", False), Get(b"k"))

    def test_cas(self) -> None:
        """
        C{cas} has a version between the seconds and the length.
        """
        self.assertParses(b"cas k 60 7 5\r\nhello\r\nget k\r\n", Cas(b"k", 60, 7, b"hello", False), Get(b"k"))

    def test_touch(self) -> None:
        """
        C{touch} has a key and a number of seconds, and no value.
        """
        self.assertParses(b"touch k 60\r\nget k\r\n", Touch(b"k", 60), Get(b"k"))

    def test_noreply(self) -> None:
        """
        C{set} and C{cas} may end with C{noreply}.
        """
        self.assertParses(
            b"set k 0 1 noreply\r\nx\r\ncas k 0 7 1 noreply\r\ny\r\n",
            Set(b"k", 0, b"x", True),
            Cas(b"k", 0, 7, b"y", True),
        )

    def test_bareLF(self) -> None:
        """
        LF alone ends a line and a value block too.
        """
        self.assertParses(b"set k 0 1\nx\nget k\n", Set(b"k", 0, b"x", False), Get(b"k"))

    def test_emptyValue(self) -> None:
        """
        A value may have no bytes; its block has a line end all the same.
        """
        self.assertParses(b"set k 0 0\r\n\r\nget k\r\n", Set(b"k", 0, b"", False), Get(b"k"))

    def test_anyBytesAreAValue(self) -> None:
        """
        A value is taken by its length, whatever it contains.
        """
        value = b"\r\n\x00%\xff\xfe\r\nget x\r\n"
        self.assertParses(b"set k 0 %d\r\n%b\r\n" % (len(value), value), Set(b"k", 0, value, False))

    def test_valueThatEndsWithCR(self) -> None:
        """
        A CR that belongs to the value is not taken for its line end.
        """
        self.assertParses(b"set k 0 1\r\n\r\r\n", Set(b"k", 0, b"\r", False))
        self.assertParses(b"set k 0 1\r\n\r\n", Set(b"k", 0, b"\r", False))

    def test_longestKey(self) -> None:
        """
        A key has up to 250 bytes, from C{!} to C{~}.
        """
        key = bytes(range(0x21, 0x7F)) * 3
        self.assertParses(b"get %b\r\n" % key[:250], Get(key[:250]))

    def test_largestNumbers(self) -> None:
        """
        Numbers go up to 64 bits, and may have zeros in front.
        """
        self.assertParses(
            b"cas k %d %d 0001\r\nx\r\n" % (UINT64_MAX, UINT64_MAX),
            Cas(b"k", UINT64_MAX, UINT64_MAX, b"x", False),
        )

    def test_largestValue(self) -> None:
        """
        A value may have as many bytes as the limit says.
        """
        self.assertParses(b"set k 0 4\r\nxxxx\r\n", Set(b"k", 0, b"xxxx", False), maxValueBytes=4)

    def test_valueInPieces(self) -> None:
        """
        A large value that arrives in pieces is put together as it was; so is the next one.
        """
        value = bytes(range(256)) * 1024
        data = b"set k 0 %d\r\n%b\r\n" % (len(value), value)
        pieces = [data[i : i + 1000] for i in range(0, len(data), 1000)]
        self.assertEqual(parse(pieces + pieces), [Set(b"k", 0, value, False)] * 2)

    def test_longestLine(self) -> None:
        """
        A line of exactly the limit is read, with either line end.
        """
        line = b"set k 0 5".replace(b"0", b"0" * (LINE_LIMIT - 8))
        self.assertEqual(len(line), LINE_LIMIT)
        for end in (b"\r\n", b"\n"):
            self.assertParses(line + end + b"hello\r\n", Set(b"k", 0, b"hello", False))


class LineLimitTests(ParserTestCase):
    """
    Tests for rules 1 and 6.
    """

    def test_tooLong(self) -> None:
        """
        A line over the limit is given up, and nothing after it is read.
        """
        for end in (b"\r\n", b"\n", b"\r\r\n", b"\rx\n", b"x\r\n"):
            line = b"x" * (LINE_LIMIT + (1 if end in (b"\r\n", b"\n") else 0))
            self.assertParses(line + end + b"get k\r\n", GIVEN_UP)

    def test_atTheLimit(self) -> None:
        """
        A line of the limit is merely malformed, with either line end.
        """
        for end in (b"\r\n", b"\n"):
            self.assertParses(b"x" * LINE_LIMIT + end + b"get k\r\n", MALFORMED, Get(b"k"))

    def test_givenUpAtOnce(self) -> None:
        """
        A line is given up as soon as it is too long, without waiting for its end; a last CR may still be part of it.
        """
        self.assertEqual(parse([b"x" * (LINE_LIMIT + 1)]), [GIVEN_UP])
        self.assertEqual(parse([b"x" * LINE_LIMIT]), [])
        self.assertEqual(parse([b"x" * LINE_LIMIT + b"\r"]), [])
        self.assertEqual(parse([b"x" * LINE_LIMIT + b"\r", b"\r"]), [GIVEN_UP])


class PullTests(ParserTestCase):
    """
    Tests for taking commands out one at a time.
    """

    def test_stopBetweenCommands(self) -> None:
        """
        What is not taken out stays, in order, while more arrives.
        """
        parser = CommandParser(1024)
        parser.feed(b"get a\r\nget b\r\nge")
        self.assertEqual(parser.nextCommand(), Get(b"a"))
        parser.feed(b"t c\r\nset d 0 1\r\n")
        parser.feed(b"x")
        self.assertEqual(parser.nextCommand(), Get(b"b"))
        self.assertEqual(parser.nextCommand(), Get(b"c"))
        self.assertIsNone(parser.nextCommand())
        parser.feed(b"\r\n")
        self.assertEqual(parser.nextCommand(), Set(b"d", 0, b"x", False))
        self.assertIsNone(parser.nextCommand())

    def test_nothingIsKept(self) -> None:
        """
        A command that was taken out is not held on to, nor is its value.
        """
        parser = CommandParser(1024)
        parser.feed(b"set k 0 1\r\nx\r\n")
        command = parser.nextCommand()
        self.assertEqual(command, Set(b"k", 0, b"x", False))
        self.assertNotIn(parser, gc.get_referrers(command))

    def test_noInput(self) -> None:
        """
        Without input there is no command, however often it is asked.
        """
        parser = CommandParser(1024)
        parser.feed(b"")
        self.assertIsNone(parser.nextCommand())
        self.assertIsNone(parser.nextCommand())


class UnfinishedTests(ParserTestCase):
    """
    Tests for a value that has arrived in part.
    """

    def test_unfinished(self) -> None:
        """
        What has arrived of it counts until its line's end has.
        """
        parser = CommandParser(100)
        sizes = []
        for piece in (b"get a\r\nset k 0 5\r\n", b"he", b"llo", b"\r", b"\nset k 0 3\r\nab"):
            parser.feed(piece)
            while parser.nextCommand() is not None:
                pass
            sizes.append(parser.unfinished)
        self.assertEqual(sizes, [0, 2, 5, 5, 2])

    def test_dropped(self) -> None:
        """
        Of one that is dropped, the rest is swallowed, wherever it was cut; where there is none, none is dropped.
        """
        block = b"hello\r\n"
        for cut in range(len(block) + 1):
            parser = CommandParser(100)
            parser.feed(b"set k 0 5\r\n" + block[:cut])
            arrived = parser.nextCommand() is not None
            self.assertEqual(parser.dropValue(), not arrived, cut)
            self.assertEqual((parser.unfinished, parser.dropValue()), (0, False))
            parser.feed(block[cut:] + b"get k\r\n")
            self.assertEqual((parser.nextCommand(), parser.nextCommand()), (Get(b"k"), None), cut)
