"""
The folder of the log's segment files.
"""

from __future__ import annotations

import os
import random
import re
import threading
from typing import Final

from replkv.storage.files import Files
from replkv.storage.record import FRAMES_START, MARKER_BYTES, Header, encodeHeader
from replkv.storage.segment import Segment, segmentName

_NAME: Final = re.compile(r"(\d{16})\.segment")
_SPARE: Final = "spare.segment"
_UNFINISHED: Final = "unfinished.segment"
_ZEROS: Final = bytes(1 << 20)


def segmentNumbers(files: Files, folder: str) -> list[int]:
    """
    The numbers of the segments in a folder, in order.
    """
    return sorted([int(match[1]) for name in files.list(folder) if (match := _NAME.fullmatch(name))])


class Segments:
    """
    Where segments come from. A file takes three steps to become one, and a crash between any two of them leaves
    nothing that could be mistaken: it is filled with zeros and synced under a name that means nothing; as the spare
    it gets its header, which is synced; then it gets its name, and the folder is synced.

    @ivar folder: the folder.
    @ivar segmentBytes: the size of a segment; one that is begun for a larger frame is as large as that needs.
    @ivar hasSpare: whether the next segment's file is ready.
    """

    def __init__(self, files: Files, folder: str, random: random.Random, segmentBytes: int) -> None:
        if not 2 * FRAMES_START <= segmentBytes <= 1 << 30:
            raise ValueError(f"a segment has from {2 * FRAMES_START} to {1 << 30} bytes, not {segmentBytes}")
        self.folder = folder
        self.segmentBytes = segmentBytes
        self._files = files
        self._random = random
        self.hasSpare = False
        self._spareLock = threading.Lock()

    def numbers(self) -> list[int]:
        """
        The numbers of the segments that there are, in order. Makes the folder if it is missing.
        """
        self._files.makeFolder(self.folder)
        # A process that was killed may have left names in it that are not yet on the disk.
        self._files.syncFolder(self.folder)
        return segmentNumbers(self._files, self.folder)

    def path(self, number: int) -> str:
        """
        The file of a segment.
        """
        return os.path.join(self.folder, segmentName(number))

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
            if FRAMES_START + frameSize > self.segmentBytes:
                source = self._blank(FRAMES_START + frameSize)
            else:
                self._makeSpare()
                self.hasSpare = False
                source = os.path.join(self.folder, _SPARE)
            return self._name(source, number, lastIndex, previousEnd)

    def prepare(self) -> None:
        """
        Have a spare file ready, so that a segment can be begun without waiting for its zeros to be written. May run
        in a thread of its own, beside all else.
        """
        with self._spareLock:
            self._makeSpare()

    def _name(self, source: str, number: int, lastIndex: int, previousEnd: int) -> Segment:
        """
        Make a file of zeros a segment.
        """
        # At least one bit is set: nothing that is zero is ever taken for the beginning of a frame.
        marker = (self._random.getrandbits(8 * MARKER_BYTES) | 1).to_bytes(MARKER_BYTES, "big")
        header = Header(number, marker, lastIndex, previousEnd)
        file = self._files.open(source, create=False)
        try:
            file.write(0, encodeHeader(header))
            file.sync()
            self._files.rename(source, self.path(number))
            self._files.syncFolder(self.folder)
            return Segment(self.path(number), file, header)
        except BaseException:
            file.close()
            raise

    def _makeSpare(self) -> None:
        if self.hasSpare:
            return
        spare = os.path.join(self.folder, _SPARE)
        if not self._isWhole(spare):
            self._files.rename(self._blank(self.segmentBytes), spare)
        self.hasSpare = True

    def _isWhole(self, spare: str) -> bool:
        """
        Whether there is a spare file, of the right size.
        """
        if not self._files.exists(spare):
            return False
        file = self._files.open(spare, create=False)
        try:
            return file.size() == self.segmentBytes
        finally:
            file.close()

    def _blank(self, size: int) -> str:
        """
        Make a file of C{size} zeros, on the disk.
        """
        path = os.path.join(self.folder, _UNFINISHED)
        if self._files.exists(path):
            self._files.remove(path)
        file = self._files.open(path, create=True)
        try:
            for offset in range(0, size, len(_ZEROS)):
                file.write(offset, memoryview(_ZEROS)[: size - offset])
            file.sync()
        except OSError:
            # On a full disk, what it has got already is room that others need.
            self._files.remove(path)
            raise
        finally:
            file.close()
        return path
