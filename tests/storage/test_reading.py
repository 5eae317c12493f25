"""
Tests for what L{replkv.storage.log} reads back.
"""

from __future__ import annotations

import errno
import zlib

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Entry
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.testing.files import MemoryFiles
from tests.storage.model import FOLDER, append, openLog, segments, vote


class ReadTests(SynchronousTestCase):
    """
    Tests for L{LogStorage.read}.
    """

    def setUp(self) -> None:
        """
        Have a log of 60 entries of 100 bytes, in many segments: each third write replaces the last entry too.
        """
        self.files = MemoryFiles()
        self.log = openLog(self.files)
        self.entries: list[Entry] = []
        while len(self.entries) < 60:
            turn = len(self.entries)
            if turn % 3 == 2:
                self.entries.pop()
            first = len(self.entries) + 1
            new = [Entry(index, turn + 1, bytes([turn]) * 100) for index in range(first, first + turn % 4 + 2)]
            self.log.write([append(first, turn + 1, *[entry.data for entry in new])])
            self.entries += new
        self.assertGreater(len(segments(self.files)), 2)

    def test_everyRange(self) -> None:
        """
        Every range is read as it was written.
        """
        for first in range(1, len(self.entries) + 1):
            for last in range(first, len(self.entries) + 1):
                self.assertEqual(self.log.read(first, last, 1 << 20), self.entries[first - 1 : last])

    def test_limit(self) -> None:
        """
        Reading stops before the entry with which the data would be more than was asked for, but not before the
        first.
        """
        for limit, count in [(0, 1), (99, 1), (100, 1), (199, 1), (200, 2), (1_050, 10), (100_000, 30)]:
            self.assertEqual(self.log.read(11, 40, limit), self.entries[10 : 10 + count])

    def test_outside(self) -> None:
        """
        Entries that the log does not hold cannot be read, and asking for them does no harm.
        """
        end = self.log.lastIndex
        for first, last in [(0, 1), (end, end + 1), (end + 1, end + 1), (5, 4)]:
            self.assertRaises(ValueError, self.log.read, first, last, 100)
        self.assertEqual(self.log.read(1, 1, 0), self.entries[:1])

    def test_stepsThroughLargeBatch(self) -> None:
        """
        Who reads a large batch in small steps reads it from the disk once.
        """
        reads = []
        self.log.write([append(1, 1000, *[b"x" * 100] * 500)])
        self.files.failing = lambda kind, path: reads.append(kind) or 0  # type: ignore[func-returns-value]
        for first in range(1, 500, 2):
            self.assertEqual(len(self.log.read(first, 500, 200)), min(2, 501 - first))
        self.assertEqual(reads, ["read", "read"])

    def frames(self, *counts: int) -> tuple[int, list[str]]:
        """
        Write frames that have so many batches, each of two entries of 100 bytes.

        @return: the first of these entries, and what will be done with the files.
        """
        start = first = self.log.lastIndex + 1
        for count in counts:
            self.log.write([append(first + 2 * turn, 1000, *[b"x" * 100] * 2) for turn in range(count)])
            first += 2 * count
        done: list[str] = []
        self.files.failing = lambda kind, path: done.append(kind) or 0  # type: ignore[func-returns-value]
        return start, done

    def test_stepsThroughFrame(self) -> None:
        """
        Who reads a frame of many batches in small steps reads it from the disk once, and verifies it once.
        """
        verified = 0
        crc32 = zlib.crc32

        def count(data: bytes, value: int = 0) -> int:
            nonlocal verified
            verified += len(data)
            return crc32(data, value)

        first, done = self.frames(50, 50)
        self.patch(zlib, "crc32", count)
        last = self.log.lastIndex
        self.assertEqual(last, first + 199)
        for index in range(first, last + 1, 3):
            self.assertEqual(len(self.log.read(index, last, 300)), min(3, last + 1 - index))
        # The head of each frame, and all of it; and the header of the first one's segment.
        self.assertEqual(done.count("read"), 2 * 2 + 1)
        self.assertLess(verified, 2 * 50 * 300)

    def test_oneFrame(self) -> None:
        """
        One frame is kept in memory, and only while there is more to be read of it.
        """
        first, done = self.frames(2, 2)
        for index, reads in [(0, 1), (4, 2), (0, 3), (2, 3), (0, 4), (2, 4), (4, 5), (6, 5), (0, 6)]:
            self.log.read(first + index, first + index, 0)
            self.assertEqual(done.count("read"), 2 * reads)

    def test_beginAlike(self) -> None:
        """
        Of two batches of a frame that begin alike, the later counts, and what it has left of those before it.
        """
        first = self.log.lastIndex + 1
        parts = [
            append(first, 1000, b"a", b"b", b"c"),
            append(first + 2, 1001, b"C", b"D"),
            append(first + 2, 1002, b"CC", b"DD", b"EE"),
            append(first + 4, 1003, b"E", b"F"),
            vote(1004, 1),
        ]
        self.log.write(parts)
        expected = [b"a", b"b", b"CC", b"DD", b"E", b"F"]
        for limit in (0, 3, 1 << 20):
            found: list[bytes] = []
            while len(found) < len(expected):
                found += [entry.data for entry in self.log.read(first + len(found), self.log.lastIndex, limit)]
            self.assertEqual(found, expected)

    def test_replacedMeanwhile(self) -> None:
        """
        What is written while a frame is being read in steps counts, and what it replaces is not read any more.
        """
        first, _ = self.frames(4)
        self.log.read(first, first, 0)
        self.log.write([append(first + 3, 1001, b"new", b"newer"), append(first + 5, 1001, b"newest")])
        found = [entry.data for entry in self.log.read(first + 2, self.log.lastIndex, 1 << 20)]
        self.assertEqual(found, [b"x" * 100, b"new", b"newer", b"newest"])

    def test_goneFromFrame(self) -> None:
        """
        A valid frame without the batch that should be in it is damage.
        """
        first, _ = self.frames(2)
        self.log.read(first, first, 0)
        # As when the log's memory of it is wrong.
        index = self.log._outline._firsts.index(first + 2)
        self.log._outline._firsts[index] = first + 3
        error = self.assertRaises(CorruptLog, self.log.read, first + 3, first + 3, 0)
        self.assertIn(f"does not hold entry {first + 3} any more", str(error))

    def test_frameRots(self) -> None:
        """
        A frame that has rotted is not handed out, though the one before it was.
        """
        first, _ = self.frames(2, 2)
        place = self.log._outline.locate(first + 4)[2]
        path = f"{FOLDER}/{place >> 32:016d}.segment"
        self.files.put(path, (place & 0xFFFFFFFF) + 400, b"?")
        self.assertEqual(len(self.log.read(first, first + 3, 1 << 20)), 4)
        error = self.assertRaises(CorruptLog, self.log.read, first + 6, first + 6, 0)
        self.assertEqual((error.path, error.offset), (path, place & 0xFFFFFFFF))

    def test_rotAfterOpening(self) -> None:
        """
        What has rotted since the log was opened is not handed out, and nothing is any more.
        """
        path = f"{FOLDER}/0000000000000001.segment"
        self.files.put(path, 4096 + 70, b"?")
        error = self.assertRaises(CorruptLog, self.log.read, 1, 1, 0)
        self.assertEqual((error.path, error.offset), (path, 4096))
        self.assertRaises(LogFailed, self.log.read, 60, 60, 0)

    def test_rottenLength(self) -> None:
        """
        A length that has rotted is not believed.
        """
        self.files.put(f"{FOLDER}/0000000000000001.segment", 4096 + 8, b"\xff\xff\xff\xff")
        self.assertRaises(CorruptLog, self.log.read, 1, 1, 0)

    def test_readFails(self) -> None:
        """
        When the disk does not answer, the log stops.
        """
        self.files.failing = lambda kind, path: errno.EIO if kind == "read" else 0
        self.assertRaises(LogFailed, self.log.read, 1, 1, 0)
        self.assertRaises(LogFailed, self.log.write, [vote(1000, None)])
