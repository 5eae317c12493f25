"""
Tests for L{replkv.storage.salvage}: what is left of a log that has rotted.
"""

from __future__ import annotations

import random
from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.invariants import InvariantViolation
from replkv.raft.repair import Repair
from replkv.storage.errors import CorruptLog
from replkv.storage.log import LogStorage
from replkv.storage.record import FRAMES_START
from replkv.testing.files import MemoryFiles
from tests.storage.model import FOLDER, SEGMENT_BYTES, State, append, stateOf, vote
from tests.storage.test_recovery import FIRST, SECOND, SEVERAL, SMALL, written

SIXTH = 6  # Of the bytes, so that the tests are quick.


def openRotten(files: MemoryFiles) -> LogStorage:
    """
    Open a log that may be repaired.
    """
    return LogStorage.open(files, FOLDER, random.Random(0), SEGMENT_BYTES, mayRepair=True)


def flipped(contents: dict[str, bytes], path: str, position: int) -> dict[str, bytes]:
    """
    A log with one bit changed.
    """
    data = bytearray(contents[path])
    data[position] ^= 1 << position % 8
    return {**contents, path: bytes(data)}


class SalvageCase(SynchronousTestCase):
    """
    What all tests of it stand on.
    """

    def check(self, contents: dict[str, bytes], before: State, whole: State) -> Repair:
        """
        Open a log that has rotted.

        @param before: what it held before it wrote what is damaged now.
        @param whole: what it held in the end.
        @return: what it is taken to have had.
        """
        files = MemoryFiles(contents)
        log = openRotten(files)
        assert log.damage is not None
        self.assertEqual(stateOf(log), before._replace(term=whole.term, votedFor=whole.votedFor))
        had = log.damage.had
        last = whole.entries[-1]
        self.assertGreaterEqual(had.lastIndex, last.index)
        self.assertTrue(last.term <= had.lastTerm <= whole.term)
        self.assertEqual(files.contents(), contents)
        self.assertRaises(InvariantViolation, log.write, [vote(9, None)])
        log.restart(1, 1, 0)
        log.write([append(2, whole.term, b"more", votedFor=whole.votedFor)])
        log.prepare()
        again = openRotten(files.afterPowerLoss(random.Random(1)))
        self.assertIsNone(again.damage)
        self.assertEqual((again.firstIndex, again.lastIndex, again.term, again.votedFor), (2, 2, *whole[:2]))
        self.assertEqual([name for name in files.list(FOLDER) if name.endswith(".index")], [])
        return had


class OneSegmentTests(SalvageCase):
    """
    Tests for a log of one segment.
    """

    def test_everyFlip(self) -> None:
        """
        Whatever has rotted before the last record: term and vote are those that were written last, and it is known, to
        the entry, what the log had.
        """
        contents, states, ends = SMALL
        for frame, (start, end) in enumerate(pairwise(ends[:-1])):
            for position in range(start, end, SIXTH):
                had = self.check(flipped(contents, FIRST, position), states[frame], states[-1])
                self.assertEqual(had, Repair(4, 2))

    def test_last(self) -> None:
        """
        The last record cannot be told from one that was torn.
        """
        contents, states, ends = SMALL
        log = openRotten(MemoryFiles(flipped(contents, FIRST, ends[-2] + 20)))
        self.assertIsNone(log.damage)
        self.assertEqual(stateOf(log), states[-2])

    def test_lastToo(self) -> None:
        """
        But where something has rotted before it, it may well have rotted too, and it may be a vote: so the log is not
        gone on with.
        """
        contents, _, ends = SMALL
        rotten = flipped(flipped(contents, FIRST, ends[-2] + 20), FIRST, ends[0] + 9)
        error = self.assertRaises(CorruptLog, openRotten, MemoryFiles(rotten))
        self.assertEqual((error.path, error.offset), (FIRST, ends[0]))

    def test_votesBehind(self) -> None:
        """
        Where only votes follow, the damage may have held as many entries as it had room for, of any term until then.
        """
        contents, states, ends = written([append(1, 1, b"one")], [append(2, 2, b"x" * 60, b"y")], [vote(3, 1)])
        had = self.check(flipped(contents, FIRST, ends[1] + 30), states[1], states[-1])
        self.assertEqual(had, Repair(1 + (ends[2] - ends[1]) // 12, 3))

    def test_twice(self) -> None:
        """
        Two records are damaged.
        """
        contents, states, ends = written(*[[append(number, number, b"data")] for number in range(1, 6)])
        rotten = flipped(flipped(contents, FIRST, ends[3] + 9), FIRST, ends[1] + 9)
        self.assertEqual(self.check(rotten, states[1], states[-1]), Repair(5, 5))

    def test_replaced(self) -> None:
        """
        What was replaced behind the damage need not be had again.
        """
        contents, states, ends = written(
            [append(1, 1, b"one")], [append(2, 1, *[b"x"] * 9)], [append(3, 2, b"THREE")], [append(4, 2, b"FOUR")]
        )
        self.assertEqual(self.check(flipped(contents, FIRST, ends[1] + 9), states[1], states[-1]), Repair(4, 2))

    def test_header(self) -> None:
        """
        Where the header of the last segment is damaged, none of its records can be known, and so the last vote cannot.
        """
        contents, _, _ = SMALL
        files = MemoryFiles(flipped(contents, FIRST, 20))
        error = self.assertRaises(CorruptLog, openRotten, files)
        self.assertEqual((error.path, error.offset), (FIRST, 0))

    def test_nonsense(self) -> None:
        """
        What follows makes no sense: that is no rot.
        """
        contents, _, ends = written([append(1, 2, b"one")], [append(2, 3, b"two")], [append(3, 3, b"three")])
        other, _, _ = written([append(1, 1, b"one")], [append(2, 1, b"two")], [append(3, 1, b"three")])
        data = contents[FIRST][: ends[2]] + other[FIRST][ends[2] :]
        rotten = flipped({FIRST: data}, FIRST, ends[1] + 9)
        self.assertRaises(CorruptLog, openRotten, MemoryFiles(rotten))


class SeveralSegmentsTests(SalvageCase):
    """
    Tests for a log of three segments, of which the first holds three frames, and each other one.
    """

    contents, states, ends = written(*SEVERAL)

    def test_everyFlip(self) -> None:
        """
        A record of the first segment is damaged, be it the last one of it.
        """
        for frame, (start, end) in enumerate(pairwise(self.ends[:4])):
            for position in range(start, end, 5 * SIXTH):
                had = self.check(flipped(self.contents, FIRST, position), self.states[frame], self.states[-1])
                self.assertEqual(had, Repair(3, 4))

    def test_header(self) -> None:
        """
        The header of a segment is damaged: none of its records can be known, but those of the next one can.
        """
        for path, before in ((FIRST, State()), (SECOND, self.states[3])):
            had = self.check(flipped(self.contents, path, 20), before, self.states[-1])
            self.assertEqual(had, Repair(3, 4))

    def test_onlyRecord(self) -> None:
        """
        So it is where the one record of a segment is damaged.
        """
        rotten = flipped(self.contents, SECOND, FRAMES_START + 99)
        self.assertEqual(self.check(rotten, self.states[3], self.states[-1]), Repair(3, 4))

    def test_nothingBehind(self) -> None:
        """
        The last segment has no record yet: the last vote may have been in the one before it that is damaged.
        """
        contents, _, _ = written(*SEVERAL[:4])
        data = contents[SECOND]
        files = MemoryFiles({FIRST: flipped(contents, FIRST, self.ends[2] + 9)[FIRST], SECOND: data[:FRAMES_START]})
        self.assertRaises(CorruptLog, openRotten, files)

    def test_missing(self) -> None:
        """
        A segment that is missing has not rotted.
        """
        rotten = flipped(self.contents, FIRST, self.ends[1] + 9)
        del rotten[SECOND]
        self.assertRaises(CorruptLog, openRotten, MemoryFiles(rotten))


class IndexTests(SalvageCase):
    """
    Tests for a log whose segments have indexes.
    """

    def test_before(self) -> None:
        """
        What comes before the damage is read by the index.
        """
        contents, states, _ = written(*SEVERAL, indexed=True)
        log = openRotten(MemoryFiles(flipped(contents, SECOND, FRAMES_START + 99)))
        self.assertEqual(stateOf(log), states[3]._replace(term=4))
