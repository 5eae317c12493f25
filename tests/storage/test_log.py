"""
Tests for L{replkv.storage.log}: what it does while all is well, and when the disk refuses.
"""

from __future__ import annotations

import errno
import random

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.outputs import Persist
from replkv.storage.errors import LogFailed
from replkv.storage.log import MAX_BEGUN_BYTES, LogStorage
from replkv.testing.files import MemoryFiles
from tests.storage.model import FOLDER, State, append, openLog, segments, stateOf, vote


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

    def test_begun(self) -> None:
        """
        Who writes the frame himself that the log begins with gets the same log.
        """
        for parts in ([append(1, 1, b"one", b"two"), vote(2, 1)], [append(3, 2, b"three", votedFor=1)]):
            frame = self.log.begin(parts)
            assert frame is not None
            frame.write()
            self.expected = self.expected.after(parts)
        self.check()
        other = openLog(MemoryFiles())
        for parts in ([append(1, 1, b"one", b"two"), vote(2, 1)], [append(3, 2, b"three", votedFor=1)]):
            other.write(parts)
        self.assertEqual(stateOf(other), self.expected)

    def test_notBegun(self) -> None:
        """
        Where there is more to be done than to write one frame of moderate size, nothing is begun.
        """
        log = LogStorage.open(self.files, "/other", random.Random(1), 1 << 20)
        before = stateOf(log), list(self.files.operations)
        self.assertIsNone(log.begin([append(1, 1, bytes(MAX_BEGUN_BYTES))]))
        self.assertEqual((stateOf(log), self.files.operations), before)
        begun = written = 0
        for index in range(1, 20):
            parts = [append(index, 1, bytes(100_000))]
            frame = log.begin(parts)
            if frame is not None:
                frame.write()
                begun += 1
            else:
                log.write(parts)
                written += 1
        # An index with each quarter of a segment.
        self.assertGreater(begun, written)
        self.assertGreaterEqual(written, 4)
        self.assertEqual(log.lastIndex, 19)
        self.assertEqual(stateOf(LogStorage.open(self.files, "/other", random.Random(1), 1 << 20)), stateOf(log))

    def test_noRoom(self) -> None:
        """
        Nor is it where the last segment has no room.
        """
        log = LogStorage.open(self.files, "/other", random.Random(1), 1 << 16)
        frame = log.begin([append(1, 1, bytes(15_000))])
        assert frame is not None
        frame.write()
        self.assertIsNone(log.begin([append(2, 1, bytes(60_000))]))
        self.assertEqual(log.lastIndex, 1)

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
