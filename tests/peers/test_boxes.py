"""
Tests for the cutting of what arrives into AMP's boxes.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.boxes import BoxCutter

MANY = 2**40

Box = dict[bytes, bytes]

BOXES = st.lists(st.dictionaries(st.binary(min_size=1, max_size=255), st.binary(max_size=300), max_size=5), max_size=5)

# What is AMP, or almost.
FRAGMENTS = st.lists(
    st.sampled_from([b"\0\0", b"\0\1a", b"\0\1b", b"\0\3abc", b"\0\3ab", b"\0", b"a", b"\1\0", b"\0\xff", b"\0\4_ask"]),
    max_size=12,
).map(b"".join)


class Reference(amp.BinaryBoxProtocol):
    """
    AMP's own way to cut, which tells of a key that is too long.
    """

    def __init__(self) -> None:
        super().__init__(self)
        self.boxes: list[Box] = []

    def ampBoxReceived(self, box: amp.AmpBox) -> None:
        """
        A box is whole.
        """
        self.boxes.append(dict(box))

    def lengthLimitExceeded(self, length: int) -> None:
        """
        A key is too long.
        """
        raise ValueError(length)


def cutAll(cutter: BoxCutter, pieces: Iterable[bytes], maxBytes: int = MANY, maxKeys: int = MANY) -> list[Box]:
    """
    The boxes that are cut of what arrives in pieces.
    """
    boxes = []
    for piece in pieces:
        cutter.add(piece)
        while (box := cutter.cut(maxBytes, maxKeys)) is not None:
            boxes.append(box)
    return boxes


def split(data: bytes, places: Iterable[int]) -> list[bytes]:
    """
    Cut bytes at these places, as far as there are any.
    """
    ends = [*sorted({place for place in places if place < len(data)}), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


class CutTests(SynchronousTestCase):
    """
    Tests for what comes out.
    """

    @settings(derandomize=True, deadline=None, max_examples=150)
    @given(BOXES, st.lists(st.integers(0, 3000), max_size=12))
    def test_pieces(self, boxes: list[Box], places: list[int]) -> None:
        """
        What was put in comes out, wherever it was torn, and each box as soon as it is there.
        """
        data = b"".join([amp.AmpBox(box).serialize() for box in boxes])
        self.assertEqual(cutAll(BoxCutter(), split(data, places)), boxes)
        self.assertEqual(cutAll(BoxCutter(), [data[at : at + 1] for at in range(len(data))]), boxes)

    @settings(derandomize=True, deadline=None, max_examples=500)
    @given(FRAGMENTS, st.lists(st.integers(0, 40), max_size=4))
    @example(b"\0\1a\0\1b\0\1a\0\1c\0\0", [])
    def test_asAMP(self, data: bytes, places: list[int]) -> None:
        """
        Whatever comes, it is what AMP itself makes of it, or it is refused where that does.
        """
        reference, cutter = Reference(), BoxCutter()
        boxes: list[Box] = []
        wasRefused = isRefused = False
        try:
            reference.dataReceived(data)
        except ValueError:
            wasRefused = True
        cutter.add(b"")
        try:
            for piece in split(data, places):
                boxes += cutAll(cutter, [piece])
        except ValueError:
            isRefused = True
        self.assertEqual(isRefused, wasRefused)
        # What came with the piece that was refused, is lost with the connection.
        self.assertEqual(boxes, reference.boxes[: len(boxes)])
        if not isRefused:
            self.assertEqual(boxes, reference.boxes)

    def test_size(self) -> None:
        """
        It tells how many bytes each box had.
        """
        first, second = amp.AmpBox({b"a": b"b"}).serialize(), amp.AmpBox({b"a": bytes(65_535), b"b": b""}).serialize()
        cutter = BoxCutter()
        sizes = []
        for piece in split(first + second, [3, 11, 500, 65_000]):
            cutter.add(piece)
            if cutter.cut(MANY, MANY) is not None:
                sizes.append(cutter.boxBytes)
        self.assertEqual(sizes, [len(first), len(second)])
        cutter.add(first)
        self.assertIsNotNone(cutter.cut(MANY, MANY))
        self.assertEqual(cutter.boxBytes, len(first))

    def test_oneByOne(self) -> None:
        """
        Each box is cut when it is asked for, and what is behind it stays.
        """
        cutter = BoxCutter()
        cutter.add(amp.AmpBox({b"a": b"1"}).serialize() * 3)
        self.assertEqual(cutter.cut(MANY, MANY), {b"a": b"1"})
        cutter.add(b"")
        cutter.add(amp.AmpBox({b"b": b"2"}).serialize())
        self.assertEqual(cutAll(cutter, [b""]), [{b"a": b"1"}, {b"a": b"1"}, {b"b": b"2"}])


class BoundTests(SynchronousTestCase):
    """
    Tests for boxes that have more than they may have.
    """

    box = amp.AmpBox({b"%d" % number: bytes(100) for number in range(9)}).serialize()

    def assertRefused(self, reason: str, data: bytes, maxBytes: int, maxKeys: int) -> None:
        """
        It is refused as a whole, and in pieces, and behind others.
        """
        for pieces in ([data], split(data, range(0, len(data), 7)), [self.box[:4], self.box[4:] + data]):
            raised = self.assertRaises(ValueError, cutAll, BoxCutter(), pieces, maxBytes, maxKeys)
            self.assertIn(reason, str(raised))

    def test_bytes(self) -> None:
        """
        As many bytes as it may have are taken, and one more is refused; each box counts by itself.
        """
        self.assertEqual(len(cutAll(BoxCutter(), [self.box * 3], len(self.box), 9)), 3)
        longer = amp.AmpBox({b"%d" % number: bytes(100 + (number == 8)) for number in range(9)}).serialize()
        self.assertRefused("too long", longer, len(self.box), 9)

    def test_announced(self) -> None:
        """
        What says that it will have more is refused before that has come.
        """
        self.assertRefused("too long", b"\0\1a\xff\xff", len(self.box), 9)

    def test_keys(self) -> None:
        """
        So it is with keys, however short they are, and though one is there already.
        """
        pair = b"\0\1a\0\0"
        self.assertEqual(cutAll(BoxCutter(), [(pair * 9 + b"\0\0") * 2], MANY, 9), [{b"a": b""}, {b"a": b""}])
        self.assertRefused("too many keys", pair * 10, MANY, 9)

    def test_longKey(self) -> None:
        """
        A key that is longer than AMP allows is none.
        """
        self.assertEqual(cutAll(BoxCutter(), [b"\0\xff" + bytes(255) + b"\0\0\0\0"]), [{bytes(255): b""}])
        self.assertRefused("a key of 256 bytes", b"\1\0", MANY, 9)

    def test_kept(self) -> None:
        """
        Of a large box, no more is kept uncut than a string, and what has come with it.
        """
        cutter = BoxCutter()
        data = amp.AmpBox({b"%d" % number: bytes(65_535) for number in range(64)}).serialize()
        for start in range(0, len(data), 4096):
            self.assertLess(len(cutter._data) - cutter._start, 65_535 + 4096)
            cutter.add(data[start : start + 4096])
            box = cutter.cut(MANY, MANY)
        assert box is not None
        self.assertEqual(len(box), 64)
