"""
Tests for L{replkv.bench.commands}.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.commands import MAX_BYTES, drawn, fills
from replkv.bench.load import Mix
from replkv.bench.text import TextDialect

DIALECT = TextDialect(b"k")


class DrawnTests(SynchronousTestCase):
    """
    Tests for L{drawn}.
    """

    def keys(self, mix: Mix) -> Counter[bytes]:
        """
        How often each key is drawn.
        """
        return Counter(command.split()[1] for command in drawn(DIALECT, mix, Random(1), 1).encoded)

    def test_uniform(self) -> None:
        """
        All keys are drawn, each about as often as the others.
        """
        counts = self.keys(Mix(keys=50, valueBytes=1))
        self.assertEqual(set(counts), {b"bench/%010d" % number for number in range(50)})
        self.assertLess(max(counts.values()), 3 * min(counts.values()))

    def test_skewed(self) -> None:
        """
        The first key is drawn about twice as often as the second, and ten times as often as the tenth.
        """
        counts = self.keys(Mix(keys=10_000, valueBytes=1, skew=1.0))
        first, second, tenth = (counts[b"bench/%010d" % number] for number in (0, 1, 9))
        self.assertTrue(1.8 < first / second < 2.2, first / second)
        self.assertTrue(8 < first / tenth < 12, first / tenth)

    def test_reads(self) -> None:
        """
        As many read as are to, and each is known for what it is.
        """
        commands = drawn(DIALECT, Mix(keys=1000, valueBytes=3, reads=0.25), Random(1), 1)
        self.assertEqual(commands.isRead, [command.startswith(b"get ") for command in commands.encoded])
        share = sum(commands.isRead) / len(commands.isRead)
        self.assertTrue(0.22 < share < 0.28, share)
        self.assertEqual({len(command) for command in commands.encoded}, {22, 31})

    def test_bounded(self) -> None:
        """
        Large values have fewer commands, but always more than are sent at once.
        """
        commands = drawn(DIALECT, Mix(valueBytes=1 << 20), Random(1), 1)
        self.assertLess(sum(map(len, commands.encoded)), MAX_BYTES)
        self.assertGreater(len(commands.encoded), 32)
        self.assertEqual(len(drawn(DIALECT, Mix(keys=1, valueBytes=1), Random(1), 2000).encoded), 4000)


class FillsTests(SynchronousTestCase):
    """
    Tests for L{fills}.
    """

    def test_all(self) -> None:
        """
        The parts together have each key once, in pieces that are not too large.
        """
        mix = Mix(keys=101, valueBytes=1 << 20)
        pieces = [piece for part in range(3) for piece in fills(DIALECT, mix, Random(1), part, 3)]
        keys = [command.split(b" ", 2)[1] for piece in pieces for command in piece.encoded]
        self.assertEqual(keys, [b"bench/%010d" % number for number in range(101)])
        self.assertFalse(any(any(piece.isRead) for piece in pieces))
        for piece in pieces:
            self.assertLess(sum(map(len, piece.encoded)), MAX_BYTES)
