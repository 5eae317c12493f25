"""
Tests for the parser: what it takes for malformed, and how much of it is dropped, by the rules at the head of
L{replkv.wire.parser}.
"""

from __future__ import annotations

from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.get import Get
from replkv.commands.set import Set
from replkv.wire.parser import SWALLOW_LIMIT, CommandParser
from tests.wire.parsing import GIVEN_UP, MALFORMED, ParserTestCase, parse

UINT64_MAX = 2**64 - 1


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
            b"frobnicate", b"GET k", b"Get k", b"gets", b"getx k", b"getmm k", b"", b"\x00", b"\xff\xfe", b"SET k 0 1"
        )

    def test_numberOfArguments(self) -> None:
        """
        Too few or too many arguments are malformed.
        """
        self.assertMalformed(b"get", b"get ", b"get a b", b"getm", b"delete", b"delete a 0", b"help me", b"quit now")
        self.assertMalformed(b"set", b"set k", b"set k 0", b"cas", b"cas k 0 1")

    def test_ranges(self) -> None:
        """
        The beginning of keys has a star behind it. A last word C{base64} says how the keys are written, and is none.
        """
        self.assertMalformed(
            b"deletep", b"deletep a 0", b"deletep a*", b"deletep a* -1", b"deletep a* 0 b c", b"deletep a* 0 "
        )
        self.assertMalformed(b"deletep a* 0 base64", b"deletep a* 0 b base64", b"deletep YQ* 0 base64")
        self.assertMalformed(b"deletep %b* 0" % (b"k" * 251), b"deletep * 0 %b" % (b"k" * 251), b"deletep a b* 0")
        self.assertParses(b"deletep YQ==* 0 base64\r\n", DeletePrefix(b"a", 0, b""))

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

    def test_base64(self) -> None:
        """
        A key in base64 is written as RFC 4648 has it, in one way only.
        """
        self.assertParses(b"get Zg== base64\r\n", Get(b"f"))
        self.assertMalformed(b"get Zh== base64", b"get Zg= base64", b"get Zg base64", b"get Zm9v= base64")
        self.assertMalformed(b"get Zg==Zg== base64", b"get Z_8= base64", b"get = base64", b"get  base64")

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
