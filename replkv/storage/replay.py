"""
From the log's files to what they say.
"""

from __future__ import annotations

from replkv.raft.entry import Batch
from replkv.storage.errors import CorruptLog
from replkv.storage.outline import LogOutline
from replkv.storage.segment import Segment
from replkv.storage.segmentindex import SegmentIndex
from replkv.storage.segments import Segments
from replkv.storage.start import LogStart


def replay(segments: Segments, start: LogStart) -> tuple[LogOutline, Segment | None]:
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
    if not numbers and start != LogStart():
        raise CorruptLog(segments.path(start.segment), 0, "the segment with which the log begins is missing")
    try:
        for expected, number in enumerate(numbers, start.segment):
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
            outline.begin(number, segment.header.previousEnd)
            _replaySegment(segments, segment, outline)
            if number != numbers[-1] and segment.indexedEnd != segment.end:
                missing.append((number, segment.index(outline)))
    except BaseException:
        if tail is not None:
            tail.close()
        raise
    # Not before all is found to be well: nothing is changed in a log that is refused.
    for number, index in missing:
        segments.writeIndex(number, index)
    return outline, tail


def _replaySegment(segments: Segments, segment: Segment, outline: LogOutline) -> None:
    """
    Read a segment: by its index, as far as that goes, and then frame by frame.
    """
    number = segment.header.number
    index = segments.readIndex(number)
    try:
        if index is not None and segment.skip(index):
            outline.join(index)
        for offset, found in segment.frames():
            for term, votedFor, encoded in found:
                first, terms = Batch.peek(encoded)
                outline.add(term, votedFor, first, terms, number << 32 | offset)
    except ValueError as error:
        raise CorruptLog(segment.path, segment.end, str(error)) from None
