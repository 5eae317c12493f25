"""
Tests for the parser: every rule at the head of L{replkv.protocol.parser}.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from replkv.protocol.commands import (
    Cas,
    Command,
    Delete,
    Get,
    Getm,
    Help,
    Malformed,
    Quit,
    Set,
    Stats,
    Version,
)
from replkv.protocol.parser import LINE_LIMIT, SWALLOW_LIMIT, CommandParser

MALFORMED = Malformed(close=False)
GIVEN_UP = Malformed(close=True)
UINT64_MAX = 2**64 - 1


def parse(pieces: Iterable[bytes], maxValueBytes: int = 1024 * 1024) -> list[Command]:
    """
    Feed a parser, and take out all commands after each piece.
    """
    parser = CommandParser(maxValueBytes)
    commands = []
    for piece in pieces:
        parser.feed(piece)
        while (command := parser.nextCommand()) is not None:
            commands.append(command)
    return commands


def bytewise(data: bytes) -> list[bytes]:
    """
    Cut C{data} at every byte.
    """
    return [data[i : i + 1] for i in range(len(data))]


class ParserTestCase(SynchronousTestCase):
    """
    What is common to the tests of the parser.
    """

    def assertParses(self, data: bytes, *expected: Command, maxValueBytes: int = 1024 * 1024) -> None:
        """
        Assert that C{data} is cut into the commands C{expected}, both all at once and byte by byte.
        """
        self.assertEqual(parse([data], maxValueBytes), list(expected))
        self.assertEqual(parse(bytewise(data), maxValueBytes), list(expected))


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
        self.assertParses(b"cas k 60 7 5\r\nhello\r\nget k\r\n", Cas(b"k", 60, b"hello", False, 7), Get(b"k"))

    def test_noreply(self) -> None:
        """
        C{set} and C{cas} may end with C{noreply}.
        """
        self.assertParses(
            b"set k 0 1 noreply\r\nx\r\ncas k 0 7 1 noreply\r\ny\r\n",
            Set(b"k", 0, b"x", True),
            Cas(b"k", 0, b"y", True, 7),
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
            Cas(b"k", UINT64_MAX, b"x", False, UINT64_MAX),
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


class MalformedTests(ParserTestCase):
    """
    Tests for lines that are no commands.
    """

    def assertMalformed(self, *lines: bytes) -> None:
        """
        Assert that each line is malformed, alone, and that the next line is a command.
        """
        for line in lines:
            self.assertParses(line + b"\r\nget k\r\n", MALFORMED, Get(b"k"))

    def test_unknownCommand(self) -> None:
        """
        What is no command, in lower case, is malformed; so is an empty line.
        """
        self.assertMalformed(
            b"frobnicate", b"GET k", b"Get k", b"gets k", b"getmm k", b"", b"\x00", b"\xff\xfe", b"SET k 0 1"
        )

    def test_numberOfArguments(self) -> None:
        """
        Too few or too many arguments are malformed.
        """
        self.assertMalformed(b"get", b"get ", b"get a b", b"getm", b"delete", b"delete a 0", b"help me", b"quit now")
        self.assertMalformed(b"set", b"set k", b"set k 0", b"cas", b"cas k 0 1")

    def test_spaces(self) -> None:
        """
        There is exactly one space between arguments, none before and none after.
        """
        self.assertMalformed(b" get a", b"get a ", b"get  a", b"get\ta", b" ", b"help ", b" help")

    def test_noreplyElsewhere(self) -> None:
        """
        Only C{set} and C{cas} know C{noreply}.
        """
        self.assertMalformed(b"get k noreply", b"getm k noreply", b"delete k noreply", b"quit noreply")

    def test_keys(self) -> None:
        """
        A key that is too long or has a forbidden byte is malformed.
        """
        self.assertMalformed(
            b"get " + b"k" * 251, b"get k\x7f", b"get k\x1f", b"get k\x80", b"get k\x00k", b"get \xc3\xa4"
        )

    def test_otherCR(self) -> None:
        """
        One CR belongs to the line end, and no other CR is allowed.
        """
        self.assertMalformed(b"get k\r", b"get k\rk", b"\rget k", b"help\r")

    def test_unreadableLength(self) -> None:
        """
        After a C{set} or C{cas} whose length cannot be read, the next line is a command.
        """
        self.assertMalformed(b"set k 0 -1", b"set k 0 +1", b"set k 0 1.0", b"set k 0 0x1", b"set k 0 ", b"set k 0 1\r")
        self.assertMalformed(b"set k 0 \xb2", b"set k 0 1_0", b"cas k 0 1 -1", b"cas k 0 1 ", b"cas k 0 1 x")


class HTTPTests(ParserTestCase):
    """
    Tests for what a web browser sends: nothing after its first line is run.
    """

    BODY = b"\r\n\r\nset planted 0 5\r\nowned\r\ndelete victim\r\n"

    def test_requestLine(self) -> None:
        """
        A request of any method and any version of HTTP ends the connection, also when it names a command as its method.
        """
        for line in (
            b"GET / HTTP/1.1",
            b"POST /a?b=c HTTP/1.0",
            b"get /k HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"GET / HTTP/2",
            b"POST /without a version",
        ):
            self.assertParses(line + self.BODY, GIVEN_UP)

    def test_methodThatStores(self) -> None:
        """
        A method of C{set} is a bad C{set} first; the header that every request has ends the connection.
        """
        for header in (b"Host: localhost:9000", b"host:localhost"):
            self.assertParses(b"set / HTTP/1.1\r\n" + header + self.BODY, MALFORMED, GIVEN_UP)

    def test_onlyWholeLines(self) -> None:
        """
        Commands and values that merely contain such words are taken as they are.
        """
        self.assertParses(
            b"get HTTP/1.1\r\nset Host: 0 16\r\nGET / HTTP/1.1\r\n\r\nPOST\r\nhosts\r\n",
            Get(b"HTTP/1.1"),
            Set(b"Host:", 0, b"GET / HTTP/1.1\r\n", False),
            MALFORMED,
            MALFORMED,
        )


class SwallowTests(ParserTestCase):
    """
    Tests for rule 4: a value is never run as a command.
    """

    def assertSwallows(self, *lines: bytes) -> None:
        """
        Assert that each line is malformed, and that the block of 8 bytes behind it is not run.
        """
        for line in lines:
            self.assertParses(line + b"\r\ndelete x\r\nget k\r\n", MALFORMED, Get(b"k"))
            self.assertParses(line + b"\n\nhelp\r\n\n\nget k\n", MALFORMED, Get(b"k"))

    def test_badSet(self) -> None:
        """
        The value block of a bad C{set} is swallowed.
        """
        self.assertSwallows(b"set k -1 8", b"set k x 8", b"set k  8", b"set k %d 8" % (UINT64_MAX + 1))
        self.assertSwallows(b"set k\x00 0 8", b"set %b 0 8" % (b"k" * 251), b"set  0 8")
        self.assertSwallows(
            b"set k 0 8 ", b"set k 0 8 nope", b"set k 0 8 noreply ", b"set k 0 8 noreply x", b"set k 0 8 NOREPLY"
        )

    def test_badCas(self) -> None:
        """
        The value block of a bad C{cas} is swallowed.
        """
        self.assertSwallows(b"cas k 0 x 8", b"cas k x 1 8", b"cas k 0 -1 8", b"cas k 0 1 8 x", b"cas k 0 1 8 ")
        self.assertSwallows(b"cas k 0 %d 8" % (UINT64_MAX + 1), b"cas k 0  8", b"cas  0 1 8")

    def test_overTheLimit(self) -> None:
        """
        A value over the limit is refused at once, and swallowed.
        """
        self.assertEqual(parse([b"set k 0 8\r\n"], maxValueBytes=7), [MALFORMED])
        for line in (b"set k 0 8", b"cas k 0 1 8", b"set k 0 0008 noreply"):
            self.assertParses(line + b"\r\ndelete x\r\nget k\r\n", MALFORMED, Get(b"k"), maxValueBytes=7)

    def test_errorDoesNotWait(self) -> None:
        """
        The error for a bad line does not wait for the value block.
        """
        self.assertEqual(parse([b"set k x 8\r\n"]), [MALFORMED])

    def test_swallowedBlockWithoutEnd(self) -> None:
        """
        A swallowed block without a line end yields nothing more: all up to the next LF is dropped.
        """
        self.assertParses(b"set k x 2\r\nabget y\r\nget k\r\n", MALFORMED, Get(b"k"))
        self.assertParses(b"set k x 2\r\nab\rget y\r\nget k\r\n", MALFORMED, Get(b"k"))

    def test_swallowLimit(self) -> None:
        """
        Up to 64 MiB are swallowed, without being kept.
        """
        parser = CommandParser(1024)
        parser.feed(b"set k 0 %d\r\n" % SWALLOW_LIMIT)
        self.assertEqual(parser.nextCommand(), MALFORMED)
        piece = b"\n" * (1024 * 1024)
        for _ in range(64):
            parser.feed(piece)
            self.assertIsNone(parser.nextCommand())
        parser.feed(b"\r\nget k\r\n")
        self.assertEqual(parser.nextCommand(), Get(b"k"))

    def test_overTheSwallowLimit(self) -> None:
        """
        More is not worth swallowing, however many digits say so: nothing after it is read.
        """
        for line in (
            b"set k 0 %d" % (SWALLOW_LIMIT + 1),
            b"set k 0 1" + b"0" * 900,
            b"cas k 0 1 99999999",
            b"set k x 99999999",
        ):
            self.assertParses(line + b"\r\nget k\r\nget k\r\n", GIVEN_UP)

    def test_valueLimitWithinSwallowLimit(self) -> None:
        """
        A limit for values that could not be swallowed is refused.
        """
        self.assertRaises(ValueError, CommandParser, SWALLOW_LIMIT + 1)
        self.assertRaises(ValueError, CommandParser, -1)


class BlockEndTests(ParserTestCase):
    """
    Tests for a value block that is not followed by a line end.
    """

    def test_tooLong(self) -> None:
        """
        A value longer than was said is malformed; it is dropped up to the next LF.
        """
        self.assertParses(b"set k 0 2\r\nabc\r\nget k\r\n", MALFORMED, Get(b"k"))
        self.assertParses(b"set k 0 2\r\nabget y\r\nget k\r\n", MALFORMED, Get(b"k"))
        self.assertParses(b"cas k 0 1 0\r\nabc\nget k\n", MALFORMED, Get(b"k"))

    def test_otherCR(self) -> None:
        """
        CR alone does not end a value block.
        """
        self.assertParses(b"set k 0 2\r\nab\rc\r\nget k\r\n", MALFORMED, Get(b"k"))
        self.assertParses(b"set k 0 2\r\nab\r\r\nget k\r\n", MALFORMED, Get(b"k"))

    def test_errorDoesNotWait(self) -> None:
        """
        The error does not wait for the LF; only a CR may still become a line end.
        """
        self.assertEqual(parse([b"set k 0 2\r\nabc"]), [MALFORMED])
        self.assertEqual(parse([b"set k 0 2\r\nab\rc"]), [MALFORMED])
        self.assertEqual(parse([b"set k 0 2\r\nab\r"]), [])

    def test_noreply(self) -> None:
        """
        C{noreply} does not hide it.
        """
        self.assertParses(b"set k 0 2 noreply\r\nabc\r\n", MALFORMED)


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
