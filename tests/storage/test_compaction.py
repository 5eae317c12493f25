"""
Tests for L{replkv.storage.log}: a log that begins later than with its first entry, and one that begins anew.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.errors import CorruptLog, LogFailed, UnknownFormat
from replkv.storage.files import Exhausted, OSFiles
from replkv.storage.log import LogStorage
from replkv.storage.start import LogStart, readStart, writeStart
from replkv.testing.files import MemoryFiles, PowerLoss
from tests.storage.formats import startOf
from tests.storage.model import FOLDER, State, append, newFolder, openLog, stateOf, vote

START = f"{FOLDER}/start"


def segments(files: MemoryFiles) -> list[str]:
    """
    The segments, finished or not, by the beginnings of their names without zeros.
    """
    return [name.split(".")[0].lstrip("0") for name in files.list(FOLDER) if name.endswith(".segment")]


class CompactionCase(SynchronousTestCase):
    """
    A log of six entries, two in each segment.
    """

    def setUp(self) -> None:
        """
        Have the log.
        """
        self.files = MemoryFiles()
        self.log = openLog(self.files)
        self.expected = State()
        self.write(vote(1, 1))
        for index in range(1, 7):
            self.write(append(index, 1, bytes([index]) * 1900, votedFor=1))
            self.log.prepare()

    def write(self, *parts: object) -> None:
        """
        Write to the log and to its model.
        """
        self.log.write(parts)  # type: ignore[arg-type]
        self.expected = self.expected.after(parts)  # type: ignore[arg-type]

    def compact(self, index: int) -> None:
        """
        Compact the log and its model.
        """
        self.log.compact(index)
        self.expected = self.expected.compacted(index)

    def check(self, firstIndex: int) -> None:
        """
        The log begins where it should and holds what it should, and so it does when it is opened again.
        """
        for log in (self.log, openLog(self.files)):
            self.assertEqual(log.firstIndex, firstIndex)
            self.assertTrue(self.expected.isHeldBy(log), stateOf(log))


class CompactTests(CompactionCase):
    """
    Tests for L{LogStorage.compact}.
    """

    def test_wholeSegments(self) -> None:
        """
        Segments go when all their entries may, and not before.
        """
        for index, firstIndex in [(0, 1), (1, 1), (2, 3), (3, 3), (4, 5)]:
            self.assertEqual(self.log.compactable(index, 0), firstIndex - 1)
            self.compact(index)
            self.check(firstIndex)

    def test_neverTheLast(self) -> None:
        """
        The last segment stays, whatever may go.
        """
        self.compact(6)
        self.check(5)
        self.write(append(7, 1, b"7", votedFor=1), vote(2, 0))
        self.check(5)

    def test_onlySegment(self) -> None:
        """
        A log of one segment stays as it is, and its folder too.
        """
        files = MemoryFiles()
        log = openLog(files)
        log.write([append(1, 1, b"one")])
        self.assertEqual(log.compactable(1, 0), 0)
        log.compact(1)
        self.assertFalse(files.exists(START))

    def test_retained(self) -> None:
        """
        So many bytes of segments are left as were asked for, but no segment more.
        """
        for retained, last in [(0, 4), (4096 + 1900, 4), (8192, 2), (13_000, 2), (20_000, 0), (1 << 30, 0)]:
            self.assertEqual(self.log.compactable(6, retained), last, retained)

    def test_gone(self) -> None:
        """
        What has gone cannot be read, and is not replaced; what was not compacted is read, and replaced.
        """
        self.compact(4)
        self.assertRaises(ValueError, self.log.read, 4, 5, 100)
        self.assertEqual([entry.index for entry in self.log.read(5, 6, 1 << 20)], [5, 6])
        self.write(append(5, 2, b"V"))
        self.check(5)
        self.assertRaises(ValueError, self.log.write, [append(4, 3, b"4")])

    def test_termRuns(self) -> None:
        """
        The terms of what has gone are forgotten, but for that of the last entry.
        """
        files = MemoryFiles()
        log = openLog(files)
        for index in range(1, 7):
            log.write([append(index, (index + 1) // 2, bytes(3000))])
        for each, firstIndex, prevTerm, runs in [
            (1, 2, 1, [(2, 1), (3, 2), (5, 3)]),
            (2, 3, 1, [(3, 2), (5, 3)]),
            (5, 6, 3, [(6, 3)]),
        ]:
            log.compact(each)
            for found in (log, openLog(files)):
                self.assertEqual((found.firstIndex, found.prevTerm, found.termRuns), (firstIndex, prevTerm, runs))

    def test_usedAgain(self) -> None:
        """
        One segment that is free becomes the next spare: no file is made. The others are removed, with their indexes.
        """
        self.assertEqual(segments(self.files), ["1", "2", "3", "spare"])
        self.compact(6)
        self.assertFalse(self.log.isPrepared)
        self.log.prepare()
        self.assertTrue(self.log.isPrepared)
        self.assertEqual(segments(self.files), ["2", "3", "spare"])
        before = len(self.files.operations)
        for index in range(7, 11):
            self.write(append(index, 1, b"x" * 1900, votedFor=1))
            self.log.prepare()
        made = [path for kind, path in self.files.operations[before:] if kind == "create" and path.endswith("segment")]
        self.assertEqual(len(made), 1)
        self.assertEqual(segments(self.files), ["3", "4", "5", "spare"])
        indexes = [name[15:] for name in self.files.list(FOLDER) if name.endswith(".index")]
        self.assertEqual(indexes, ["3.index", "4.index", "5.index"])
        self.check(5)

    def test_largeIsNotUsedAgain(self) -> None:
        """
        A segment of a size of its own does not become a spare, but is removed when one is needed.
        """
        self.write(append(7, 1, b"x" * 20_000, votedFor=1))
        self.write(append(8, 1, b"x", votedFor=1))
        self.log.prepare()
        self.compact(7)
        self.log.prepare()
        self.assertEqual(segments(self.files), ["4", "5", "spare"])
        self.write(append(9, 1, b"x" * 4000, votedFor=1))
        self.log.prepare()
        self.assertEqual(segments(self.files), ["5", "6", "spare"])
        self.check(8)
        sizes = {len(data) for path, data in self.files.contents().items() if path.endswith("segment")}
        self.assertEqual(sizes, {8192})

    def test_leftOver(self) -> None:
        """
        Segments that were free when the process ended are used again, or removed, by the next.
        """
        self.compact(6)
        self.log = openLog(self.files)
        self.assertFalse(self.log.isPrepared)
        self.log.prepare()
        self.assertEqual(segments(self.files), ["2", "3", "spare"])
        self.check(5)

    def test_reachedOver(self) -> None:
        """
        Where a segment has entries that replaced others from before it, the log does not begin with it.
        """
        self.write(append(6, 2, b"VI" * 950))
        self.write(append(7, 2, b"7" * 1900))
        self.write(append(8, 2, b"8" * 1900))
        self.assertEqual([self.log.compactable(index, 0) for index in range(5, 9)], [4, 4, 7, 7])
        self.compact(6)
        self.check(5)
        self.compact(8)
        self.check(8)

    def test_emptyLast(self) -> None:
        """
        A segment whose first write was lost can be where the log begins: its term and its vote are not.
        """
        self.write(vote(3, 2))
        number = self.files.powerLossAt = len(self.files.operations) + 4
        self.assertRaises(PowerLoss, self.log.write, [append(7, 3, b"7" * 1900, votedFor=2)])
        self.assertEqual(self.files.operations[number][0], "write")
        self.files = self.files.afterPowerLoss(random.Random(3))
        self.log = openLog(self.files)
        self.assertEqual(segments(self.files), ["1", "2", "3", "4"])
        self.compact(6)
        self.check(7)
        self.assertEqual(self.log.termRuns, [])
        self.write(append(7, 3, b"seven", votedFor=2))
        self.check(7)

    def test_shortage(self) -> None:
        """
        Where there is no descriptor for it, whichever step needs it, the log goes on, and is compacted later.
        """
        for step in itertools.count():
            self.setUp()
            self.files.failing = refusing(step)
            try:
                self.log.compact(4)
                break
            except Exhausted:
                self.assertEqual(self.log.firstIndex, 1)
            self.write(append(7, 1, b"7", votedFor=1))
            self.log.compact(2)
            self.expected = self.expected.compacted(4)
            self.assertEqual(self.log.firstIndex, 3)
        self.assertEqual(step, 2)

    def test_fails(self) -> None:
        """
        Where the disk fails, the log takes nothing more.
        """
        for kind in ("create", "write", "sync", "rename", "syncFolder"):
            self.setUp()
            self.files.failing = lambda each, path, kind=kind: errno.EIO if each == kind else 0  # type: ignore[misc]
            self.assertRaises(LogFailed, self.log.compact, 4)
            self.assertRaises(LogFailed, self.log.write, [vote(9, None)])

    def test_filesAreClosed(self) -> None:
        """
        No segment is kept open that has gone.
        """
        folder = newFolder(self)
        before = len(os.listdir("/dev/fd"))
        log = LogStorage.open(OSFiles(), folder, random.Random(1), 8192)
        for index in range(1, 10):
            log.write([append(index, 1, bytes(3000))])
        log.read(1, 1, 1)
        log.compact(8)
        self.assertEqual(len(os.listdir("/dev/fd")), before + 1)
        log.read(9, 9, 1)
        log.restart(20, 1, 1)
        self.assertEqual(len(os.listdir("/dev/fd")), before + 1)
        log.close()
        self.assertEqual(len(os.listdir("/dev/fd")), before)


class AnewTests(CompactionCase):
    """
    Tests for L{LogStorage.restart} and L{LogStorage.adopt}.
    """

    def test_restart(self) -> None:
        """
        All entries go. Term and vote stay, and what comes next follows the store's last entry.
        """
        self.write(vote(4, 2))
        self.log.restart(20, 3, 1)
        self.expected = self.expected.restarted(20, 3, 1)
        self.check(21)
        self.assertEqual((self.log.term, self.log.votedFor, self.log.prevTerm, self.log.lastIndex), (4, 2, 3, 20))
        self.log.prepare()
        self.assertEqual(segments(self.files), ["3", "4", "spare"])
        self.write(append(21, 4, b"a" * 3000, votedFor=2))
        self.write(append(22, 4, b"b" * 3000, votedFor=2))
        self.compact(21)
        self.check(22)
        self.assertEqual(self.log.store, 1)

    def test_frameInMemory(self) -> None:
        """
        A frame that was read in part is kept in memory no longer than it is part of the log, and what comes in its
        place is read.
        """
        self.write(append(7, 1, b"a", votedFor=1), append(8, 1, b"b", votedFor=1))
        self.log.read(7, 7, 0)
        self.log.compact(6)
        self.assertIsNotNone(self.log._reader._frame)
        self.write(append(9, 1, bytes(4000), votedFor=1))
        self.log.compact(8)
        self.assertEqual((self.log.firstIndex, self.log._reader._frame), (9, None))
        self.write(append(10, 1, b"a", votedFor=1), append(11, 1, b"b", votedFor=1))
        self.log.read(10, 10, 0)
        self.assertIsNotNone(self.log._reader._frame)
        self.log.restart(9, 1, 1)
        self.assertIsNone(self.log._reader._frame)
        self.log.write([append(10, 1, b"A", votedFor=1), append(11, 1, b"B", votedFor=1)])
        self.assertEqual([entry.data for entry in self.log.read(10, 11, 100)], [b"A", b"B"])

    def test_restartOfEmpty(self) -> None:
        """
        A new log can begin anew.
        """
        self.files = MemoryFiles()
        self.log = openLog(self.files)
        self.log.restart(5, 1, 1)
        self.expected = State().restarted(5, 1, 1)
        self.check(6)

    def test_adopt(self) -> None:
        """
        Another store goes with the log, which stays as it is.
        """
        self.assertEqual(self.log.store, 0)
        self.log.adopt(2)
        self.expected = self.expected.adopted(2)
        self.check(1)
        self.compact(4)
        self.check(5)
        self.log.adopt(3)
        self.expected = self.expected.adopted(3)
        self.check(5)

    def test_shortage(self) -> None:
        """
        Where there is no descriptor for it, whichever step needs it, the same can be done later.
        """
        for change in (lambda: self.log.restart(20, 3, 1), lambda: self.log.adopt(1)):
            for step in itertools.count():
                self.setUp()
                self.write(vote(4, 2))
                self.files.failing = refusing(step)
                try:
                    change()
                    break
                except Exhausted:
                    change()
                self.assertEqual(self.log.store, 1)
                self.write(append(self.log.lastIndex + 1, 4, b"more", votedFor=2))
                self.assertEqual(stateOf(openLog(self.files)), stateOf(self.log))
            self.assertGreater(step, 1)


class StartTests(SynchronousTestCase):
    """
    Tests for L{replkv.storage.start}.
    """

    start = LogStart(3, 11, 2, 4, 1, 5)

    def setUp(self) -> None:
        """
        Have a folder with a start.
        """
        self.files = MemoryFiles()
        self.files.makeFolder(FOLDER)
        writeStart(self.files, FOLDER, self.start)

    def test_none(self) -> None:
        """
        Without a file, a log begins as all logs do.
        """
        self.assertEqual(readStart(MemoryFiles(), FOLDER), LogStart(1, 1, 0, 0, None, 0))

    def test_read(self) -> None:
        """
        It is read as it was written; C{None} is not server 0.
        """
        self.assertEqual(readStart(self.files, FOLDER), self.start)
        for votedFor in (0, None):
            writeStart(self.files, FOLDER, self.start._replace(votedFor=votedFor))
            self.assertEqual(readStart(self.files, FOLDER).votedFor, votedFor)

    def test_damaged(self) -> None:
        """
        A file with any bit changed, or that ends early, is refused.
        """
        data = self.files.contents()[START]
        for position in range(len(data)):
            flipped = bytearray(data)
            flipped[position] ^= 1 << position % 8
            for damaged in (bytes(flipped), data[:position]):
                error = self.assertRaises(CorruptLog, readStart, MemoryFiles({START: damaged}), FOLDER)
                self.assertEqual((error.path, error.offset), (START, 0))

    def test_formats(self) -> None:
        """
        What a later version of replkv has written is not damaged; there is none before the first.
        """
        data = self.files.contents()[START]
        error = self.assertRaises(UnknownFormat, readStart, MemoryFiles({START: startOf(2, data)}), FOLDER)
        self.assertIn(f"{START} has format 2, and this version of replkv knows none after 1", str(error))
        self.assertRaises(CorruptLog, readStart, MemoryFiles({START: startOf(0, data)}), FOLDER)

    def test_missing(self) -> None:
        """
        A log whose first segment is missing is refused, be it the only one or not; so is one that lacks its start.
        """
        files = MemoryFiles()
        log = openLog(files)
        for index in range(1, 5):
            log.write([append(index, 1, bytes(3000))])
        log.compact(2)
        contents = files.contents()
        for missing in ([3], [3, 4], [1, 3, 4]):
            paths = [f"{FOLDER}/{number:016d}.segment" for number in missing]
            left = {path: data for path, data in contents.items() if path not in paths}
            error = self.assertRaises(CorruptLog, openLog, MemoryFiles(left))
            self.assertEqual(error.path, paths[-1 if missing == [1, 3, 4] else 0].replace("4.s", "3.s"))
        left = {path: data for path, data in contents.items() if path != START and "1.segment" not in path}
        self.assertRaises(CorruptLog, openLog, MemoryFiles(left))

    def test_otherStart(self) -> None:
        """
        A start that is not that of the segments is refused.
        """
        files = MemoryFiles()
        log = openLog(files)
        for index in range(1, 5):
            log.write([append(index, 1, bytes(3000))])
        log.compact(2)
        start = readStart(files, FOLDER)
        for other in (start._replace(firstIndex=4), start._replace(term=2), start._replace(votedFor=1)):
            writeStart(files, FOLDER, other)
            self.assertRaises(CorruptLog, openLog, files)


def refusing(step: int) -> Callable[[str, str], int]:
    """
    A system that refuses one descriptor: the one that is wanted when C{step} others have been given. Those for indexes
    do not count.
    """
    steps = itertools.count()

    def refuse(kind: str, path: str) -> int:
        wants = kind in ("create", "open", "syncFolder") and not path.endswith(".index")
        return errno.EMFILE if wants and next(steps) == step else 0

    return refuse
