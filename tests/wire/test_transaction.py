"""
Tests for rule 7 of L{replkv.wire.parser}: the lines of a transaction are a part of it, whatever they say.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from replkv.commands.condition import ABSENT, PRESENT, Condition, Need
from replkv.commands.get import Get
from replkv.commands.lifetime import FOREVER, KEPT
from replkv.commands.steps import If, IfValue, Step, StepDelete, StepGet, StepPut
from replkv.commands.txn import Txn
from replkv.wire.parser import SWALLOW_LIMIT, SWALLOW_LINES, CommandParser
from replkv.wire.transaction import STEP_OVERHEAD
from tests.wire.parsing import GIVEN_UP, MALFORMED, ParserTestCase, bytewise, parse
from tests.wire.test_parser_properties import cut

WITNESS = b"get witness\r\n"
AFTER = Get(b"witness")


class TransactionTests(ParserTestCase):
    """
    Tests for transactions.
    """

    def assertTxn(self, data: bytes, *steps: Step) -> None:
        """
        Assert that this is a transaction, and that what follows it is a command.
        """
        self.assertParses(data + WITNESS, Txn(steps), AFTER)

    def test_steps(self) -> None:
        """
        Each line is a step, with its value where it has one, in the order in which they stand.
        """
        self.assertTxn(
            b"txn 6\r\nif a absent\r\nput a 7 keep 5\r\nquit\n\r\nif b present\n"
            b"ifvalue c 0\r\n\r\ndelete b\r\nget c\r\n",
            If(b"a", ABSENT),
            StepPut(b"a", 7, KEPT, b"quit\n"),
            If(b"b", PRESENT),
            IfValue(b"c", b""),
            StepDelete(b"b"),
            StepGet(b"c"),
        )
        self.assertTxn(b"txn 1\r\nif k 18446744073709551615\r\n", If(b"k", Condition(Need.VERSION, 2**64 - 1)))

    def test_base64(self) -> None:
        """
        Each line says by itself whether its key is in base64.
        """
        self.assertTxn(
            b"txn 3\r\nget IA==\r\nput IA== 0 0 1 base64\r\nv\r\nif IA== absent base64\r\n",
            StepGet(b"IA=="),
            StepPut(b" ", 0, FOREVER, b"v"),
            If(b" ", ABSENT),
        )

    def test_notWhole(self) -> None:
        """
        There is no transaction before all of it has come; and none without an end.
        """
        data = b"txn 2\r\nput k 0 0 1\r\nv\r\nget k\r\n"
        for end in range(len(data)):
            self.assertEqual(parse([data[:end]]), [], end)

    def test_badCount(self) -> None:
        """
        Where the number of lines can be read, they are swallowed, though it is wrong; where it cannot, the next line is
        a command.
        """
        lines = b"put k 0 0 8\r\nget evil\r\nget evil\r\n"
        for line in (b"txn 2 ", b"txn 2 x", b"txn 2 base64", b"txn 02 x"):
            self.assertParses(line + b"\r\n" + lines + WITNESS, MALFORMED, AFTER)
        self.assertParses(b"txn 129\r\n" + b"get evil\r\n" * 129 + WITNESS, MALFORMED, AFTER)
        for line in (b"txn", b"txn ", b"txn 0", b"txn -1", b"txn x", b"txn  2", b"TXN 2", b"txn 1.0"):
            self.assertParses(line + b"\r\n" + WITNESS, MALFORMED, AFTER)

    def test_tooMany(self) -> None:
        """
        Very many lines are not worth to be swallowed.
        """
        data = b"txn %d\r\n" % SWALLOW_LINES + b"get evil\r\n" * SWALLOW_LINES
        self.assertParses(data + WITNESS, MALFORMED, AFTER)
        for count in (b"%d" % (SWALLOW_LINES + 1), b"9" * 900):
            self.assertParses(b"txn " + count + b"\r\n" + WITNESS, GIVEN_UP)

    def test_badLine(self) -> None:
        """
        With a line that is no step, all of the transaction is malformed, at once, and the rest is swallowed.
        """
        for line in (
            b"if k any",
            b"if k",
            b"if k -1",
            b"if k %d" % 2**64,
            b"get",
            b"get k k",
            b"get k base64",
            b"getm k",
            b"set k 0 1",
            b"put k 0 0",
            b"put k 0 0 any x",
            b"ifvalue k",
            b"ifvalue k -1",
            b"txn 2",
            b"quit",
            b"",
            b"x" * 1024,
        ):
            start = b"txn 4\r\nget k\r\n" + line + b"\r\n"
            self.assertEqual(parse([start]), [MALFORMED], line)
            rest = b"put k 0 0 10\r\ndelete all\r\ndelete all\r\n"
            self.assertParses(start + rest + WITNESS, MALFORMED, AFTER)

    def test_badLineWithBlock(self) -> None:
        """
        The block of a line that is malformed is swallowed where its length can be read.
        """
        for line in (b"put k x 0 8", b"put k 0 0 8 noreply", b"put k%b 0 0 8" % (b"k" * 250), b"ifvalue k\xff 8"):
            for place in range(3):
                lines = [b"ifvalue k 8\r\nget evil"] * 3
                lines[place] = line + b"\r\nget evil"
                self.assertParses(b"txn 3\r\n" + b"\r\n".join(lines) + b"\r\n" + WITNESS, MALFORMED, AFTER)

    def test_blockEnd(self) -> None:
        """
        A block without a line's end makes the transaction malformed at once; all up to the next LF is dropped, and the
        lines after it are swallowed.
        """
        start = b"txn 3\r\nput k 0 0 1\r\nvv"
        self.assertEqual(parse([start]), [MALFORMED])
        self.assertParses(start + b"\r\nput k 0 0 10\r\nget evil\r\n\r\nget evil\r\n" + WITNESS, MALFORMED, AFTER)
        self.assertParses(b"txn 1\r\nput k 0 0 1\r\nvv\n" + WITNESS, MALFORMED, AFTER)
        self.assertParses(b"txn 2\r\nfrob\r\nput k 0 0 1\r\nvv\n" + WITNESS, MALFORMED, AFTER)

    def test_valuesTogether(self) -> None:
        """
        The values of all lines together may be as large as one value.
        """
        half = b"put k 0 0 4\r\nhalf\r\n"
        self.assertEqual(len(parse([b"txn 2\r\n" + half + half], maxValueBytes=8)), 1)
        self.assertEqual(parse([b"txn 3\r\n" + half + b"ifvalue k 5\r\n"], maxValueBytes=8), [MALFORMED])
        data = b"txn 4\r\n" + half + b"ifvalue k 5\r\nlarge\r\nput k 0 0 10\r\nget evil\r\n\r\nget evil\r\n"
        self.assertParses(data + WITNESS, MALFORMED, AFTER, maxValueBytes=8)
        self.assertParses(b"txn 1\r\nput k 0 0 9\r\nget\r\nevil\r\n" + WITNESS, MALFORMED, AFTER, maxValueBytes=8)

    def test_givenUp(self) -> None:
        """
        A line that is too long, a block that is not worth to be swallowed, and HTTP end the input here too.
        """
        for line in (b"x" * 1025, b"put k 0 0 %d" % (SWALLOW_LIMIT + 1), b"GET / HTTP/1.1", b"Host: localhost"):
            self.assertParses(b"txn 3\r\nget k\r\n" + line + b"\r\n" + WITNESS * 2, GIVEN_UP)
            self.assertParses(b"txn 3\r\nfrob\r\n" + line + b"\r\n" + WITNESS * 2, MALFORMED, GIVEN_UP)
        self.assertParses(b"txn / HTTP/1.1\r\n" + WITNESS, GIVEN_UP)

    def test_unfinished(self) -> None:
        """
        What has arrived of a transaction counts until all of it has, or until it is malformed.
        """
        parser = CommandParser(100)
        sizes = []
        for piece in (
            b"txn 2\r\n",
            b"put k 0 0 4\r\nva",
            b"lu\r\n",
            b"get k\r",
            b"\ntxn 9\r\nget k\r\n",
            b"frob\r\n",
        ):
            parser.feed(piece)
            while parser.nextCommand() is not None:
                pass
            sizes.append(parser.unfinished)
        self.assertEqual(sizes, [0, 2, 5 + STEP_OVERHEAD, 5 + STEP_OVERHEAD, 1 + STEP_OVERHEAD, 0])

    def test_dropped(self) -> None:
        """
        Of one that is dropped, the rest is swallowed, wherever it was cut.
        """
        data = b"txn 3\r\nget k\r\nput k 0 0 8\r\nget evil\r\nget k\r\n"
        for end in range(len(b"txn 3\r\n"), len(data) + 1):
            parser = CommandParser(100)
            parser.feed(data[:end])
            arrived = parser.nextCommand() is not None
            self.assertEqual(parser.dropValue(), not arrived, end)
            self.assertEqual((parser.unfinished, parser.dropValue()), (0, False))
            parser.feed(data[end:] + WITNESS)
            self.assertEqual((parser.nextCommand(), parser.nextCommand()), (AFTER, None), end)

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(
        st.lists(
            st.sampled_from(
                [b"txn 2\r\n", b"txn 3\n", b"txn 1 x\n", b"txn 200\n", b"put k 0 0 3\r\n", b"ifvalue k 2\n"]
            )
            | st.sampled_from([b"if k 1\r\n", b"delete k\n", b"get k\r\n", b"abc", b"ab\r\n", b"\r", b"\n", b"put k"])
            | st.binary(max_size=3),
            max_size=20,
        ).map(b"".join),
        st.lists(st.integers(0, 400), max_size=8),
    )
    def test_garbageIsCutAlike(self, data: bytes, places: list[int]) -> None:
        """
        Whatever arrives, it raises nothing, and reads the same all at once, byte by byte and cut anywhere.
        """
        expected = parse([data], 4)
        self.assertEqual(parse(bytewise(data), 4), expected)
        self.assertEqual(parse(cut(data, places), 4), expected)

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(
        st.lists(
            st.sampled_from([b"get evil", b"if k 1", b"delete evil", b"put k 0 0 8\r\nget evil", b"ifvalue k 4\nquit"])
            | st.sampled_from(
                [b"if k any", b"frob", b"put k x 0 8\nget evil", b"", b"ifvalue k 1\r\n\nquit", b"set k 0 1"]
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_neverRun(self, lines: list[bytes]) -> None:
        """
        Of whatever lines a transaction is made, none of them is run.
        """
        # Of a block without a line's end, what follows up to that is a part of the line.
        data = b"txn %d\r\n" % len(lines) + b"".join(line + b"\r\n" for line in lines)
        commands = parse([data + WITNESS])
        self.assertEqual(len(commands), 2)
        self.assertTrue(commands[0] == MALFORMED or isinstance(commands[0], Txn))
        self.assertEqual(commands[1], AFTER)
