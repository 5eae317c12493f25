"""
One segment file of the log.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replkv.raft.outputs import Persist
from replkv.storage.errors import CorruptLog, UnknownFormat
from replkv.storage.files import File, Files
from replkv.storage.frame import Frame
from replkv.storage.outline import LogOutline
from replkv.storage.record import (
    FORMAT,
    FRAME_HEAD_BYTES,
    FRAMES_START,
    LEAST_SEGMENT_BYTES,
    Header,
    NewerFormat,
    Section,
    claimedSize,
    decodeHeader,
    encodeFrame,
    findFrame,
    frameAt,
    sections,
)
from replkv.storage.segmentindex import SegmentIndex


class NewFrame(NamedTuple):
    """
    A frame that is not on the disk yet.

    @ivar file: that of its segment.
    @ivar offset: its place there.
    """

    file: File
    offset: int
    data: bytes

    def write(self) -> None:
        """
        Write it, and bring it to the disk.

        @raise OSError: if that fails. It is not to be tried again.
        """
        self.file.write(self.offset, self.data)
        self.file.sync()


class Segment:
    """
    An open segment.

    @ivar path: its file.
    @ivar header: its header.
    @ivar end: where its frames end and the next one goes; known once L{frames} has come to its end.
    @ivar lastFrame: where the last one begins.
    @ivar checksum: the CRC-32 of all of them.
    @ivar indexedEnd: where the last of them ends that an index covers.
    """

    __slots__ = ("_file", "_size", "checksum", "end", "header", "indexedEnd", "lastFrame", "path")

    def __init__(self, path: str, file: File, header: Header) -> None:
        self.path = path
        self.header = header
        self.end = FRAMES_START
        self._file = file
        self._size = file.size()
        self.lastFrame = FRAMES_START
        self.checksum = 0
        self.indexedEnd = FRAMES_START

    @classmethod
    def open(cls, files: Files, folder: str, number: int) -> Segment:
        """
        Open a segment.

        @raise CorruptLog: if its header or its length is not what it must be. A segment gets its name only when both
            are durable, so no crash explains that.
        @raise UnknownFormat: if a later version of replkv has written it.
        """
        path = os.path.join(folder, segmentName(number))
        file = files.open(path, create=False)
        try:
            header = decodeHeader(file.read(0, FRAMES_START))
            if header.number != number:
                raise ValueError(f"the header is that of segment {header.number}")
            size = file.size()
            if size < max(header.size, LEAST_SEGMENT_BYTES):
                raise ValueError(f"the file was cut off: it has {size} bytes, and had {header.size or 'more'}")
            return cls(path, file, header)
        except NewerFormat as newer:
            file.close()
            raise UnknownFormat(path, newer.version, FORMAT) from None
        except ValueError as error:
            file.close()
            raise CorruptLog(path, 0, str(error)) from None
        except BaseException:
            file.close()
            raise

    def skip(self, index: SegmentIndex) -> bool:
        """
        Leave out the frames that an index covers, before L{frames}.

        @return: whether it is the index of these frames, and they are as they were when it was made. Otherwise none is
            left out.
        """
        covered = self._file.read(FRAMES_START, max(0, min(index.end, self._size) - FRAMES_START))
        if index.checksum != zlib.crc32(covered):
            return False
        self.lastFrame, self.end, self.checksum = index.lastFrame, index.end, index.checksum
        self.indexedEnd = index.end
        return True

    def index(self, outline: LogOutline) -> SegmentIndex:
        """
        Make the index of its frames.

        @param outline: knows them, and no later segment.
        """
        self.indexedEnd = self.end
        return outline.index(self.lastFrame, self.end, self.checksum)

    def frames(self) -> Iterator[tuple[int, list[Section]]]:
        """
        Read the segment, but for what was left out: the place of each frame, and its sections. Ends where no valid
        frame follows.

        @raise CorruptLog: if a frame passes its checksum but is not made of sections.
        """
        start = self.end
        data = memoryview(self._file.read(start, self._size - start))
        marker = self.header.marker
        while (frame := frameAt(data, self.end - start, marker, self.end)) is not None:
            body, end = frame
            yield self.end, self._sections(self.end, body)
            self.checksum = zlib.crc32(data[self.end - start : end], self.checksum)
            self.lastFrame, self.end = self.end, start + end

    def settle(self) -> int:
        """
        Make the log's last segment ready to be written to, after L{frames}: cut a torn tail, and make sure that
        what was read is on the disk.

        @return: how many bytes were cut.
        @raise CorruptLog: if a valid frame comes later: then it is not a torn tail that comes before it.
        """
        cut = self.unfinished()
        # The process before this one may have been killed before its sync, or have seen that fail; after a failure
        # a system may take for clean what never reached the disk. So the last frame is written once more. What is
        # cut becomes zeros, so that none of it is found again, whatever is written over its beginning.
        frame = self._file.read(self.lastFrame, self.end - self.lastFrame)
        self._file.write(self.lastFrame, frame + bytes(cut))
        self._file.sync()
        return cut

    def hasRoom(self, size: int) -> bool:
        """
        Whether a frame of C{size} bytes fits.
        """
        return self.end + size <= self._size

    def append(self, parts: Sequence[Persist]) -> NewFrame:
        """
        Make a frame, which has its place from now on. It has to be written before anything else is.
        """
        frame = NewFrame(self._file, self.end, encodeFrame(parts, self.header.marker, self.end))
        self.lastFrame = self.end
        self.end += len(frame.data)
        self.checksum = zlib.crc32(frame.data, self.checksum)
        return frame

    def read(self, offset: int) -> Frame:
        """
        Read the frame at C{offset}. Its checksum is verified again, since a disk may rot at any time.

        @raise CorruptLog: if the frame is not valid any more.
        """
        size = claimedSize(self._file.read(offset, FRAME_HEAD_BYTES))
        data = self._file.read(offset, min(size, self._size))
        frame = frameAt(memoryview(data), 0, self.header.marker, offset)
        if frame is None:
            raise CorruptLog(self.path, offset, "the record was valid when it was written, and is damaged now")
        body, _ = frame
        return Frame(self.path, self.header.number << 32 | offset, self._sections(offset, body))

    def unfinished(self) -> int:
        """
        Tell how many bytes of a write that was not finished follow the frames, after L{frames}.

        @raise CorruptLog: if a valid frame comes later: then it is not a torn tail that comes before it.
        """
        tail = self._file.read(self.end, max(0, self._size - self.end))
        later = findFrame(tail, self.header.marker, self.end)
        if later is not None:
            raise CorruptLog(self.path, self.end, f"the record is damaged, and there is a valid one at offset {later}")
        return len(tail.rstrip(b"\0"))

    def skipDamage(self) -> int:
        """
        After L{frames}, go on behind a record that is damaged.

        @return: how many bytes are left out; 0 if no valid record follows, so that none needs to have been there.
        """
        tail = self._file.read(self.end, max(0, self._size - self.end))
        later = findFrame(tail, self.header.marker, self.end)
        if later is None:
            return 0
        skipped, self.end = later - self.end, later
        return skipped

    @property
    def size(self) -> int:
        """
        The length of the file when it was opened, in bytes.
        """
        return self._size

    def close(self) -> None:
        """
        Close the file.
        """
        self._file.close()

    def _sections(self, offset: int, body: memoryview) -> list[Section]:
        """
        Take the body of the frame at C{offset} apart.
        """
        try:
            return sections(body)
        except ValueError as error:
            raise CorruptLog(self.path, offset, str(error)) from None


def segmentName(number: int) -> str:
    """
    The name of a segment's file.
    """
    return f"{number:016d}.segment"
