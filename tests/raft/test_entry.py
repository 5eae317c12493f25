"""
Entries and their encoding.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch, Entry

BATCHES = st.builds(
    lambda first, rows: Batch([Entry(index, term, data) for index, (term, data) in enumerate(rows, first)]),
    st.integers(1, 2**64 - 10),
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.binary(max_size=40)), min_size=1, max_size=8),
)


class BatchTests(SynchronousTestCase):
    """
    L{Batch}.
    """

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(BATCHES)
    def test_roundTrip(self, batch: Batch) -> None:
        """
        What is decoded is what was encoded, and keeps the very bytes that it came as.
        """
        encoded = batch.encoded
        decoded = Batch.decode(encoded)
        self.assertEqual(decoded, batch)
        self.assertIs(decoded.encoded, encoded)
        for form in (encoded, memoryview(encoded)):
            self.assertEqual(Batch.peek(form), (batch.entries[0].index, [entry.term for entry in batch.entries]))

    def test_bytes(self) -> None:
        """
        The encoding is the documented one: it is on disks and must not change.
        """
        batch = Batch([Entry(7, 2, b"ab"), Entry(8, 3, b"")])
        expected = "0000000000000007 00000002  0000000000000002 00000002  0000000000000003 00000000  6162"
        self.assertEqual(batch.encoded, bytes.fromhex(expected))

    def test_encodedOnce(self) -> None:
        """
        The encoding is made once.
        """
        batch = Batch([Entry(1, 1, b"x")])
        self.assertIs(batch.encoded, batch.encoded)

    def test_empty(self) -> None:
        """
        No entries are a batch, too.
        """
        self.assertEqual(Batch.decode(NO_ENTRIES.encoded), NO_ENTRIES)
        self.assertEqual(len(NO_ENTRIES), 0)

    @settings(derandomize=True, deadline=None, max_examples=50)
    @given(BATCHES)
    def test_cutOrLengthened(self, batch: Batch) -> None:
        """
        An encoding cut at any byte, or with a byte too many, is refused.
        """
        encoded = batch.encoded
        for nonsense in (*(encoded[:length] for length in range(len(encoded))), encoded + b"\0"):
            self.assertRaises(ValueError, Batch.decode, nonsense)
            self.assertRaises(ValueError, Batch.peek, nonsense)

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(st.binary(max_size=64))
    def test_nonsense(self, nonsense: bytes) -> None:
        """
        Any bytes are refused with a C{ValueError}, or are just the encoding of what they decode to.
        """
        try:
            batch = Batch.decode(nonsense)
        except ValueError:
            return
        if batch.entries:
            self.assertEqual(Batch(batch.entries).encoded, nonsense)

    def test_equality(self) -> None:
        """
        Batches are equal when their entries are, encoded or not.
        """
        one, other = Batch([Entry(1, 1, b"x")]), Batch([Entry(1, 1, b"x")])
        self.assertEqual(one.encoded, Batch.decode(other.encoded).encoded)
        self.assertEqual((one, hash(one)), (other, hash(other)))
        self.assertNotEqual(one, Batch([Entry(1, 2, b"x")]))
        self.assertNotEqual(one, one.entries)
