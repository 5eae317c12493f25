"""
Tests for L{replkv.storage.outline}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.storage.outline import LogOutline


class LogOutlineTests(SynchronousTestCase):
    """
    Tests for L{LogOutline}.
    """

    def setUp(self) -> None:
        """
        Have a log of three sections: entries 1 to 3, 4 and 5, and 6.
        """
        self.outline = LogOutline()
        self.outline.add(1, None, 1, [1, 1, 1], 100)
        self.outline.add(3, 2, 4, [2, 3], 200)
        self.outline.add(3, 2, 6, [3], 300)

    def test_new(self) -> None:
        """
        A new log is empty and in term 0.
        """
        outline = LogOutline()
        self.assertEqual((outline.term, outline.votedFor), (0, None))
        self.assertEqual((outline.firstIndex, outline.lastIndex, outline.termRuns), (1, 0, []))

    def test_termRuns(self) -> None:
        """
        Runs of equal terms go on from one section to the next.
        """
        self.assertEqual(self.outline.termRuns, [(1, 1), (4, 2), (5, 3)])
        self.assertEqual(self.outline.lastIndex, 6)

    def test_locate(self) -> None:
        """
        Each entry is found in its section.
        """
        located = [self.outline.locate(index) for index in range(1, 7)]
        self.assertEqual(located, [(1, 3, 100)] * 3 + [(4, 5, 200)] * 2 + [(6, 6, 300)])

    def test_conflict(self) -> None:
        """
        A section that begins within the log replaces what was there, and all that followed.
        """
        self.outline.add(4, None, 5, [4], 400)
        self.assertEqual(self.outline.lastIndex, 5)
        self.assertEqual(self.outline.termRuns, [(1, 1), (4, 2), (5, 4)])
        self.assertEqual(self.outline.locate(4), (4, 4, 200))
        self.assertEqual(self.outline.locate(5), (5, 5, 400))
        self.outline.add(5, None, 1, [5], 500)
        self.assertEqual(self.outline.termRuns, [(1, 5)])
        self.assertEqual(self.outline.locate(1), (1, 1, 500))

    def test_vote(self) -> None:
        """
        A section without entries changes term and vote alone.
        """
        self.outline.add(7, 1, 0, [], 400)
        self.assertEqual((self.outline.term, self.outline.votedFor, self.outline.lastIndex), (7, 1, 6))

    def test_refused(self) -> None:
        """
        What Raft forbids is refused: a term that goes down, a second vote in a term, a vote taken back, an entry
        from the future, a gap, an entry before the first.
        """
        for term, votedFor, first, terms in [
            (2, None, 0, []),
            (3, 1, 0, []),
            (3, None, 0, []),
            (3, 2, 7, [4]),
            (3, 2, 7, [2]),
            (4, 2, 7, [4, 3, 4]),
            (3, 2, 8, [3]),
            (3, 2, 0, [3]),
        ]:
            self.assertRaises(ValueError, self.outline.add, term, votedFor, first, terms, 400)


class PeekTests(SynchronousTestCase):
    """
    Tests for L{Batch.peek}.
    """

    def test_peek(self) -> None:
        """
        It gives the first index and the terms.
        """
        batch = Batch([Entry(8, 2, b"two"), Entry(9, 3, b"")])
        self.assertEqual(Batch.peek(memoryview(batch.encoded)), (8, [2, 3]))
        self.assertEqual(Batch.peek(NO_ENTRIES.encoded), (0, []))

    def test_refused(self) -> None:
        """
        What is cut short or too long is refused.
        """
        encoded = Batch([Entry(8, 2, b"two"), Entry(9, 3, b"")]).encoded
        for length in range(len(encoded)):
            self.assertRaises(ValueError, Batch.peek, encoded[:length])
        self.assertRaises(ValueError, Batch.peek, encoded + b"!")
