"""
Tests for what is known of a server's disk.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.cluster.durable import DurableLog
from replkv.testing.files import MemoryFiles
from tests.storage.model import append, openLog, vote


def never(index: int, term: int) -> bool:
    """
    Nothing is committed.
    """
    return False


class DurableLogTests(SynchronousTestCase):
    """
    Tests for L{DurableLog}.
    """

    def test_nothing(self) -> None:
        """
        A disk that has never been looked at holds nothing.
        """
        durable = DurableLog(never)
        self.assertEqual((durable.term, durable.votedFor, durable.lastIndex, durable.lastTerm), (0, None, 0, 0))
        self.assertFalse(durable.holds(0, 0))
        self.assertFalse(durable.holds(1, 1))

    def test_noted(self) -> None:
        """
        It holds what was written when it was noted, and no more.
        """
        durable, log = DurableLog(never), openLog(MemoryFiles())
        log.write([append(1, 1, b"a", b"b", votedFor=1)])
        log.write([append(3, 4, b"c", votedFor=2)])
        durable.note(log)
        log.write([vote(9, 0), append(4, 9, b"d", votedFor=0)])
        self.assertEqual((durable.term, durable.votedFor, durable.lastIndex), (4, 2, 3))
        held = [(index, term) for index in range(6) for term in range(10) if durable.holds(index, term)]
        self.assertEqual(held, [(1, 1), (2, 1), (3, 4)])

    def test_replaced(self) -> None:
        """
        What has been replaced is held no longer.
        """
        durable, log = DurableLog(never), openLog(MemoryFiles())
        log.write([append(1, 1, b"a", b"b", b"c")])
        durable.note(log)
        self.assertTrue(durable.holds(3, 1))
        log.write([append(2, 2, b"B")])
        durable.note(log)
        held = [(index, term) for index in range(5) for term in range(4) if durable.holds(index, term)]
        self.assertEqual(held, [(1, 1), (2, 2)])

    def test_goneBack(self) -> None:
        """
        Of a log that has gone back, the others may count on what it held, and no more than what it has is there.
        """
        before, log = DurableLog(never), openLog(MemoryFiles())
        log.write([append(1, 1, b"a", b"b", b"c")])
        before.note(log)
        durable, copy = DurableLog(never, before), openLog(MemoryFiles())
        copy.write([append(1, 1, b"a")])
        self.assertTrue(durable.isIn(copy))
        durable.note(copy)
        self.assertEqual((durable.lastIndex, durable.lastTerm), (1, 1))
        self.assertEqual([index for index in range(6) if durable.holds(index, 1)], [1, 2, 3])
        self.assertEqual([index for index in range(6) if durable.has(index, 1)], [1])
        self.assertTrue(durable.isIn(copy))
        self.assertFalse(durable.isIn(openLog(MemoryFiles())))

    def test_compacted(self) -> None:
        """
        It holds what it has had to forget, if that is committed.
        """
        files = MemoryFiles()
        durable, log = DurableLog(lambda index, term: (index, term) == (1, 1)), openLog(files)
        log.write([append(1, 1, bytes(3000))])
        log.write([append(2, 2, bytes(3000))])
        log.write([append(3, 2, bytes(3000))])
        durable.note(log)
        self.assertTrue(durable.isIn(log))
        log.compact(2)
        self.assertTrue(durable.isIn(log))
        durable.note(log)
        held = [(index, term) for index in range(5) for term in range(4) if durable.holds(index, term)]
        self.assertEqual(held, [(1, 1), (3, 2)])
        log.restart(7, 3, 1)
        self.assertTrue(durable.isIn(log))
        durable.note(log)
        self.assertEqual((durable.lastIndex, durable.lastTerm), (7, 3))
        self.assertTrue(durable.isIn(openLog(files)))
