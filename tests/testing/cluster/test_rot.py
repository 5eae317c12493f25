"""
Tests for bits that rot.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.errors import CorruptLog
from replkv.storage.record import FRAMES_START, HEADER_BYTES
from replkv.storage.segments import segmentNumbers
from replkv.testing.cluster.rot import rotLog
from replkv.testing.files import MemoryFiles, PowerLoss
from tests.storage.model import FOLDER, append, openLog, vote


def written(seed: int) -> MemoryFiles:
    """
    A log of some length, often of more than one segment.
    """
    random = Random(seed)
    files = MemoryFiles()
    log = openLog(files)
    index = 1
    for term in range(1, random.randrange(1, 12)):
        if random.random() < 0.3:
            log.write([vote(term, 0)])
        else:
            data = [bytes(random.choice([0, 1, 500, 1500])) for _ in range(random.randint(1, 3))]
            log.write([append(index, term, *data)])
            index += len(data)
    return files


def isFound(files: MemoryFiles) -> bool:
    """
    Whether a server that starts takes its log for damaged.
    """
    try:
        openLog(files, 1)
    except CorruptLog:
        return True
    return False


class RotTests(SynchronousTestCase):
    """
    Tests for L{rotLog}.
    """

    def test_found(self) -> None:
        """
        The server finds it exactly when it is said that it must.
        """
        seen: Counter[bool] = Counter()
        for seed in range(400):
            files = written(seed)
            mustBeFound = rotLog(files, FOLDER, Random(seed)) > 0
            self.assertEqual(isFound(files), mustBeFound, f"seed {seed}")
            seen[mustBeFound] += 1
        for result in (True, False):
            self.assertGreater(seen[result], 20)

    def test_oneBit(self) -> None:
        """
        One bit of a header or of a record is another one, in any segment, and will be after a loss of power too.
        """
        places = set()
        parts = set()
        for seed in range(200):
            files = written(seed)
            before = files.contents()
            rotLog(files, FOLDER, Random(seed))
            after = files.contents()
            flipped = [
                (path, offset, one ^ other)
                for path in before
                for offset, (one, other) in enumerate(zip(before[path], after[path], strict=True))
                if one != other
            ]
            self.assertEqual(len(flipped), 1)
            path, offset, bits = flipped[0]
            self.assertEqual(bits.bit_count(), 1)
            self.assertTrue(offset < HEADER_BYTES or offset >= FRAMES_START)
            parts.add(offset < HEADER_BYTES)
            self.assertEqual(files.afterPowerLoss(Random(0)).contents()[path], after[path])
            places.add(path)
        self.assertGreater(len(places), 2)
        self.assertEqual(parts, {True, False})

    def test_lastOnly(self) -> None:
        """
        Only in the very last record it need not be found: then all records before it are still there.
        """
        for seed in range(200):
            files = written(seed)
            last = openLog(files, 1).lastIndex
            if not rotLog(files, FOLDER, Random(seed)):
                self.assertTrue(last - 3 <= openLog(files, 1).lastIndex <= last)

    def test_begunSegment(self) -> None:
        """
        If a crash came when a segment had been begun and nothing was in it yet, the last record must be found too.
        """
        seen: Counter[bool] = Counter()
        for seed in range(40):
            files = MemoryFiles()
            log = openLog(files)
            for index in (1, 2, 3):
                log.write([append(index, 1, bytes(1100))])
            files.failing = lambda kind, path, files=files: self.stopAtFolder(files, kind)  # type: ignore[misc]
            self.assertRaises(PowerLoss, log.write, [append(4, 1, bytes(1100))])
            files.afterKill()
            self.assertEqual(segmentNumbers(files, FOLDER), [1, 2])
            self.assertEqual(openLog(files, 1).lastIndex, 3)
            mustBeFound = rotLog(files, FOLDER, Random(seed)) > 0
            self.assertEqual(isFound(files), mustBeFound, f"seed {seed}")
            seen[mustBeFound] += 1
        self.assertEqual(seen, {True: 40})

    def stopAtFolder(self, files: MemoryFiles, kind: str) -> int:
        """
        Have the process end when the segment has its name, before the folder is synced.
        """
        if kind == "syncFolder":
            raise PowerLoss
        return 0
