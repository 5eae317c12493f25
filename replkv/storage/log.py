"""
The replicated log on the disk: entries, term and vote.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from replkv.raft.entry import Entry
from replkv.raft.invariants import InvariantViolation
from replkv.raft.outputs import Persist
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.files import Exhausted, Files
from replkv.storage.logreader import LogReader
from replkv.storage.outline import LogOutline
from replkv.storage.record import frameSize
from replkv.storage.replay import replay
from replkv.storage.salvage import Damage, salvage
from replkv.storage.segment import NewFrame, Segment
from replkv.storage.segments import Segments
from replkv.storage.start import LogStart, readStart, writeStart

SEGMENT_BYTES: Final = 16 << 20
"""
The usual size of a segment.
"""

MAX_BEGUN_BYTES: Final = 1 << 18
"""
The size of a frame whose checksum is made in no time.
"""


class LogStorage:
    """
    The log of one server. Its calls block until the disk has done its part, and it takes one call at a time.

    @ivar cutBytes: the length of the torn tail that was cut on opening; 0 if there was none.
    @ivar damage: what it has lost, if it has rotted: then it has what comes before that, can only be read, and goes on
        with L{restart}. C{None} if it is well.
    """

    def __init__(
        self,
        files: Files,
        segments: Segments,
        start: LogStart,
        outline: LogOutline,
        tail: Segment,
        cutBytes: int = 0,
        damage: Damage | None = None,
    ) -> None:
        self.cutBytes = cutBytes
        self.damage = damage
        self._files = files
        self._segments = segments
        self._start = start
        self._outline = outline
        self._tail = tail
        self._reader = LogReader(segments)
        self._failure: str | None = None

    @classmethod
    def open(
        cls,
        files: Files,
        folder: str,
        random: random.Random,
        segmentBytes: int = SEGMENT_BYTES,
        mayRepair: bool = False,
    ) -> LogStorage:
        """
        Open the log in C{folder}, or begin one, with the folder, if there is none.

        @param random: gives each segment its marker.
        @param segmentBytes: the size of the segments to come.
        @param mayRepair: whether a log that has rotted is opened all the same, since what it has lost can be had from
            other servers: see C{damage}.
        @raise CorruptLog: if what is there is not what a log can be, not even after a crash.
        @raise UnknownFormat: if a later version of replkv has written it.
        @raise OSError: if the system refuses.
        """
        segments = Segments(files, folder, random, segmentBytes)
        start = readStart(files, folder)
        try:
            return cls._open(files, segments, start)
        except CorruptLog as error:
            if not mayRepair:
                raise
            outline, tail, damage = salvage(files, segments, start, error)
            return cls(files, segments, start, outline, tail, damage=damage)

    @classmethod
    def _open(cls, files: Files, segments: Segments, start: LogStart) -> LogStorage:
        outline, tail = replay(files, segments, start)
        if tail is None:
            tail = segments.begin(start.segment, outline.lastIndex, 0, 0)
            outline.begin(start.segment, 0)
            return cls(files, segments, start, outline, tail)
        try:
            return cls(files, segments, start, outline, tail, tail.settle())
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
    def prevTerm(self) -> int:
        """
        The term of the entry before that; 0 if there was none.
        """
        return self._outline.prevTerm

    @property
    def store(self) -> int:
        """
        The number of the store that goes with the log: see L{adopt}.
        """
        return self._start.store

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
        self._requireSound()
        with self._failing():
            size = frameSize(parts)
            if not self._tail.hasRoom(size):
                self._roll(size)
            self._append(parts).write()
            if self._isIndexDue:
                self._segments.writeIndex(self._tail.header.number, self._tail.index(self._outline))

    def begin(self, parts: Sequence[Persist]) -> NewFrame | None:
        """
        Begin to write C{parts}. This takes no time, and leaves it to the caller to write the frame that they are,
        before anything else is; where that fails, to say so (L{failed}). L{read}, L{compactable} and L{compact} may be
        called meanwhile.

        @return: C{None} where more has to be done than to write one frame, which is not large: nothing was done then,
            and L{write} does it all.
        @raise LogFailed: if the disk has failed before.
        @raise ValueError: as L{write} does.
        """
        self._requireSound()
        with self._failing():
            size = frameSize(parts)
            if size > MAX_BEGUN_BYTES or self._isIndexDue or not self._tail.hasRoom(size):
                return None
            return self._append(parts)

    def failed(self, error: OSError) -> LogFailed:
        """
        A frame could not be written: nothing more is done.

        @return: what is to be told.
        """
        self._failure = f"the disk failed under the log in {self._segments.folder}: {error}"
        return LogFailed(self._failure)

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
                for entry in self._reader.entriesFrom(first, self._outline, self._tail)[: last - first + 1]:
                    size += len(entry.data)
                    if found and size > maxBytes:
                        return found
                    found.append(entry)
                first = found[-1].index + 1
        return found

    def compactable(self, index: int, retained: int) -> int:
        """
        How much can go at the log's beginning.

        @param index: nothing after this entry may.
        @param retained: so many bytes of segments have to be left, at least.
        @return: the last entry that can; that before L{firstIndex} if none can, since it is by whole segments that they
            go.
        """
        span = self._outline.beginning(index, retained, self._tail.end)
        return self.firstIndex - 1 if span is None else span.lastIndex

    def compact(self, index: int) -> None:
        """
        Have the log begin later: the segments go that have nothing after the entry C{index}. It must be committed, so
        that it is never replaced, and the store that goes with the log must have it on the disk.

        @raise Exhausted: if there is no descriptor for it, for now. The log is as it was.
        @raise LogFailed: if the disk fails, or has failed before.
        """
        with self._failing():
            outline = self._outline
            span = outline.beginning(index, 0, self._tail.end)
            if span is None:
                return
            freed = [each.number for each in outline.spans if each.number < span.number]
            first, prevTerm = span.lastIndex + 1, outline.termAt(span.lastIndex)
            self._begin(LogStart(span.number, first, prevTerm, span.term, span.votedFor, self.store))
            outline.forget(span)
            self._reader.forget(span.number)
            self._segments.free(freed)

    def adopt(self, store: int) -> None:
        """
        Have another store go with the log, which stays as it is: it must hold the last entry that is in that store.
        That store must be on the disk.

        @param store: its number, which no store had before.
        @raise Exhausted: if there is no descriptor for it, for now. The same has to be called again before anything
            else is, since it may have been done.
        @raise LogFailed: if the disk fails, or has failed before.
        """
        with self._failing():
            self._begin(self._start._replace(store=store))

    def restart(self, index: int, term: int, store: int) -> None:
        """
        Have all entries go, and the log begin after another one, together with the store that has that entry and all
        before it. Term and vote stay, and what is damaged goes too. A crash leaves the log and the store that there
        were, or those that are to be.

        @param index: the last entry that is in that store.
        @param term: its term.
        @param store: the number of the store, as in L{adopt}.
        @raise Exhausted: as in L{adopt}.
        @raise LogFailed: if the disk fails, or has failed before.
        """
        with self._failing():
            number = self._tail.header.number + 1
            self._segments.stage(number, index)
            start = LogStart(number, index + 1, term, self.term, self.votedFor, store)
            writeStart(self._files, self._segments.folder, start)
            self._segments.enter(number)
            tail = self._segments.open(number)
            self.close()
            self._segments.free([span.number for span in self._outline.spans])
            self._start, self._tail = start, tail
            self._outline = LogOutline(start.firstIndex, start.prevTerm, start.term, start.votedFor)
            self._outline.begin(number, 0)
            self.damage = None

    @property
    def isPrepared(self) -> bool:
        """
        Whether L{prepare} has nothing to do.
        """
        return self._segments.isPrepared

    def prepare(self) -> None:
        """
        Make the file that will be the next segment, so that no write has to wait for that, and do away with segments
        that are free. It alone may run in another thread, beside the other calls. If it fails, the log is none the
        worse for it.

        @raise OSError: if the system refuses.
        """
        self._segments.prepare()

    def close(self) -> None:
        """
        Close the files. What was written is durable already.
        """
        self._tail.close()
        self._reader.close()

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
            raise self.failed(error) from error
        except BaseException as error:
            self._failure = f"the log in {self._segments.folder} has failed before: {error}"
            raise

    def _requireSound(self) -> None:
        if self.damage is not None:
            raise InvariantViolation("the log has rotted, and is not repaired")

    @property
    def _isIndexDue(self) -> bool:
        """
        Whether the last segment's index is to be made anew: so often that what it does not cover is read in no time.
        """
        return self._tail.end - self._tail.indexedEnd > self._segments.segmentBytes // 4

    def _append(self, parts: Sequence[Persist]) -> NewFrame:
        tail = self._tail
        place = tail.header.number << 32 | tail.end
        for _, term, votedFor, batch in parts:
            entries = batch.entries
            first = entries[0].index if entries else 0
            self._outline.add(term, votedFor, first, [entry.term for entry in entries], place)
        return tail.append(parts)

    def _roll(self, size: int) -> None:
        """
        Begin the next segment, for a frame of C{size} bytes. The frames of the last one are on the disk already, so
        that only the last segment of a log can have a torn tail.
        """
        full = self._tail
        number = full.header.number + 1
        self._tail = self._segments.begin(number, self.lastIndex, full.end, size)
        full.close()
        self._segments.writeIndex(full.header.number, full.index(self._outline))
        self._outline.begin(number, full.end)

    def _begin(self, start: LogStart) -> None:
        """
        Have the log begin otherwise, on the disk.
        """
        writeStart(self._files, self._segments.folder, start)
        self._start = start
