"""
What is left of a log in which something has rotted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replkv.raft.entry import LEAST_ENTRY_BYTES, Batch
from replkv.raft.repair import Repair
from replkv.storage.errors import CorruptLog
from replkv.storage.files import Files
from replkv.storage.outline import LogOutline
from replkv.storage.record import Header, Section
from replkv.storage.segment import Segment
from replkv.storage.segments import Segments, readIndex, segmentNumbers
from replkv.storage.start import LogStart


class Damage(NamedTuple):
    """
    What a log has lost.

    @ivar error: says where.
    @ivar had: what it had before, at the most.
    """

    error: CorruptLog
    had: Repair


class Salvaged(NamedTuple):
    """
    A log as far as it is left.

    @ivar outline: what comes before the first damage, but with the term and the vote that were written last.
    @ivar tail: the last segment, open.
    """

    outline: LogOutline
    tail: Segment
    damage: Damage


def salvage(files: Files, segments: Segments, start: LogStart, error: CorruptLog) -> Salvaged:
    """
    Read a log over what has rotted in it, and change nothing.

    @param error: what the log is refused with otherwise.
    @raise CorruptLog: C{error}, if not rot alone explains what is there; or if the last term or vote may be lost, since
        a server that has forgotten these may vote twice.
    """
    reading = _Reading(files, segments, start)
    try:
        numbers = [number for number in segmentNumbers(files, segments.folder) if number >= start.segment]
        reading.readAll(numbers)
        if reading.tail is None or reading.tail.header.number != numbers[-1] or not reading.isCertain:
            raise ValueError("what was written last cannot be read")
        return Salvaged(reading.outline, reading.tail, Damage(error, reading.finish()))
    except BaseException as failure:
        if reading.tail is not None:
            reading.tail.close()
        if isinstance(failure, ValueError):
            raise error from None
        raise


class _Reading:
    """
    Reads on where something is damaged.

    @ivar outline: what comes before that.
    @ivar tail: the last segment that could be opened.
    @ivar isCertain: whether the term and the vote are known that were written last: something was read behind all that
        is damaged.
    """

    def __init__(self, files: Files, segments: Segments, start: LogStart) -> None:
        self.outline = LogOutline(start.firstIndex, start.prevTerm, start.term, start.votedFor)
        self.tail: Segment | None = None
        self.isCertain = False
        self._files = files
        self._segments = segments
        self._start = start
        self._isWhole = True  # So far.
        self._term, self._votedFor = start.term, start.votedFor
        self._lastIndex = start.firstIndex - 1
        self._lastTerm: int | None = start.prevTerm  # Unknown behind damage, until a term is read.

    def readAll(self, numbers: Sequence[int]) -> None:
        """
        Read all segments.

        @param numbers: their numbers, in order.
        @raise ValueError: if rot does not explain what is there.
        """
        for expected, number in enumerate(numbers, self._start.segment):
            if number != expected:
                raise ValueError(f"segment {expected} is missing")
            try:
                segment = self._segments.open(number)
            except CorruptLog:
                self._skip(self._sizeOf(number))
                self.outline.begin(number, 0)
                continue
            previous, self.tail = self.tail, segment
            if previous is not None:
                previous.close()
            self._begin(segment.header, previous)
            self._read(segment)

    def finish(self) -> Repair:
        """
        @return: what the log had, at the most. The outline has the term and the vote that were written last.
        @raise ValueError: if nothing is damaged.
        """
        if self._isWhole or self._lastTerm is None:
            raise ValueError("nothing is damaged")
        self.outline.term, self.outline.votedFor = self._term, self._votedFor
        return Repair(self._lastIndex, self._lastTerm)

    def _begin(self, header: Header, previous: Segment | None) -> None:
        """
        A segment begins. Its header says where the log stood then.
        """
        if previous is not None and previous.header.number == header.number - 1:
            lost = header.previousEnd - previous.end
            if lost < 0:
                raise ValueError("the segment before is longer than it was")
            if lost:
                self._skip(lost)
        if self._isWhole and header.lastIndex != self._lastIndex:
            raise ValueError(f"the segment does not follow a log to entry {self._lastIndex}")
        self._lastIndex = header.lastIndex
        self.outline.begin(header.number, header.previousEnd)

    def _read(self, segment: Segment) -> None:
        number = segment.header.number
        index = readIndex(self._files, self._segments.folder, number) if self._isWhole else None
        if index is not None and segment.skip(index):
            self.outline.join(index)
            self._note(index.term, index.votedFor, index.lastIndex if index.firsts else None, self.outline.lastTerm)
        while True:
            for offset, found in segment.frames():
                for section in found:
                    self._take(section, number << 32 | offset)
            skipped = segment.skipDamage()
            if not skipped:
                break
            self._skip(skipped)
        if segment.unfinished():
            # Elsewhere that would be a write that a crash has cut short. Where something has rotted, so may this have.
            self.isCertain = False

    def _take(self, section: Section, place: int) -> None:
        term, votedFor, encoded = section
        first, terms = Batch.peek(encoded)
        if self._isWhole:
            self.outline.add(term, votedFor, first, terms, place)
        elif term < self._term or (terms and first > self._lastIndex + 1):
            raise ValueError(f"term {term} and entry {first} do not follow")
        self._note(term, votedFor, first + len(terms) - 1 if terms else None, terms[-1] if terms else None)

    def _note(self, term: int, votedFor: int | None, lastIndex: int | None, lastTerm: int | None) -> None:
        """
        Something was written that can be read.

        @param lastIndex: where the log ended then; C{None} if that has not changed.
        """
        self.isCertain = True
        self._term, self._votedFor = term, votedFor
        if lastIndex is not None:
            self._lastIndex, self._lastTerm = lastIndex, lastTerm
        elif self._lastTerm is None:
            self._lastTerm = term

    def _skip(self, size: int) -> None:
        """
        So many bytes are damaged, and whatever they had may have been acknowledged.
        """
        self._isWhole = self.isCertain = False
        self._lastIndex += size // LEAST_ENTRY_BYTES
        self._lastTerm = None

    def _sizeOf(self, number: int) -> int:
        file = self._files.open(self._segments.path(number), create=False)
        try:
            return file.size()
        finally:
            file.close()
