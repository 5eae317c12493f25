"""
Where the log begins.

The log's folder has a file C{start} that says it, where that is not at the first entry ever. It is replaced as a whole,
and whatever depends on it is decided by that alone: which segments belong to the log, and which store goes with it. So
a crash leaves what was before or what is to be, and nothing in between.

The file: magic, format, number of the first segment, firstIndex, prevTerm, term, votedFor (-1: none), number of the
store, checksum. Every number is big-endian, the checksum a CRC-32.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import Final, NamedTuple

from replkv.storage.errors import CorruptLog, UnknownFormat
from replkv.storage.files import Files, replaceFile

START_FORMAT: Final = 1
"""
The format of the files that are written.
"""

_NAME: Final = "start"
_MAGIC: Final = b"rkvlog"
_RECORD: Final = struct.Struct(">6sHQQQQqQ")
_CHECKSUM: Final = struct.Struct(">I")
_NO_VOTE: Final = -1


class LogStart(NamedTuple):
    """
    What a log begins with. Its segments are replayed on top of it: without C{term} and C{votedFor}, these would be lost
    with the segments that told them.

    @ivar segment: the number of the first segment.
    @ivar firstIndex: the index of the first entry, were there one.
    @ivar prevTerm: the term of the entry before it; 0 if there was none.
    @ivar term: currentTerm when that segment was begun.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar store: the number of the store that goes with the log.
    """

    segment: int = 1
    firstIndex: int = 1
    prevTerm: int = 0
    term: int = 0
    votedFor: int | None = None
    store: int = 0


def readStart(files: Files, folder: str) -> LogStart:
    """
    Tell where the log in C{folder} begins. Without a file, that is where all logs do.

    @raise CorruptLog: if the file is not what it must be. It is there as a whole or not at all.
    @raise UnknownFormat: if a later version of replkv has written it.
    @raise OSError: if the system refuses.
    """
    path = os.path.join(folder, _NAME)
    if not files.exists(path):
        return LogStart()
    file = files.open(path, create=False)
    try:
        data = file.read(0, _RECORD.size + _CHECKSUM.size)
    finally:
        file.close()
    if len(data) < _RECORD.size + _CHECKSUM.size:
        raise CorruptLog(path, 0, "the file is too short to say where the log begins")
    magic, version, segment, firstIndex, prevTerm, term, votedFor, store = _RECORD.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _RECORD.size)
    if magic != _MAGIC or checksum != zlib.crc32(data[: _RECORD.size]):
        raise CorruptLog(path, 0, "it does not say where the log begins")
    # All formats have to begin with these numbers and have their checksum there, so that this can be told from damage.
    if version > START_FORMAT:
        raise UnknownFormat(path, version, START_FORMAT)
    if version != START_FORMAT:
        raise CorruptLog(path, 0, f"there is no format {version}")
    return LogStart(segment, firstIndex, prevTerm, term, None if votedFor == _NO_VOTE else votedFor, store)


def writeStart(files: Files, folder: str, start: LogStart) -> None:
    """
    Have the log in C{folder} begin there, on the disk before this returns.

    @raise OSError: if the system refuses. Then it is one or the other.
    """
    segment, firstIndex, prevTerm, term, votedFor, store = start
    vote = _NO_VOTE if votedFor is None else votedFor
    packed = _RECORD.pack(_MAGIC, START_FORMAT, segment, firstIndex, prevTerm, term, vote, store)
    replaceFile(files, folder, _NAME, packed + _CHECKSUM.pack(zlib.crc32(packed)))
