"""
The simulated disk.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.config import RaftConfig
from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Load, Persist
from replkv.raft.repair import Repair
from replkv.testing.core.disk import Disk
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline
from tests.raft.network import THREE, entriesOf

CONFIG = RaftConfig(0)


def persist(seq: int, *entries: Entry, term: int = 1) -> Persist:
    """
    Something to write.
    """
    return Persist(seq, term, 0, Batch(entries))


class DiskTests(SynchronousTestCase):
    """
    Writes, and what is left of them.
    """

    def setUp(self) -> None:
        """
        Make a disk whose writes take a second.
        """
        self.timeline = Timeline()
        self.disk = Disk(self.timeline, Random(1), Span(1.0, 1.0), THREE)
        self.written: list[int] = []
        self.start()

    def start(self) -> None:
        """
        Recover from the disk.
        """
        self.raft = self.disk.recover(CONFIG, Random(1), 0, self.written.append)

    def test_write(self) -> None:
        """
        Nothing is there before a write is done; then all of it is.
        """
        self.disk.write([persist(1, *entriesOf(1, 1))])
        self.timeline.advance(0.9)
        self.assertEqual((self.disk.term, self.disk.lastIndex, self.written), (0, 0, []))
        self.timeline.advance(0.1)
        self.assertEqual((self.disk.term, self.disk.votedFor, self.disk.lastIndex, self.written), (1, 0, 2, [1]))
        self.assertTrue(self.disk.holds(2, 1))
        self.assertFalse(self.disk.holds(2, 2) or self.disk.holds(3, 1) or self.disk.holds(0, 0))

    def test_groupCommit(self) -> None:
        """
        What comes during a write is written together after it.
        """
        for seq in (1, 2, 3):
            self.disk.write([persist(seq, Entry(seq, 1, b""))])
        self.timeline.advance(1)
        self.assertEqual((self.disk.lastIndex, self.written), (1, [1]))
        self.timeline.advance(1)
        self.assertEqual((self.disk.lastIndex, self.written), (3, [1, 3]))

    def test_cut(self) -> None:
        """
        Entries replace those that are there.
        """
        self.disk.write([persist(1, *entriesOf(1, 1, 1)), persist(2, Entry(2, 2, b"x"), term=2)])
        self.timeline.advance(1)
        self.assertEqual([entry.term for entry in self.disk.entries], [1, 2])

    def test_crash(self) -> None:
        """
        After a crash, any first part is there of what was not synced, and nobody is told of it.
        """
        found = set()
        for seed in range(20):
            self.setUp()
            self.disk.write([persist(1, Entry(1, 1, b""))])
            self.disk.write([persist(2, Entry(2, 1, b"")), persist(3, Entry(3, 1, b""))])
            self.assertTrue(self.disk.crash(Random(seed)))
            found.add(self.disk.lastIndex)
            self.start()
            self.timeline.advance(5)
            self.assertEqual((self.raft.log.lastIndex, self.written), (self.disk.lastIndex, []))
        self.assertEqual(found, {0, 1, 2, 3})

    def test_nothingToLose(self) -> None:
        """
        A crash of an idle disk loses nothing.
        """
        self.disk.write([persist(1, *entriesOf(1))])
        self.timeline.advance(1)
        self.assertFalse(self.disk.crash(Random(1)))
        self.assertEqual(self.disk.lastIndex, 1)

    def test_recover(self) -> None:
        """
        A core starts from what is there.
        """
        self.disk.write([persist(1, *entriesOf(1, 1, 3), term=4)])
        self.timeline.advance(1)
        raft = self.disk.recover(CONFIG, Random(1), 2, self.written.append)
        log = raft.log
        self.assertEqual((raft.currentTerm, raft.votedFor, raft.lastApplied, raft.commitIndex), (4, 0, 2, 2))
        self.assertEqual([log.term(index) for index in (1, 2, 3)], [1, 1, 3])
        self.assertEqual((log.lastIndex, log.stableIndex, log.inMemory), (3, 3, 3))

    def test_rot(self) -> None:
        """
        A log loses its last entries, some of them or all. What it had is noted, and whoever counts on it may go on to.
        """
        left = set()
        for seed in range(40):
            self.setUp()
            self.disk.write([persist(1, *entriesOf(1, 1, 1, 2, 2), term=3)])
            self.timeline.advance(1.0)
            self.assertEqual(self.disk.rot(Random(seed)), Repair(5, 2))
            left.add(self.disk.lastIndex)
            self.assertEqual((self.disk.term, self.disk.repair), (3, Repair(5, 2)))
            self.assertTrue(self.disk.holds(5, 2))
            self.assertFalse(self.disk.has(5, 2))
            self.start()
            self.assertTrue(self.raft.isRepairing)
        self.assertTrue({0, 2} < left <= set(range(5)))

    def test_rotBehindSnapshot(self) -> None:
        """
        It begins after the snapshot, where not all of that was to be found in the log any more.
        """
        self.disk.write([persist(1, *[Entry(index, 2, b"") for index in range(1, 6)])])
        self.timeline.advance(1.0)
        self.disk.compact(self.disk.applied(4), 1)
        for seed in range(20):
            self.disk.rot(Random(seed))
        self.assertEqual((self.disk.firstIndex, self.disk.lastIndex), (5, 4))
        self.assertTrue(self.disk.has(4, 2))
        self.assertIsNone(self.disk.rot(Random(1)))

    def test_hang(self) -> None:
        """
        A disk that hangs finishes nothing until it goes on, and then at once.
        """
        self.disk.write([persist(1, *entriesOf(1))])
        self.disk.hang()
        self.disk.hang()
        self.timeline.advance(5)
        self.disk.goOn()
        self.assertEqual(self.written, [])
        self.disk.goOn()
        self.assertEqual((self.written, self.disk.lastIndex), ([1], 1))

    def test_crashWhileHanging(self) -> None:
        """
        What hung when the power was lost is not done later.
        """
        self.disk.write([persist(1, *entriesOf(1))])
        self.disk.hang()
        self.timeline.advance(5)
        self.disk.crash(Random(1))
        left = self.disk.lastIndex
        self.start()
        self.disk.goOn()
        self.assertEqual((self.written, self.disk.lastIndex), ([], left))

    def test_slow(self) -> None:
        """
        A slow disk takes longer.
        """
        self.disk.slowness = 2.0
        self.disk.write([persist(1, *entriesOf(1))])
        self.timeline.advance(2.9)
        self.assertEqual(self.written, [])
        self.timeline.advance(0.1)
        self.assertEqual(self.written, [1])

    def test_hurry(self) -> None:
        """
        A disk becomes faster.
        """
        self.disk.hurry(Span(0.1, 0.1))
        self.disk.write([persist(1, *entriesOf(1))])
        self.timeline.advance(0.1)
        self.assertEqual(self.written, [1])

    def test_read(self) -> None:
        """
        Some of the entries that are asked for are read, from the first on.
        """
        self.disk.write([persist(1, *entriesOf(1, 1, 1, 1, 1, 1))])
        self.timeline.advance(1)
        sizes = set()

        def loaded(load: Load, batch: Batch) -> None:
            indexes = [entry.index for entry in batch.entries]
            self.assertEqual(indexes, list(range(2, 2 + len(indexes))))
            self.assertTrue(indexes)
            self.assertLessEqual(indexes[-1], load.last)
            sizes.add(len(indexes))

        for _ in range(30):
            self.disk.read(Load(1, 1, 2, 4), loaded)
        self.timeline.advance(1)
        self.assertEqual(sizes, {1, 2, 3})

    def test_readIsLost(self) -> None:
        """
        Who asked for entries and crashed is not given them.
        """
        loads: list[Load] = []
        self.disk.read(Load(1, 1, 1, 1), lambda load, batch: loads.append(load))
        self.disk.crash(Random(1))
        self.timeline.advance(2)
        self.assertEqual(loads, [])
