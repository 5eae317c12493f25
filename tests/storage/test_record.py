"""
Tests for L{replkv.storage.record}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.outputs import Persist
from replkv.storage.record import (
    Header,
    NewerFormat,
    Section,
    decodeHeader,
    encodeFrame,
    encodeHeader,
    findFrame,
    frameAt,
    frameSize,
    sections,
)
from tests.storage.formats import headerOf
from tests.storage.model import append, vote

MARKER = b"\x01markers"

_BATCHES = st.one_of(
    st.just(NO_ENTRIES),
    st.builds(
        lambda first, data: Batch([Entry(first + n, 7, each) for n, each in enumerate(data)]),
        st.integers(1, 2**60),
        st.lists(st.binary(max_size=40), min_size=1, max_size=5),
    ),
)
_PARTS = st.builds(Persist, st.just(1), st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**63 - 1), _BATCHES)


class HeaderTests(SynchronousTestCase):
    """
    Tests for a segment's header.
    """

    header = Header(3, MARKER, 2**40, 8000, 1 << 24)

    def test_roundTrip(self) -> None:
        """
        What was encoded is decoded, whatever comes after it.
        """
        self.assertEqual(decodeHeader(encodeHeader(self.header) + bytes(100)), self.header)

    def test_everyFlip(self) -> None:
        """
        A header with any one bit changed is refused.
        """
        encoded = encodeHeader(self.header)
        for bit in range(8 * len(encoded)):
            damaged = bytearray(encoded)
            damaged[bit // 8] ^= 1 << bit % 8
            self.assertRaises(ValueError, decodeHeader, bytes(damaged))

    def test_newerFormat(self) -> None:
        """
        A header of a later version of replkv is told from a damaged one.
        """
        newer = headerOf(3, self.header)
        self.assertEqual(self.assertRaises(NewerFormat, decodeHeader, newer).version, 3)

    def test_firstFormat(self) -> None:
        """
        A header of the first format does not tell how long the file is.
        """
        self.assertEqual(decodeHeader(headerOf(1, self.header) + bytes(100)), self.header._replace(size=0))

    def test_everyCut(self) -> None:
        """
        A header of which the end is missing is refused.
        """
        encoded = encodeHeader(self.header)
        for length in range(len(encoded)):
            self.assertRaises(ValueError, decodeHeader, encoded[:length])


class FrameTests(SynchronousTestCase):
    """
    Tests for frames.
    """

    @given(st.lists(_PARTS, max_size=5), st.integers(0, 2**32))
    @settings(derandomize=True, deadline=None, max_examples=100)
    def test_roundTrip(self, parts: list[Persist], offset: int) -> None:
        """
        What was encoded is decoded; the frame is as large as was foretold, and a multiple of 8 bytes.
        """
        encoded = encodeFrame(parts, MARKER, offset)
        self.assertEqual(len(encoded), frameSize(parts))
        self.assertEqual(len(encoded) % 8, 0)
        found = frameAt(memoryview(b"xyz" + encoded), 3, MARKER, offset)
        assert found is not None
        body, end = found
        self.assertEqual(end, 3 + len(encoded))
        expected = [Section(part.term, part.votedFor, memoryview(part.batch.encoded)) for part in parts]
        self.assertEqual(sections(body), expected)

    def test_everyFlip(self) -> None:
        """
        A frame with any one bit changed, in the zeros at its end too, is not valid.
        """
        encoded = encodeFrame([append(1, 1, b"one"), vote(2, 0)], MARKER, 4096)
        for bit in range(8 * len(encoded)):
            damaged = bytearray(encoded)
            damaged[bit // 8] ^= 1 << bit % 8
            self.assertIsNone(frameAt(memoryview(damaged), 0, MARKER, 4096), f"bit {bit}")

    def test_everyCut(self) -> None:
        """
        A frame of which the end is missing is not valid.
        """
        encoded = encodeFrame([append(1, 1, b"one")], MARKER, 4096)
        for length in range(len(encoded)):
            self.assertIsNone(frameAt(memoryview(encoded)[:length], 0, MARKER, 4096))

    def test_elsewhere(self) -> None:
        """
        A frame is valid at its own place only.
        """
        encoded = encodeFrame([append(1, 1, b"one")], MARKER, 4096)
        self.assertIsNone(frameAt(memoryview(encoded), 0, MARKER, 4104))

    def test_find(self) -> None:
        """
        A valid frame is found among rubbish, among which are markers.
        """
        rubbish = MARKER + b"rubbish" * 9 + MARKER
        frame = encodeFrame([vote(1, 1)], MARKER, 5000 + len(rubbish))
        self.assertEqual(findFrame(rubbish + frame, MARKER, 5000), 5000 + len(rubbish))
        self.assertIsNone(findFrame(rubbish + frame[:-1], MARKER, 5000))

    def test_copyInValue(self) -> None:
        """
        A copy of a frame in a stored value is not found: it is not at its place.
        """
        copy = encodeFrame([vote(1, 1)], MARKER, 4096)
        frame = encodeFrame([append(1, 1, copy)], MARKER, 4096)
        self.assertIsNone(findFrame(frame[8:], MARKER, 4104))

    def test_notSections(self) -> None:
        """
        A body that is not made of sections is refused.
        """
        encoded = encodeFrame([append(1, 1, b"one")], MARKER, 0)
        body = memoryview(encoded)[16 : 16 + 20 + 12 + 12 + 3]
        self.assertEqual(len(sections(body)), 1)
        for length in range(1, len(body)):
            self.assertRaises(ValueError, sections, body[:length])

    def test_tooLarge(self) -> None:
        """
        A frame over the limit is refused before it is made.
        """
        batch = Batch([Entry(1, 1, bytes(1 << 20))])
        self.assertRaises(ValueError, frameSize, [Persist(1, 1, None, batch)] * 1024)
