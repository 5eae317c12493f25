"""
The folder of the log's segment files.
"""

from __future__ import annotations

import os
import random
import re
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from replkv.storage.files import File, Files
from replkv.storage.record import FRAMES_START, LEAST_SEGMENT_BYTES, MARKER_BYTES, Header, encodeHeader
from replkv.storage.segment import Segment, segmentName
from replkv.storage.segmentindex import SegmentIndex, decodeIndex, encodeIndex

_NAME: Final = re.compile(r"(\d{16})\.segment")
_INDEX_NAME: Final = re.compile(r"(\d{16})\.index")
_SPARE: Final = "spare.segment"
_UNFINISHED: Final = "unfinished.segment"
STAGED: Final = "staged.segment"
"""
The name of a segment that may become the log's first one.
"""

_ZEROS: Final = bytes(1 << 20)
_FREE: Final = 1
"""
So many segments that are free are kept for the spares to come. Segments are freed about as often as they are begun.
"""


def segmentNumbers(files: Files, folder: str) -> list[int]:
    """
    The numbers of the segments in a folder, in order, those included that are free.
    """
    return _numbers(files.list(folder), _NAME)


def _numbers(names: Iterable[str], pattern: re.Pattern[str]) -> list[int]:
    return sorted([int(match[1]) for name in names if (match := pattern.fullmatch(name))])


def readIndex(files: Files, folder: str, number: int) -> SegmentIndex | None:
    """
    The index of a segment; C{None} if it has none that can be used.
    """
    path = _indexPath(folder, number)
    with suppress(OSError):
        if files.exists(path):
            file = files.open(path, create=False)
            try:
                return decodeIndex(file.read(0, file.size()))
            finally:
                file.close()
    return None


def _indexPath(folder: str, number: int) -> str:
    return os.path.join(folder, f"{number:016d}.index")


class Segments:
    """
    Where segments come from, and where they go. A file takes three steps to become one, and a crash between any two of
    them leaves nothing that could be mistaken: it is filled with zeros and synced under a name that means nothing; as
    the spare it gets its header, which is synced; then it gets its name, and the folder is synced. A segment that is
    free goes the same way again, and gets another marker with its header.

    @ivar folder: the folder.
    @ivar segmentBytes: the size of a segment; one that is begun for a larger frame is as large as that needs.
    """

    def __init__(self, files: Files, folder: str, random: random.Random, segmentBytes: int) -> None:
        if not LEAST_SEGMENT_BYTES <= segmentBytes <= 1 << 30:
            raise ValueError(f"a segment has from {LEAST_SEGMENT_BYTES} to {1 << 30} bytes, not {segmentBytes}")
        self.folder = folder
        self.segmentBytes = segmentBytes
        self._files = files
        self._random = random
        self._hasSpare = False
        self._spareLock = threading.Lock()
        self._free: deque[int] = deque()

    @property
    def isPrepared(self) -> bool:
        """
        Whether L{prepare} has nothing to do.
        """
        return self._hasSpare and len(self._free) <= _FREE

    def find(self, first: int) -> list[int]:
        """
        Make the folder if it is missing, and finish what a crash has interrupted.

        @param first: the number with which the log begins. Earlier segments are left over, and free.
        @return: the numbers of the segments from C{first} on, in order.
        """
        self._files.makeFolder(self.folder)
        # A process that was killed may have left names in it that are not yet on the disk.
        self._files.syncFolder(self.folder)
        if self._files.exists(self._path(STAGED)):
            if self._files.exists(self.path(first)):
                self._files.remove(self._path(STAGED))
            else:
                self.enter(first)
        names = self._files.list(self.folder)
        found = _numbers(names, _NAME)
        self.free({number for number in (*found, *_numbers(names, _INDEX_NAME)) if number < first})
        return [number for number in found if number >= first]

    def path(self, number: int) -> str:
        """
        The file of a segment.
        """
        return self._path(segmentName(number))

    def open(self, number: int) -> Segment:
        """
        Open a segment that there is.
        """
        return Segment.open(self._files, self.folder, number)

    def begin(self, number: int, lastIndex: int, previousEnd: int, frameSize: int) -> Segment:
        """
        Begin a segment that has room for a frame of C{frameSize} bytes.
        """
        with self._spareLock:
            size = max(self.segmentBytes, FRAMES_START + frameSize)
            source = self._takeSpare() if size == self.segmentBytes else self._blank(size)
            return self._name(source, segmentName(number), self._header(number, lastIndex, previousEnd, size))

    def stage(self, number: int, lastIndex: int) -> None:
        """
        Make a segment that may become the log's first one. It is on the disk when this returns, and belongs to no log
        until L{enter}: a crash before that may leave either it or the log that there was.
        """
        with self._spareLock:
            self._name(self._takeSpare(), STAGED, self._header(number, lastIndex, 0, self.segmentBytes)).close()

    def enter(self, number: int) -> None:
        """
        Give the segment that was staged its name.
        """
        self._files.rename(self._path(STAGED), self.path(number))
        self._files.syncFolder(self.folder)

    def free(self, numbers: Iterable[int]) -> None:
        """
        Have segments used again, or removed, by L{prepare}. The log must have been made to begin after them, on the
        disk, and they must be closed.
        """
        self._free.extend(sorted(numbers))

    def prepare(self) -> None:
        """
        Have a spare file ready, so that a segment can be begun without waiting for its zeros to be written, and remove
        free segments that are not needed. May run in a thread of its own, beside all else.
        """
        with self._spareLock:
            self._makeSpare()
        while len(self._free) > _FREE:
            with self._spareLock:
                self._remove(self._free[0])
                self._free.popleft()

    # Indexes. Nothing depends on them, or fails for them.

    def writeIndex(self, number: int, index: SegmentIndex) -> None:
        """
        Write the index of a segment. It is not synced: if it is torn, it is not used.
        """
        path = _indexPath(self.folder, number)
        with suppress(OSError):
            file = self._files.open(path, create=not self._files.exists(path))
            try:
                offset = 0
                for piece in encodeIndex(index):
                    file.write(offset, piece)
                    offset += len(piece)
            finally:
                file.close()

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def _header(self, number: int, lastIndex: int, previousEnd: int, size: int) -> Header:
        # At least one bit is set: nothing that is zero is ever taken for the beginning of a frame.
        marker = (self._random.getrandbits(8 * MARKER_BYTES) | 1).to_bytes(MARKER_BYTES, "big")
        return Header(number, marker, lastIndex, previousEnd, size)

    def _name(self, source: str, name: str, header: Header) -> Segment:
        """
        Make a file of zeros a segment.
        """
        path = self._path(name)
        file = self._files.open(source, create=False)
        try:
            file.write(0, encodeHeader(header))
            file.sync()
            self._files.rename(source, path)
            self._files.syncFolder(self.folder)
            return Segment(path, file, header)
        except BaseException:
            file.close()
            raise

    def _takeSpare(self) -> str:
        self._makeSpare()
        self._hasSpare = False
        return self._path(_SPARE)

    def _makeSpare(self) -> None:
        if self._hasSpare:
            return
        spare = self._path(_SPARE)
        if not self._isWhole(spare):
            self._files.rename(self._reused() or self._blank(self.segmentBytes), spare)
        self._hasSpare = True

    def _isWhole(self, path: str) -> bool:
        """
        Whether there is a file, of the right size for a spare.
        """
        if not self._files.exists(path):
            return False
        file = self._files.open(path, create=False)
        try:
            return file.size() == self.segmentBytes
        finally:
            file.close()

    def _reused(self) -> str | None:
        """
        Make a file of zeros, on the disk, of a segment that is free.

        @return: C{None} if there is none of the right size.
        """
        while self._free:
            number = self._free[0]
            if self._isWhole(self.path(number)):
                path = self._path(_UNFINISHED)
                self._files.rename(self.path(number), path)
                file = self._files.open(path, create=False)
                try:
                    self._clear(file, self.segmentBytes)
                finally:
                    file.close()
                self._remove(number)
                self._free.popleft()
                return path
            self._remove(number)
            self._free.popleft()
        return None

    def _blank(self, size: int) -> str:
        """
        Make a file of C{size} zeros, on the disk.
        """
        path = self._path(_UNFINISHED)
        if self._files.exists(path):
            self._files.remove(path)
        file = self._files.open(path, create=True)
        try:
            self._clear(file, size)
        except OSError:
            # On a full disk, what it has got already is room that others need.
            self._files.remove(path)
            raise
        finally:
            file.close()
        return path

    def _clear(self, file: File, size: int) -> None:
        for offset in range(0, size, len(_ZEROS)):
            file.write(offset, memoryview(_ZEROS)[: size - offset])
        file.sync()

    def _remove(self, number: int) -> None:
        """
        Remove what there is of a free segment.
        """
        for path in (_indexPath(self.folder, number), self.path(number)):
            if self._files.exists(path):
                self._files.remove(path)
