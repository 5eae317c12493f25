"""
From the log's files to what they say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from replkv.raft.entry import Batch
from replkv.storage.errors import CorruptLog
from replkv.storage.files import Files
from replkv.storage.outline import LogOutline
from replkv.storage.segment import Segment, segmentName
from replkv.storage.segmentindex import SegmentIndex
from replkv.storage.segments import Segments, readIndex
from replkv.storage.start import LogStart


def replay(files: Files, segments: Segments, start: LogStart) -> tuple[LogOutline, Segment | None]:
    """
    Read all segments.

    @param start: where the log begins.
    @return: what they say, and the last one, still open; C{None} if there is none.
    @raise CorruptLog: if what is there is not what a log can be, not even after a crash.
    @raise UnknownFormat: if a later version of replkv has written it.
    @raise OSError: if the system refuses.
    """
    outline = LogOutline(start.firstIndex, start.prevTerm, start.term, start.votedFor)
    tail: Segment | None = None
    missing: list[tuple[int, SegmentIndex]] = []
    numbers = segments.find(start.segment)
    for segment in walk(files, segments.folder, start, numbers, outline):
        tail = segment
        number = segment.header.number
        if number != numbers[-1] and segment.indexedEnd != segment.end:
            missing.append((number, segment.index(outline)))
    # Not before all is found to be well: nothing is changed in a log that is refused.
    for number, index in missing:
        segments.writeIndex(number, index)
    return outline, tail


def walk(files: Files, folder: str, start: LogStart, numbers: Sequence[int], outline: LogOutline) -> Iterator[Segment]:
    """
    Read the segments one after the other, and change nothing.

    @param folder: where they are.
    @param numbers: their numbers, in order.
    @param outline: gets what they say.
    @return: each segment when it was read, open until the next one is. The last one stays open; if this fails, none
        does.
    @raise CorruptLog: if what is there is not what a log can be, not even after a crash.
    @raise UnknownFormat: if a later version of replkv has written it.
    @raise OSError: if the system refuses.
    """
    tail: Segment | None = None
    if not numbers and start != LogStart():
        path = os.path.join(folder, segmentName(start.segment))
        raise CorruptLog(path, 0, "the segment with which the log begins is missing")
    try:
        for expected, number in enumerate(numbers, start.segment):
            if number != expected:
                path = os.path.join(folder, segmentName(expected))
                raise CorruptLog(path, 0, "the segment is missing, and later ones are there")
            segment = Segment.open(files, folder, number)
            previous, tail = tail, segment
            if previous is not None:
                previous.close()
                if previous.end != segment.header.previousEnd:
                    raise CorruptLog(previous.path, previous.end, "the record is damaged, and a later segment is there")
            if segment.header.lastIndex != outline.lastIndex:
                raise CorruptLog(segment.path, 0, f"the segment does not follow a log to entry {outline.lastIndex}")
            outline.begin(number, segment.header.previousEnd)
            _replaySegment(files, folder, segment, outline)
            yield segment
    except BaseException:
        if tail is not None:
            tail.close()
        raise


def _replaySegment(files: Files, folder: str, segment: Segment, outline: LogOutline) -> None:
    """
    Read a segment: by its index, as far as that goes, and then frame by frame.
    """
    number = segment.header.number
    index = readIndex(files, folder, number)
    try:
        if index is not None and segment.skip(index):
            outline.join(index)
        for offset, found in segment.frames():
            for term, votedFor, encoded in found:
                first, terms = Batch.peek(encoded)
                outline.add(term, votedFor, first, terms, number << 32 | offset)
    except ValueError as error:
        raise CorruptLog(segment.path, segment.end, str(error)) from None
