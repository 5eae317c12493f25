"""
A look at the log of a server, which changes nothing: the server may be stopped or run.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from replkv.raft.entry import Entry
from replkv.storage.errors import CorruptLog
from replkv.storage.files import File, Files, Lock, OSFiles, openFile
from replkv.storage.frame import Frame
from replkv.storage.outline import LogOutline
from replkv.storage.replay import walk
from replkv.storage.segment import Segment
from replkv.storage.segments import STAGED, segmentNumbers
from replkv.storage.start import LogStart, readStart


class UnchangedFiles(OSFiles):
    """
    The operating system's files, none of which is changed: everything but to read is refused.
    """

    def makeFolder(self, path: str) -> None:
        """
        Refused.
        """
        _refuse(path)

    def open(self, path: str, create: bool) -> File:
        """
        Open a file for reading. One that a program has to write into first, such as a pipe, is not waited for.
        """
        if create:
            _refuse(path)
        return openFile(path, os.O_RDONLY | os.O_NONBLOCK)

    def rename(self, old: str, new: str) -> None:
        """
        Refused.
        """
        _refuse(new)

    def remove(self, path: str) -> None:
        """
        Refused.
        """
        _refuse(path)

    def removeFolder(self, path: str) -> None:
        """
        Refused.
        """
        _refuse(path)

    def lock(self, path: str) -> Lock:
        """
        Refused.
        """
        _refuse(path)


class SegmentView(NamedTuple):
    """
    A segment.

    @ivar first: the index of its first entry that is valid; C{None} if it has none.
    @ivar last: that of the last one.
    @ivar used: where its frames end, in bytes.
    @ivar size: the file's length.
    @ivar isIndexed: whether all its frames are in its index.
    """

    number: int
    first: int | None
    last: int
    used: int
    size: int
    isIndexed: bool


class LogSurvey(NamedTuple):
    """
    What was seen.

    @ivar start: where the log begins.
    @ivar outline: what it says, as far as it could be read.
    @ivar segments: those that could be read.
    @ivar free: how many segments before these are to be used again.
    @ivar unfinished: how many bytes of a write that was not finished are at its end.
    @ivar isBeginning: whether the next start has yet to give its first segment its name.
    @ivar damage: what is wrong with it, in one line; C{None} if nothing is.
    """

    start: LogStart
    outline: LogOutline
    segments: tuple[SegmentView, ...]
    free: int = 0
    unfinished: int = 0
    isBeginning: bool = False
    damage: str | None = None


def survey(folder: str) -> LogSurvey:
    """
    Look at the log in C{folder}.

    @raise UnknownFormat: if a later version of replkv has written it.
    """
    files = UnchangedFiles()
    start, outline = LogStart(), LogOutline()
    segments: list[SegmentView] = []
    free = unfinished = 0
    isBeginning, damage = False, None
    try:
        start = readStart(files, folder)
        outline = LogOutline(start.firstIndex, start.prevTerm, start.term, start.votedFor)
        found = segmentNumbers(files, folder)
        numbers = [number for number in found if number >= start.segment]
        free = len(found) - len(numbers)
        isBeginning = not numbers and files.exists(os.path.join(folder, STAGED))
        if not isBeginning:
            unfinished = _read(files, folder, start, numbers, outline, segments)
    except CorruptLog as error:
        damage = str(error)
    except (OSError, MemoryError) as error:
        damage = f"the log in {folder} cannot be read: {str(error) or 'there is not enough memory'}"
    return LogSurvey(start, outline, tuple(segments), free, unfinished, isBeginning, damage)


def entriesOf(folder: str, outline: LogOutline, first: int, last: int) -> Iterator[Entry]:
    """
    Read the entries from C{first} to C{last} of the log in C{folder}, which has them by C{outline}.

    @raise CorruptLog: if they are damaged.
    @raise OSError: if the system refuses.
    """
    frame: Frame | None = None
    while first <= last:
        begins, end, place = outline.locate(first)
        if frame is None or frame.place != place:
            segment = Segment.open(UnchangedFiles(), folder, place >> 32)
            try:
                frame = segment.read(place & 0xFFFFFFFF)
            finally:
                segment.close()
        yield from frame.batch(begins).entries[first - begins : min(last, end) - begins + 1]
        first = end + 1


def _read(
    files: Files,
    folder: str,
    start: LogStart,
    numbers: Sequence[int],
    outline: LogOutline,
    segments: list[SegmentView],
) -> int:
    """
    Read all segments.

    @param segments: gets those that could be read.
    @return: how many bytes of a write that was not finished are at the end.
    """
    tail: Segment | None = None
    for segment in walk(files, folder, start, numbers, outline):
        tail = segment
        segments.append(_view(segment, outline))
    if tail is None:
        return 0
    try:
        return tail.unfinished()
    finally:
        tail.close()


def _view(segment: Segment, outline: LogOutline) -> SegmentView:
    isIndexed = segment.indexedEnd == segment.end
    firsts = segment.index(outline).firsts
    return SegmentView(
        segment.header.number,
        firsts[0] if firsts else None,
        outline.lastIndex,
        segment.end,
        segment.size,
        isIndexed,
    )


def _refuse(path: str) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
