"""
Tests for the parser: how it cuts lines out of what comes, by the rules at the head of
L{replkv.wire.memcached.parser}.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.condition import ANY
from replkv.commands.extras import Quit
from replkv.commands.gets import Gets
from replkv.commands.lifetime import FOREVER
from replkv.commands.put import Put
from replkv.wire.memcached.ask import Ask, Told
from replkv.wire.memcached.parser import LINE_LIMIT, LONG_LINE_LIMIT
from replkv.wire.memcached.words import BAD_CHUNK, BAD_FORMAT, ERROR, LONG_LINE, TOO_LARGE
from replkv.wire.parser import SWALLOW_LIMIT
from tests.wire.memcached.parsing import MAX_VALUE_BYTES, ParserTestCase, parse, parser, shown


def put(value: bytes) -> Put:
    """
    What stores a value under C{k}.
    """
    return Put(b"k", 0, FOREVER, ANY, value, False)


class LineTests(ParserTestCase):
    """
    Tests for rules 1 and 2.
    """

    def test_lineEnds(self) -> None:
        """
        LF alone ends a line too; more than one CR does not belong to its end.
        """
        self.assertAsks(b"get a\nget b\r\nget c\r\r\n", Gets((b"a",)), Gets((b"b",)), Gets((b"c\r",)))

    def test_spaces(self) -> None:
        """
        There may be any number of spaces, anywhere.
        """
        self.assertAsks(b"  get   a  b \r\nset  k 0  0 1  \r\nx\r\n", Gets((b"a", b"b")), put(b"x"))

    def test_keys(self) -> None:
        """
        A key has any bytes but spaces and NUL, up to 250 of them.
        """
        for key in (b"\x01\x7f\xff", b"a\tb", "ключ".encode(), b"k" * 250):
            self.assertAsks(b"get %b\r\n" % key, Gets((key,)))
        for key in (b"k" * 251, b"a\0b"):
            self.assertTold(b"get a %b\r\n" % key, BAD_FORMAT)

    def test_longest(self) -> None:
        """
        A line of exactly the limit is read, with either line end; a longer one is given up, complete or not.
        """
        line = b"x" * LINE_LIMIT
        for end in (b"\r\n", b"\n"):
            self.assertTold(line + end, ERROR)
            self.assertTold(b"x" + line + end, LONG_LINE, close=True)
        self.assertTold(b"x" + line, LONG_LINE, close=True)
        self.assertEqual(parse([line, b"\r"]), [])

    def test_longLine(self) -> None:
        """
        One that may name many keys may be longer, though not without end.
        """
        key = b"k" * 250
        keys = (key,) * 1000
        ask = self.first(b"get " + b" ".join(keys) + b"\r\n")
        assert isinstance(ask, Ask)
        self.assertEqual(ask.command, Gets(keys[:128]))
        for word in (b"gets ", b"gat 0 ", b"gats 0 ", b"  get "):
            self.assertEqual(len(parse([word + b" ".join(keys) + b"\r\n"])), 1)
        self.assertTold(b"mg " + b" ".join(keys) + b"\r\n", LONG_LINE, close=True)
        self.assertTold(b"get " + b"k" * LONG_LINE_LIMIT, LONG_LINE, close=True)

    def test_manyKeys(self) -> None:
        """
        There is a limit to how many keys it may name.
        """
        self.assertTold(b"get" + b" k" * (16 * 1024 + 1) + b"\r\n", b"CLIENT_ERROR too many keys\r\n")
        self.assertIsInstance(self.first(b"get" + b" k" * 16 * 1024 + b"\r\n"), Ask)

    def test_unknown(self) -> None:
        """
        What is no command is an error, and the next line is a command.
        """
        for line in (b"", b" ", b"GET a", b"gte a", b"set", b"slabs reassign 1 2"):
            asks = parse([line + b"\r\nget a\r\n"])
            self.assertEqual(asks[0], Told(False, ERROR), line)
            self.assertEqual(len(asks), 2)


class GivenUpTests(ParserTestCase):
    """
    Tests for rules 5, 6 and 8.
    """

    def test_http(self) -> None:
        """
        Nothing that a browser sends is run. As with memcached, it is told nothing either.
        """
        self.assertTold(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nset k 0 0 1\r\nx\r\n", b"", close=True)
        self.assertTold(b"DELETE HTTP/1.1\r\n", b"", close=True)
        self.assertTold(b"Host: localhost\r\nflush_all\r\n", b"", close=True)
        self.assertAsks(b"get HTTP/1.1 HTTP/1.1\r\n", Gets((b"HTTP/1.1", b"HTTP/1.1")))

    def test_binary(self) -> None:
        """
        Who speaks the binary protocol is told at once, by the end of the connection, that nobody does here.
        """
        self.assertTold(b"\x80\x0b\0\0", b"", close=True)
        self.assertTold(b"\x80\n", b"", close=True)

    def test_ends(self) -> None:
        """
        There is nothing more.
        """
        parsing = parser()
        parsing.feed(b"\x80")
        parsing.nextCommand()
        parsing.feed(b"get a\r\n")
        self.assertIsNone(parsing.nextCommand())
        self.assertEqual((parsing.buffered, parsing.unfinished), (0, 0))

    def test_quit(self) -> None:
        """
        Whatever follows on the line, it is C{quit}.
        """
        self.assertEqual([parse([b"quit\r\n"]), parse([b"quit now\r\n"])], [[Quit()], [Quit()]])


class BlockTests(ParserTestCase):
    """
    Tests for rules 3 and 4.
    """

    def test_values(self) -> None:
        """
        A value is taken by its length, whatever it contains.
        """
        for value in (b"", b"\r\n", b"get a\r\n", b"\n", b"\r", b"x" * MAX_VALUE_BYTES):
            self.assertAsks(b"set k 0 0 %d\r\n%b\r\n" % (len(value), value), put(value))

    def test_badChunk(self) -> None:
        """
        A block without its end stores nothing; what follows its next LF is a command.
        """
        for block in (b"xyz\r\n", b"x\n\n", b"xget b\r\n"):
            found = parse([b"set k 0 0 1\r\n", block, b"quit\r\n"])
            self.assertEqual(found[0], Told(False, BAD_CHUNK), block)
            self.assertEqual(found[-1], Quit())
        self.assertEqual(parse([b"set k 0 0 1 noreply\r\nxyz\r\nquit\r\n"]), [Told(False, b""), Quit()])

    def test_swallowed(self) -> None:
        """
        The block of a line that is not well-formed is swallowed where it can be told how long it is.
        """
        for line, reply in (
            (b"set k x 0 5", BAD_FORMAT),
            (b"set k 4294967296 0 5", BAD_FORMAT),
            (b"set k 0 x 5", BAD_FORMAT),
            (b"set %b 0 0 5" % (b"k" * 251), BAD_FORMAT),
            (b"set k 0 0 5 6 7", ERROR),
            (b"cas k 0 0 5", ERROR),
            (b"cas k 0 0 5 x", BAD_FORMAT),
            (b"ms k 5 h", b"CLIENT_ERROR invalid flag\r\n"),
            (b"ms %b 5" % (b"k" * 251), BAD_FORMAT),
        ):
            found = parse([line + b"\r\nquit\n\r\nquit\r\n"])
            self.assertEqual(found, [Told(False, reply), Quit()], line)

    def test_noLength(self) -> None:
        """
        Where it cannot, the next line is a command.
        """
        for line in (b"set k 0 0 x", b"set k 0 0 -1", b"ms k", b"ms k x", b"ms k S2"):
            self.assertEqual(parse([line + b"\r\nquit\r\n"]), [Told(False, BAD_FORMAT), Quit()], line)

    def test_tooLarge(self) -> None:
        """
        A value that is too large is swallowed. Who sets it has the old one removed, and nobody else.
        """
        size = MAX_VALUE_BYTES + 1
        block = b"\r\n" + b"v" * size + b"\r\nquit\r\n"
        for line in (b"set k 0 0 %d", b"ms k %d", b"ms k %d MS"):
            asks = parse([line % size + block])
            self.assertEqual(len(asks), 2)
            ask = asks[0]
            assert isinstance(ask, Ask)
            self.assertEqual(type(ask.command).__name__, "Delete")
        for line in (
            b"add k 0 0 %d",
            b"replace k 0 0 %d",
            b"append k 0 0 %d",
            b"prepend k 0 0 %d",
            b"cas k 0 0 %d 1",
            b"ms k %d ME",
            b"ms k %d C5",
            b"ms k %d MA",
        ):
            self.assertEqual(parse([line % size + block]), [Told(False, TOO_LARGE), Quit()], line)

    def test_muchTooLarge(self) -> None:
        """
        What is not worth swallowing is not.
        """
        self.assertTold(b"set k 0 0 %d\r\n" % (SWALLOW_LIMIT + 1), TOO_LARGE, close=True)
        self.assertTold(b"set k 0 0 %d\r\n" % (2**31 - 3), TOO_LARGE, close=True)

    def test_beyondLengths(self) -> None:
        """
        More bytes than memcached can count are none that follow.
        """
        for size in (2**31 - 2, 2**32 - 1, 10**30):
            for line in (b"set k 0 0 %d", b"cas k 0 0 %d 1", b"append k 0 0 %d", b"ms k %d"):
                self.assertEqual(parse([line % size + b"\r\nquit\r\n"]), [Told(False, BAD_FORMAT), Quit()], line)


class UnfinishedTests(ParserTestCase):
    """
    Tests for what has not arrived whole.
    """

    def test_value(self) -> None:
        """
        It can be told how much of a value there is, and it can be dropped, wherever it was cut.
        """
        block = b"hello\r\n"
        for cut in range(1, len(block)):
            parsing = parser()
            parsing.feed(b"set k 0 0 5\r\n" + block[:cut])
            self.assertIsNone(parsing.nextCommand())
            self.assertEqual(parsing.unfinished, min(cut, 5))
            self.assertTrue(parsing.dropValue())
            self.assertEqual((parsing.unfinished, parsing.dropValue()), (0, False))
            parsing.feed(block[cut:] + b"quit\r\n")
            self.assertEqual((parsing.nextCommand(), parsing.nextCommand()), (Quit(), None))

    def test_noreply(self) -> None:
        """
        Of one with C{noreply}, nobody waits for a reply.
        """
        parsing = parser()
        parsing.feed(b"set k 0 0 5 noreply\r\nhe")
        self.assertIsNone(parsing.nextCommand())
        self.assertFalse(parsing.dropValue())
        parsing.feed(b"llo\r\nquit\r\n")
        self.assertEqual((parsing.unfinished, parsing.nextCommand()), (0, Quit()))

    def test_longLine(self) -> None:
        """
        A long line is as much as a value, and can be dropped too.
        """
        parsing = parser()
        parsing.feed(b"get " + b"k" * 200 + b" k" * LINE_LIMIT)
        self.assertIsNone(parsing.nextCommand())
        self.assertEqual(parsing.unfinished, 204 + 2 * LINE_LIMIT)
        self.assertTrue(parsing.dropValue())
        self.assertEqual((parsing.unfinished, parsing.dropValue()), (0, False))
        parsing.feed(b" k k\r\nquit\r\n")
        self.assertEqual(parsing.nextCommand(), Quit())

    def test_idle(self) -> None:
        """
        Nothing is kept of what is used up.
        """
        parsing = parser()
        parsing.feed(b"get a\r\nge")
        parsing.nextCommand()
        self.assertIsNone(parsing.nextCommand())
        self.assertEqual((parsing.buffered, parsing.unfinished), (2, 0))


# Pieces of lines: what they are put together to is nearly right.
words = [b"set", b"get", b"k", b" ", b"0", b"1", b"3", b"70", b"noreply", b"\r", b"\n", b"\r\n", b"x", b"\0", b"\x80"]
lines = [b"set k 0 0 3", b"ms k 3 S", b"ms k 3 MA C5", b"cas k 0 0 3 7 noreply", b"ab", b"abc", b"set k 0 x 3"]
others = [b"set k 0 0 70", b"mg k v t", b"ma k N0 J5", b"gat 5 a b", b"flush_all", b"mn", b"me k", b"quit"]
shreds = st.lists(
    st.sampled_from(words)
    | st.sampled_from([line + b"\r\n" for line in lines + others])
    | st.sampled_from([b"get " + b"k " * 1500])
    | st.binary(max_size=4),
    max_size=30,
).map(b"".join)


class Properties(SynchronousTestCase):
    """
    What holds for any input.
    """

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(shreds, st.lists(st.integers(0, 2**16), max_size=8))
    def test_anyCut(self, data: bytes, places: list[int]) -> None:
        """
        However it is cut on its way, it is the same lines.
        """
        bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
        pieces = [data[start:end] for start, end in pairwise(bounds)]
        self.assertEqual(list(map(shown, parse(pieces))), list(map(shown, parse([data]))))

    @settings(derandomize=True, deadline=None, max_examples=100)
    @given(shreds)
    def test_bytewise(self, data: bytes) -> None:
        """
        It is so too where each byte comes by itself.
        """
        data = data[-500:]
        pieces = [data[place : place + 1] for place in range(len(data))]
        self.assertEqual(list(map(shown, parse(pieces))), list(map(shown, parse([data]))))

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(st.binary(max_size=200))
    def test_rubbish(self, data: bytes) -> None:
        """
        Nothing is raised, and nothing is kept for ever.
        """
        parsing = parser()
        parsing.feed(data + b"\r\n" * 2 + b"x" * 100 + b"\r\n" * 2)
        for _ in range(len(data) + 10):
            if parsing.nextCommand() is None:
                break
        self.assertLessEqual(parsing.buffered, 100)
