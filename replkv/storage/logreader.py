"""
The reading of entries that the log has on the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replkv.raft.entry import Entry
from replkv.storage.frame import Frame
from replkv.storage.outline import LogOutline
from replkv.storage.segment import Segment
from replkv.storage.segments import Segments


class _Decoded(NamedTuple):
    """
    Entries that were read from the disk together.

    @ivar first: the index of the first of them.
    @ivar place: where they are stored.
    """

    first: int
    place: int
    entries: Sequence[Entry]


class LogReader:
    """
    Reads entries, and keeps what was read last: a frame, and a batch of it.
    """

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._older: Segment | None = None
        self._decoded = _Decoded(0, 0, ())
        self._frame: Frame | None = None  # The one that was read last, while there is more to be had of it.

    def entriesFrom(self, index: int, outline: LogOutline, tail: Segment) -> Sequence[Entry]:
        """
        The entry C{index} and those after it that are stored in one batch with it. They are kept: who reads a large
        batch in small steps does not decode it again and again.

        @param outline: knows where it is.
        @param tail: the last segment, which is open.
        """
        first, last, place = outline.locate(index)
        decoded = self._decoded
        if (decoded.first, decoded.place) != (first, place):
            decoded = self._decoded = _Decoded(first, place, self._load(first, place, tail))
        return decoded.entries[index - first : last - first + 1]

    def forget(self, number: int) -> None:
        """
        The segments before this one are going.
        """
        if self._older is not None and self._older.header.number < number:
            self._closeOlder()
        if self._frame is not None and self._frame.place >> 32 < number:
            self._frame = None

    def close(self) -> None:
        """
        Close what was opened to be read.
        """
        self._frame = None
        self._closeOlder()

    def _load(self, first: int, place: int, tail: Segment) -> tuple[Entry, ...]:
        """
        Read the batch that begins with the entry C{first} from the frame at C{place}. The frame is kept until its
        last batch was read: to read it again for each of them, and verify it, costs the square of its size. What is
        kept cannot be out of date, since no place is written to twice.
        """
        frame = self._frame
        if frame is None or frame.place != place:
            frame = self._frame = None  # There is one in memory, and never two.
            frame = self._frame = self._segmentOf(place >> 32, tail).read(place & 0xFFFFFFFF)
        if first == frame.lastFirst:
            self._frame = None
        return frame.batch(first).entries

    def _segmentOf(self, number: int, tail: Segment) -> Segment:
        """
        The segment of that number; apart from the last one, only the one that was read last is kept open.
        """
        if number == tail.header.number:
            return tail
        if self._older is None or self._older.header.number != number:
            self._closeOlder()
            self._older = self._segments.open(number)
        return self._older

    def _closeOlder(self) -> None:
        if self._older is not None:
            self._older.close()
            self._older = None
