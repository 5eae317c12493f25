"""
Tests for L{replkv.storage.log}: what it makes of torn tails, and of a disk that rots.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator, Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.outputs import Persist
from replkv.storage.errors import CorruptLog, UnknownFormat
from replkv.storage.log import LogStorage
from replkv.storage.record import (
    FRAMES_START,
    HEADER_BYTES,
    LEAST_SEGMENT_BYTES,
    Header,
    Section,
    decodeHeader,
    frameSize,
)
from replkv.storage.segment import Segment
from replkv.testing.files import MemoryFiles
from tests.storage.formats import headerOf
from tests.storage.model import FOLDER, SEGMENT_BYTES, State, append, openLog, stateOf, vote

FIRST = f"{FOLDER}/0000000000000001.segment"
SECOND = f"{FOLDER}/0000000000000002.segment"


def written(*writes: Sequence[Persist], indexed: bool = False) -> tuple[dict[str, bytes], list[State], list[int]]:
    """
    Write a log.

    @param indexed: whether the segments are to have their indexes.
    @return: its files, what it held before the first write and after each, and where the frames begin and end, as
        long as the first segment takes them.
    """
    files = MemoryFiles()
    log = openLog(files)
    states = [State()]
    ends = [FRAMES_START]
    for parts in writes:
        log.write(parts)
        states.append(states[-1].after(parts))
        ends.append(ends[-1] + frameSize(parts))
    contents = {path: data for path, data in files.contents().items() if indexed or not path.endswith(".index")}
    return contents, states, ends


SMALL = written(
    [vote(1, 0)],
    [append(1, 1, b"one", b"two", votedFor=0)],
    [vote(2, None), append(2, 2, b"TWO", b"three")],
    [append(4, 2, b"last one")],
)


class TornTailTests(SynchronousTestCase):
    """
    Tests for a tail that a crash has torn.
    """

    contents, states, ends = SMALL

    def whole(self, damaged: bytes) -> State:
        """
        What the frames say that are still whole. A frame that lost nothing but zeros is whole.
        """
        data = self.contents[FIRST]
        return self.states[max(n for n, end in enumerate(self.ends) if n == 0 or damaged[:end] == data[:end])]

    def check(self, damaged: bytes, expected: State) -> LogStorage:
        """
        The log is opened, holds what is expected, and goes on from there, for good.
        """
        files = MemoryFiles({FIRST: damaged})
        log = openLog(files)
        self.assertEqual(stateOf(log), expected)
        # Shorter than what was cut, so that the rest of that would show.
        more = [vote(expected.term + 1, None)]
        log.write(more)
        again = openLog(files)
        self.assertEqual(stateOf(again), expected.after(more))
        self.assertEqual(again.cutBytes, 0)
        return log

    def test_tornAtEveryByte(self) -> None:
        """
        Of the frames, only the bytes before any one of them were written: the whole frames are there.
        """
        data = self.contents[FIRST]
        for length in range(FRAMES_START, self.ends[-1] + 1):
            damaged = data[:length] + bytes(SEGMENT_BYTES - length)
            self.check(damaged, self.whole(damaged))

    def test_beginningLost(self) -> None:
        """
        Of the last frame, only the bytes after any one of them were written: it is cut, and said so.
        """
        data = self.contents[FIRST]
        start, end = self.ends[-2:]
        for position in range(start + 1, end):
            log = self.check(data[:start] + bytes(position - start) + data[position:], self.states[-2])
            left = data[position:end].rstrip(b"\0")
            self.assertEqual(log.cutBytes, position - start + len(left) if left else 0)

    def test_cutIsZeroed(self) -> None:
        """
        Of what is cut nothing is left on the disk.
        """
        data = bytearray(self.contents[FIRST])
        data[self.ends[-2]] ^= 1
        files = MemoryFiles({FIRST: bytes(data)})
        openLog(files)
        for seed in range(10):
            left = files.afterPowerLoss(random.Random(seed)).contents()[FIRST]
            self.assertEqual(left, self.contents[FIRST][: self.ends[-2]] + bytes(SEGMENT_BYTES - self.ends[-2]))

    def test_secondSegment(self) -> None:
        """
        The tail may be torn at the beginning of a later segment.
        """
        contents, states, _ = written([append(1, 1, b"a" * 3000)], [append(2, 1, b"b" * 3000)])
        contents[SECOND] = contents[SECOND][: FRAMES_START + 100] + bytes(SEGMENT_BYTES - FRAMES_START - 100)
        log = openLog(MemoryFiles(contents))
        self.assertEqual(stateOf(log), states[1])
        self.assertEqual(log.cutBytes, 100)


class RotTests(SynchronousTestCase):
    """
    Tests for damage that no crash explains.
    """

    contents, states, ends = SMALL

    def assertCorrupt(self, contents: dict[str, bytes], path: str, offset: int) -> None:
        """
        The log is refused with one line that names the place, and left as it is.
        """
        files = MemoryFiles(contents)
        error = self.assertRaises(CorruptLog, openLog, files)
        self.assertEqual((error.path, error.offset), (path, offset))
        self.assertIn(f"{path}, at offset {offset}: ", str(error))
        self.assertNotIn("\n", str(error))
        self.assertEqual(files.contents(), contents)

    def flipped(self, position: int, bit: int) -> dict[str, bytes]:
        """
        The small log with one bit changed.
        """
        data = bytearray(self.contents[FIRST])
        data[position] ^= 1 << bit
        return {FIRST: bytes(data)}

    def test_everyFlip(self) -> None:
        """
        Any one bit of the frames is changed. Before the last frame, that is refused; in the last, which could be
        torn, it is cut.
        """
        for frame, (start, end) in enumerate(zip(self.ends, self.ends[1:], strict=False)):
            for position in range(start, end):
                for bit in range(8):
                    damaged = self.flipped(position, bit)
                    if end < self.ends[-1]:
                        self.assertCorrupt(damaged, FIRST, start)
                    else:
                        log = openLog(MemoryFiles(damaged))
                        self.assertEqual(stateOf(log), self.states[frame])
                        self.assertGreater(log.cutBytes, 0)

    def test_everyFlipInTheHeader(self) -> None:
        """
        Any one bit of the header is changed: that is refused, since a segment never gets its name before that.
        """
        for position in range(HEADER_BYTES):
            for bit in range(8):
                self.assertCorrupt(self.flipped(position, bit), FIRST, 0)

    def test_newerFormat(self) -> None:
        """
        A segment of a later version of replkv is not damaged, and nobody is told to give its server up.
        """
        newer = headerOf(7, Header(1, bytes(8), 0, 0, SEGMENT_BYTES))
        log = {FIRST: newer + self.contents[FIRST][len(newer) :]}
        error = self.assertRaises(UnknownFormat, openLog, MemoryFiles(log))
        self.assertIn(f"{FIRST} has format 7, and this version of replkv knows none after 2", str(error))
        self.assertIn("start that version", str(error))
        self.assertNotIn("damaged", str(error))

    def test_everyCut(self) -> None:
        """
        A file that is shorter than it was made is refused, wherever it ends: no crash has done that, and what was there
        may have been acknowledged.
        """
        for length in (*range(self.ends[-1] + 100), SEGMENT_BYTES - 1):
            self.assertCorrupt({**self.contents, FIRST: self.contents[FIRST][:length]}, FIRST, 0)

    def test_firstFormat(self) -> None:
        """
        A file of the first format, which does not tell how long it was made, is read, and refused where it is shorter
        than any was.
        """
        data = self.contents[FIRST]
        header = headerOf(1, decodeHeader(data))
        old = header + bytes(FRAMES_START - len(header)) + data[FRAMES_START:]
        self.assertEqual(stateOf(openLog(MemoryFiles({**self.contents, FIRST: old}))), self.states[-1])
        for length in range(LEAST_SEGMENT_BYTES):
            self.assertCorrupt({**self.contents, FIRST: old[:length]}, FIRST, 0)

    def test_flipBehindTheFrames(self) -> None:
        """
        A change where nothing is stored yet does no harm.
        """
        for position in [*range(HEADER_BYTES, FRAMES_START, 97), *range(self.ends[-1], SEGMENT_BYTES, 7)]:
            files = MemoryFiles(self.flipped(position, position % 8))
            self.assertEqual(stateOf(openLog(files)), self.states[-1])
            self.assertEqual(openLog(files).cutBytes, 0)

    def test_everyLostFrame(self) -> None:
        """
        A frame that has become zeros is refused if it is not the last.
        """
        for start, end in zip(self.ends, self.ends[1:-1], strict=False):
            data = self.contents[FIRST]
            self.assertCorrupt({FIRST: data[:start] + bytes(end - start) + data[end:]}, FIRST, start)


SEVERAL = (
    [append(1, 1, b"a" * 100)],
    [append(2, 1, b"b" * 100)],
    [append(2, 2, b"c" * 100)],
    [append(3, 3, b"d" * 3900)],
    [append(3, 4, b"e" * 3900)],
)


class SeveralSegmentsTests(RotTests):
    """
    Tests for damage to a log of three segments, of which the first holds three frames.
    """

    contents, states, ends = written(*SEVERAL)
    ends = ends[:4]

    def flipped(self, position: int, bit: int) -> dict[str, bytes]:
        """
        The log with one bit of the first segment changed.
        """
        return {**self.contents, **RotTests.flipped(self, position, bit)}

    def test_everyFlip(self) -> None:
        """
        Any byte of the frames of the first segment is changed, of the last one of them too: that is refused, since a
        later segment is begun only when all before it is on the disk.
        """
        for start, end in zip(self.ends, self.ends[1:], strict=False):
            for position in range(start, end):
                self.assertCorrupt(self.flipped(position, position % 8), FIRST, start)

    def test_everyFlipInTheHeader(self) -> None:
        """
        A change to the header of any segment is refused.
        """
        for path in [path for path in self.contents if path.endswith(".segment")]:
            for position in range(HEADER_BYTES):
                data = bytearray(self.contents[path])
                data[position] ^= 1
                self.assertCorrupt({**self.contents, path: bytes(data)}, path, 0)

    def test_everyCut(self) -> None:
        """
        So is one that is not the last.
        """
        for length in [*range(HEADER_BYTES), *range(FRAMES_START, self.ends[-1], 5)]:
            self.assertCorrupt({**self.contents, FIRST: self.contents[FIRST][:length]}, FIRST, 0)

    def test_everyLostFrame(self) -> None:
        """
        A frame at the end of an earlier segment that has become zeros is refused, though the indexes would fit.
        """
        start, end = self.ends[-2:]
        data = self.contents[FIRST]
        self.assertCorrupt({**self.contents, FIRST: data[:start] + bytes(end - start) + data[end:]}, FIRST, start)

    def test_missingSegment(self) -> None:
        """
        A segment that is missing before others is refused.
        """
        for path in (FIRST, SECOND):
            self.assertCorrupt({each: data for each, data in self.contents.items() if each != path}, path, 0)

    def test_swappedSegments(self) -> None:
        """
        A segment under another's name is refused.
        """
        self.assertCorrupt({**self.contents, SECOND: self.contents[FIRST]}, SECOND, 0)

    def test_foreignSegment(self) -> None:
        """
        A segment of another log is refused.
        """
        other, _, _ = written([append(1, 1, *[b"x" * 80] * 3)], [append(4, 1, b"d" * 4000)])
        files = MemoryFiles({FIRST: self.contents[FIRST], SECOND: other[SECOND]})
        self.assertRaises(CorruptLog, openLog, files)

    def test_foreignSegmentAtTheSamePlace(self) -> None:
        """
        A segment of another log is refused, though that log's first segment was as full as this one's.
        """
        one, _, _ = written([append(1, 1, b"x" * 112)], [append(2, 1, b"y" * 4000)])
        two, _, _ = written([append(1, 1, b"x" * 50, b"x" * 50)], [append(3, 1, b"y" * 4000)])
        self.assertCorrupt({FIRST: one[FIRST], SECOND: two[SECOND]}, SECOND, 0)

    def test_nothingIsChanged(self) -> None:
        """
        Nothing is added to a log that is refused at its end, though what comes before is well.
        """
        third = f"{FOLDER}/0000000000000003.segment"
        self.assertCorrupt({**self.contents, third: self.contents[third][:40]}, third, 0)

    def test_otherFiles(self) -> None:
        """
        Files that are not segments are left alone.
        """
        contents = {**self.contents, f"{FOLDER}/notes.txt": b"", f"{FOLDER}/1.segment": b""}
        self.assertEqual(stateOf(openLog(MemoryFiles(contents))), self.states[-1])


class IndexTests(SeveralSegmentsTests):
    """
    The same damage to a log whose segments have indexes, and damage to these.
    """

    contents, states, ends = written(*SEVERAL, indexed=True)
    ends = ends[:4]
    indexes = tuple(f"{FOLDER}/{number:016d}.index" for number in (1, 2, 3))

    def framesRead(self, contents: dict[str, bytes]) -> int:
        """
        Open a log, which must be well.

        @return: how many of its frames were taken apart.
        """
        taken: list[int] = []
        frames = Segment.frames

        def count(segment: Segment) -> Iterator[tuple[int, list[Section]]]:
            for frame in frames(segment):
                taken.append(segment.end)
                yield frame

        self.patch(Segment, "frames", count)
        files = MemoryFiles(contents)
        log = openLog(files)
        self.patch(Segment, "frames", frames)
        self.assertEqual((stateOf(log), log.cutBytes), (self.states[-1], 0))
        self.assertEqual(log.termRuns, self.states[-1].termRuns)
        again = [append(log.lastIndex + 1, 9, b"more")]
        log.write(again)
        self.assertEqual(stateOf(openLog(files)), self.states[-1].after(again))
        return len(taken)

    def test_notTakenApart(self) -> None:
        """
        Frames that an index covers are not taken apart; without it they are, and then there is one again.
        """
        self.assertEqual(sorted(path for path in self.contents if path.endswith(".index")), sorted(self.indexes))
        self.assertEqual(self.framesRead(self.contents), 0)
        for missing, count in ((self.indexes[:1], 3), (self.indexes[1:2], 1), (self.indexes[:2], 4)):
            contents = {path: data for path, data in self.contents.items() if path not in missing}
            self.assertEqual(self.framesRead(contents), count)
            files = MemoryFiles(contents)
            openLog(files)
            self.assertEqual(files.contents(), self.contents)

    def test_damagedIndex(self) -> None:
        """
        An index with any bit changed, or cut short anywhere, is not used, and does no harm.
        """
        for path in self.indexes:
            data = self.contents[path]
            for position in range(len(data)):
                flipped = bytearray(data)
                flipped[position] ^= 1 << position % 8
                for damaged in (bytes(flipped), data[:position]):
                    self.assertGreater(self.framesRead({**self.contents, path: damaged}), 0)

    def test_foreignIndex(self) -> None:
        """
        An index of another segment is not used.
        """
        one, two, _ = self.indexes
        self.assertEqual(self.framesRead({**self.contents, one: self.contents[two]}), 3)

    def test_refused(self) -> None:
        """
        Where the system refuses to write or read indexes, the log does without.
        """
        for kind in ("create", "open", "write", "read"):
            files = MemoryFiles()
            files.failing = lambda each, path, kind=kind: errno.EIO * (each == kind and path.endswith("x"))  # type: ignore[misc]
            log = openLog(files)
            for parts in SEVERAL:
                log.write(parts)
            self.assertEqual(stateOf(log), self.states[-1])
            self.assertEqual(stateOf(openLog(files)), self.states[-1])

    def test_partOfSegment(self) -> None:
        """
        A segment gets an index before it is full, and what comes after that is read.
        """
        parts = [[append(index, 1, b"x" * 100)] for index in range(1, 25)]
        self.contents, self.states, _ = written(*parts, indexed=True)
        self.assertIn(self.indexes[0], self.contents)
        self.assertNotIn(SECOND, self.contents)
        self.assertIn(self.framesRead(self.contents), range(1, 12))
