"""
Tests for L{replkv.storage.log}: what it does while all is well, and when the disk refuses.
"""

from __future__ import annotations

import errno
import random
import zlib

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Entry
from replkv.raft.outputs import Persist
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.log import LogStorage
from replkv.testing.files import MemoryFiles
from tests.storage.model import FOLDER, State, append, openLog, stateOf, vote


def segments(files: MemoryFiles) -> list[str]:
    """
    The names of all segments in the log's folder, finished or not.
    """
    return [name for name in files.list(FOLDER) if name.endswith(".segment")]


class WriteTests(SynchronousTestCase):
    """
    Tests for writing, and for reading it back, in the same process and in the next.
    """

    def setUp(self) -> None:
        """
        Have a new log.
        """
        self.files = MemoryFiles()
        self.log = openLog(self.files)
        self.expected = State()

    def write(self, *parts: Persist) -> None:
        """
        Write to the log and to the model.
        """
        self.log.write(parts)
        self.expected = self.expected.after(parts)

    def check(self) -> None:
        """
        The log holds what it should, and so it does when it is opened again.
        """
        for log in (self.log, openLog(self.files)):
            self.assertEqual(stateOf(log), self.expected)
            self.assertEqual(log.termRuns, self.expected.termRuns)
            self.assertEqual(log.lastIndex, len(self.expected.entries))
            self.assertEqual((log.firstIndex, log.cutBytes), (1, 0))

    def test_new(self) -> None:
        """
        A new log is empty.
        """
        self.check()
        self.assertEqual(segments(self.files), ["0000000000000001.segment"])

    def test_termAndVote(self) -> None:
        """
        Term and vote are kept; C{None} is not server 0.
        """
        self.write(vote(1, 0))
        self.check()
        self.write(vote(2, None))
        self.check()

    def test_entries(self) -> None:
        """
        Entries are kept, with any data in them; several parts are written as one.
        """
        self.write(append(1, 1, b"", b"\0\r\n\xff", votedFor=2), vote(3, 1), append(3, 3, b"three", votedFor=1))
        self.check()

    def test_oneSync(self) -> None:
        """
        However many parts there are, they cost one write and one sync, in that order.
        """
        before = len(self.files.operations)
        self.write(*[append(index, 1, b"data") for index in range(1, 20)])
        self.assertEqual([kind for kind, _ in self.files.operations[before:]], ["write", "sync"])

    def test_overwritten(self) -> None:
        """
        Entries that begin within the log replace all from there on; of what was stored together with them, what
        comes before is still there.
        """
        self.write(append(1, 1, b"a", b"b", b"c", b"d"))
        self.write(append(3, 2, b"C"))
        self.check()
        self.write(append(2, 3, b"B", b"C!", b"D!"))
        self.check()
        self.write(append(1, 4, b"A"))
        self.check()
        self.write(append(1, 5, b"AA"))
        self.check()

    def test_overwrittenInOneWrite(self) -> None:
        """
        A later part of a write may replace an earlier one of the same write, or the end of it.
        """
        self.write(append(1, 1, b"a", b"b"), append(1, 2, b"A", b"B"), append(2, 3, b"BB"))
        self.check()

    def test_manySegments(self) -> None:
        """
        A log goes on in another segment when one is full; what was replaced may lie in an earlier one.
        """
        for index in range(1, 40):
            self.write(append(index, 1, bytes([index]) * 500))
        self.check()
        self.assertGreater(len(segments(self.files)), 5)
        self.write(append(5, 2, b"five"))
        self.check()
        self.write(append(6, 2, b"six" * 1000))
        self.check()

    def test_fullToTheLastByte(self) -> None:
        """
        A frame that fits exactly does not begin a new segment; one that is 8 bytes longer does.
        """
        overhead = 16 + 20 + 12 + 12
        self.write(append(1, 1, bytes(4096 - overhead)))
        self.check()
        self.assertEqual(len(segments(self.files)), 1)
        self.write(append(2, 1, bytes(4096 - overhead)))
        self.assertEqual(len(segments(self.files)), 2)
        self.check()

    def test_oversize(self) -> None:
        """
        A frame that is larger than a segment gets one that is large enough, and the next go on as usual.
        """
        self.write(append(1, 1, b"small"))
        self.write(append(2, 1, b"x" * 50_000))
        self.write(append(3, 1, b"small"))
        self.check()
        contents = self.files.contents()
        sizes = [len(contents[f"{FOLDER}/{name}"]) for name in segments(self.files)]
        self.assertEqual(sizes[0], 8192)
        self.assertGreater(sizes[1], 50_000)
        self.assertEqual(sizes[2], 8192)

    def test_prepare(self) -> None:
        """
        A spare file is on the disk before it is one. With it, beginning a segment writes its header and no zeros. It
        is made once, and is used by a log that is opened later.
        """
        self.write(append(1, 1, bytes(4000)))
        before = len(self.files.operations)
        self.log.prepare()
        kinds = [kind for kind, _ in self.files.operations[before:]]
        self.assertEqual(kinds, ["create", "write", "sync", "rename"])
        before = len(self.files.operations)
        self.log.prepare()
        self.assertEqual(len(self.files.operations), before)
        self.log = openLog(self.files)
        before = len(self.files.operations)
        self.write(append(2, 1, bytes(4000)))
        kinds = [kind for kind, path in self.files.operations[before:] if not path.endswith(".index")]
        self.assertEqual(kinds, ["write", "sync", "rename", "syncFolder", "write", "sync"])
        self.check()

    def test_spareOfAnotherSize(self) -> None:
        """
        A spare that another setting of the segments' size left is not used.
        """
        self.log.prepare()
        self.log = LogStorage.open(self.files, FOLDER, random.Random(0), 3 * 4096)
        self.write(append(1, 1, bytes(4000)))
        self.write(append(2, 1, bytes(4000)))
        self.assertEqual(len(self.files.contents()[f"{FOLDER}/0000000000000002.segment"]), 3 * 4096)

    def test_impossible(self) -> None:
        """
        What cannot follow the log is refused, and does not reach the disk.
        """
        self.write(append(1, 1, b"a"))
        self.assertRaises(ValueError, self.log.write, [append(3, 1, b"c")])
        self.assertRaises(LogFailed, self.log.write, [append(2, 1, b"b")])
        self.log = openLog(self.files)
        self.check()

    def test_segmentSize(self) -> None:
        """
        A size without reason is refused.
        """
        for size in (4096, 1 << 31):
            self.assertRaises(ValueError, LogStorage.open, self.files, FOLDER, random.Random(0), size)


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


class FailureTests(SynchronousTestCase):
    """
    Tests for a disk that refuses.
    """

    def setUp(self) -> None:
        """
        Have a log with an entry.
        """
        self.files = MemoryFiles()
        self.log = openLog(self.files)
        self.log.write([append(1, 1, b"one")])
        self.expected = State().after([append(1, 1, b"one")])

    def refuse(self, refused: str) -> None:
        """
        Have every operation of a kind refused.
        """
        self.files.failing = lambda kind, path: errno.ENOSPC if kind == refused else 0

    def test_poisoned(self) -> None:
        """
        After a write or a sync that failed, nothing is written any more, though the disk would take it; the message
        says what happened, in one line.
        """
        for kind in ("write", "sync"):
            files = MemoryFiles()
            log = openLog(files)
            files.failing = lambda each, path, kind=kind: errno.ENOSPC if each == kind else 0  # type: ignore[misc]
            error = self.assertRaises(LogFailed, log.write, [append(1, 1, b"a")])
            self.assertIn("No space left on device", str(error))
            self.assertIn(FOLDER, str(error))
            self.assertNotIn("\n", str(error))
            files.failing = lambda each, path: 0
            before = len(files.operations)
            self.assertRaises(LogFailed, log.write, [append(1, 1, b"a")])
            self.assertEqual(len(files.operations), before)

    def test_beginningASegmentFails(self) -> None:
        """
        A log that cannot begin a segment is as it was before when it is opened again.
        """
        for kind in ("create", "write", "sync", "rename", "syncFolder"):
            self.refuse(kind)
            self.assertRaises(LogFailed, self.log.write, [append(2, 1, bytes(4000))])
            self.assertRaises(LogFailed, self.log.write, [append(2, 1, b"two")])
            self.log = openLog(self.files.afterKill())
            self.assertEqual(stateOf(self.log), self.expected)

    def test_prepareFails(self) -> None:
        """
        A spare file that cannot be made does the log no harm, and is made when there is room.
        """
        self.refuse("write")
        self.assertRaises(OSError, self.log.prepare)
        # On a full disk, the half of it would take the room that others need.
        self.assertNotIn("unfinished.segment", segments(self.files))
        self.files.afterKill()
        self.log.write([append(2, 1, b"two")])
        self.log.prepare()
        self.assertIn("spare.segment", segments(self.files))
        self.assertNotIn("unfinished.segment", segments(self.files))

    def test_failedSyncIsNotBelieved(self) -> None:
        """
        After a sync that failed, the system shows what was written, though the disk never got it. A log that is
        opened then, and that holds it, still holds it when the power goes.
        """
        self.refuse("sync")
        self.assertRaises(LogFailed, self.log.write, [append(2, 1, b"two")])
        log = openLog(self.files.afterKill())
        held = stateOf(log)
        for seed in range(20):
            again = openLog(self.files.afterPowerLoss(random.Random(seed)))
            self.assertEqual(stateOf(again), held)

    def test_openFails(self) -> None:
        """
        A log that cannot be made or opened says so.
        """
        for kind in ("makeFolder", "create", "write", "sync", "syncFolder", "rename"):
            files = MemoryFiles()
            files.failing = lambda each, path, kind=kind: errno.EACCES if each == kind else 0  # type: ignore[misc]
            self.assertRaises(OSError, openLog, files)
        for kind in ("write", "sync", "syncFolder", "read"):
            self.files.failing = lambda each, path, kind=kind: errno.EIO if each == kind else 0  # type: ignore[misc]
            self.assertRaises(OSError, openLog, self.files)

    def test_close(self) -> None:
        """
        A closed log is opened again as it was.
        """
        self.log.close()
        self.assertEqual(stateOf(openLog(self.files)), self.expected)
