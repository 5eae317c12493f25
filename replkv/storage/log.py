"""
The replicated log on the disk: entries, term and vote.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Persist
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.files import Exhausted, Files
from replkv.storage.outline import LogOutline
from replkv.storage.record import frameSize
from replkv.storage.segment import Segment
from replkv.storage.segments import Segments

SEGMENT_BYTES: Final = 16 << 20
"""
The usual size of a segment.
"""


class _Decoded(NamedTuple):
    """
    Entries that were read from the disk together.

    @ivar first: the index of the first of them.
    @ivar place: where they are stored.
    """

    first: int
    place: int
    entries: Sequence[Entry]


class LogStorage:
    """
    The log of one server. Its calls block until the disk has done its part, and it takes one call at a time.

    @ivar cutBytes: the length of the torn tail that was cut on opening; 0 if there was none.
    """

    def __init__(self, segments: Segments, outline: LogOutline, tail: Segment, cutBytes: int) -> None:
        self.cutBytes = cutBytes
        self._segments = segments
        self._outline = outline
        self._tail = tail
        self._older: Segment | None = None
        self._decoded = _Decoded(0, 0, ())
        self._failure: str | None = None

    @classmethod
    def open(cls, files: Files, folder: str, random: random.Random, segmentBytes: int = SEGMENT_BYTES) -> LogStorage:
        """
        Open the log in C{folder}, or begin one, with the folder, if there is none.

        @param random: gives each segment its marker.
        @param segmentBytes: the size of the segments to come.
        @raise CorruptLog: if what is there is not what a log can be, not even after a crash.
        @raise UnknownFormat: if a later version of replkv has written it.
        @raise OSError: if the system refuses.
        """
        segments = Segments(files, folder, random, segmentBytes)
        outline = LogOutline()
        tail = _replay(segments, outline)
        if tail is None:
            return cls(segments, outline, segments.begin(1, outline.lastIndex, 0, 0), 0)
        try:
            return cls(segments, outline, tail, tail.settle())
        except BaseException:
            tail.close()
            raise

    @property
    def term(self) -> int:
        """
        The last currentTerm that was written; 0 in a new log.
        """
        return self._outline.term

    @property
    def votedFor(self) -> int | None:
        """
        The vote in that term.
        """
        return self._outline.votedFor

    @property
    def firstIndex(self) -> int:
        """
        The index of the first entry, were there one.
        """
        return self._outline.firstIndex

    @property
    def lastIndex(self) -> int:
        """
        The index of the last entry, or the one before L{firstIndex}.
        """
        return self._outline.lastIndex

    @property
    def termRuns(self) -> list[tuple[int, int]]:
        """
        The first index and the term of each run of entries with equal terms, over the whole log.
        """
        return list(self._outline.termRuns)

    def write(self, parts: Sequence[Persist]) -> None:
        """
        Write C{parts} and bring them to the disk, all with one sync. After a crash either all of them are there or
        none is.

        @raise Exhausted: if the next segment cannot be opened for want of a descriptor. Nothing was written, and the
            same may be written later.
        @raise LogFailed: if the disk fails, or has failed before. A failed sync is not tried again: the system may
            have dropped what it could not write, and the next sync would succeed without it.
        @raise ValueError: if C{parts} cannot follow what the log holds. The log takes nothing more then either.
        """
        with self._failing():
            size = frameSize(parts)
            if not self._tail.hasRoom(size):
                self._roll(size)
            place = self._tail.header.number << 32 | self._tail.end
            for _, term, votedFor, batch in parts:
                entries = batch.entries
                first = entries[0].index if entries else 0
                self._outline.add(term, votedFor, first, [entry.term for entry in entries], place)
            self._tail.append(parts)

    def read(self, first: int, last: int, maxBytes: int) -> list[Entry]:
        """
        Read the entries from C{first} to C{last}: at least one, and then as many as have C{maxBytes} of data.

        @raise ValueError: if the log does not hold them.
        @raise CorruptLog: if they have been damaged since the log was opened.
        @raise Exhausted: if there is no descriptor to read them with, for now.
        @raise LogFailed: if the disk fails, or has failed before.
        """
        if not self.firstIndex <= first <= last <= self.lastIndex:
            raise ValueError(f"entries {first} to {last} are not in a log from {self.firstIndex} to {self.lastIndex}")
        found: list[Entry] = []
        size = 0
        with self._failing():
            while first <= last:
                for entry in self._entriesFrom(first)[: last - first + 1]:
                    size += len(entry.data)
                    if found and size > maxBytes:
                        return found
                    found.append(entry)
                first = found[-1].index + 1
        return found

    @property
    def isPrepared(self) -> bool:
        """
        Whether the file that will be the next segment is there.
        """
        return self._segments.hasSpare

    def prepare(self) -> None:
        """
        Make the file that will be the next segment, so that no write has to wait for that. It alone may run in
        another thread, beside the other calls. If the file cannot be made, the log is none the worse for it.

        @raise OSError: if the system refuses.
        """
        self._segments.prepare()

    def close(self) -> None:
        """
        Close the files. What was written is durable already.
        """
        self._tail.close()
        if self._older is not None:
            self._older.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """
        Let nothing more be done once something has failed.
        """
        if self._failure is not None:
            raise LogFailed(self._failure)
        try:
            yield
        except Exhausted:
            # Before anything was written.
            raise
        except OSError as error:
            self._failure = f"the disk failed under the log in {self._segments.folder}: {error}"
            raise LogFailed(self._failure) from error
        except BaseException as error:
            self._failure = f"the log in {self._segments.folder} has failed before: {error}"
            raise

    def _roll(self, size: int) -> None:
        """
        Begin the next segment, for a frame of C{size} bytes. The frames of the last one are on the disk already, so
        that only the last segment of a log can have a torn tail.
        """
        full = self._tail
        self._tail = self._segments.begin(full.header.number + 1, self.lastIndex, full.end, size)
        full.close()

    def _entriesFrom(self, index: int) -> Sequence[Entry]:
        """
        The entry C{index} and those after it that are stored together with it. They are kept: who reads a large
        batch in small steps does not read it again and again.
        """
        first, last, place = self._outline.locate(index)
        decoded = self._decoded
        if (decoded.first, decoded.place) != (first, place):
            decoded = self._decoded = _Decoded(first, place, self._load(first, place))
        return decoded.entries[index - first : last - first + 1]

    def _load(self, first: int, place: int) -> tuple[Entry, ...]:
        """
        Read the batch that begins with the entry C{first} from the frame at C{place}.
        """
        segment = self._segmentOf(place >> 32)
        offset = place & 0xFFFFFFFF
        found = None
        for section in segment.read(offset):
            # Of two sections of a frame that begin alike, the later has replaced the earlier.
            begins, _ = Batch.peek(section.encoded)
            if begins == first:
                found = section
        if found is None:
            raise CorruptLog(segment.path, offset, f"the record does not hold entry {first} any more")
        return Batch.decode(bytes(found.encoded)).entries

    def _segmentOf(self, number: int) -> Segment:
        """
        The segment of that number; apart from the last one, only the one that was read last is kept open.
        """
        if number == self._tail.header.number:
            return self._tail
        if self._older is None or self._older.header.number != number:
            if self._older is not None:
                self._older.close()
                self._older = None
            self._older = self._segments.open(number)
        return self._older


def _replay(segments: Segments, outline: LogOutline) -> Segment | None:
    """
    Read all segments into C{outline}.

    @return: the last one, still open; C{None} if there is none.
    """
    tail = None
    try:
        for expected, number in enumerate(segments.numbers(), 1):
            if number != expected:
                raise CorruptLog(segments.path(expected), 0, "the segment is missing, and later ones are there")
            segment = segments.open(number)
            previous, tail = tail, segment
            if previous is not None:
                previous.close()
                if previous.end != segment.header.previousEnd:
                    raise CorruptLog(previous.path, previous.end, "the record is damaged, and a later segment is there")
            if segment.header.lastIndex != outline.lastIndex:
                raise CorruptLog(segment.path, 0, f"the segment does not follow a log to entry {outline.lastIndex}")
            for offset, found in segment.frames():
                try:
                    for term, votedFor, encoded in found:
                        first, terms = Batch.peek(encoded)
                        outline.add(term, votedFor, first, terms, number << 32 | offset)
                except ValueError as error:
                    raise CorruptLog(segment.path, offset, str(error)) from None
    except BaseException:
        if tail is not None:
            tail.close()
        raise
    return tail
