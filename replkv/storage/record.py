"""
The format of a segment file: a header, then frames, then zeros up to the file's preallocated size.

What is written and synced together is one frame, under one checksum, and the next is begun only when that sync has
returned. So a crash can leave at most one bad frame, with nothing valid after it (a torn tail); a bad frame that has
a valid one after it is damage. This holds for a disk that may lose or tear any part of an unsynced write, but that
leaves alone the bytes that such a write does not touch, in the same sector too.

Header: magic, format, number of the segment, marker, where the log stood when the segment was begun, checksum of these;
then the size of the file, and the checksum of all. Format 1 had no size.
Frame: marker, length of the body, checksum, body, zeros up to a multiple of 8 bytes.
Body: sections, each: term, votedFor (-1: none), length of a batch, and the batch as L{Batch.encoded} has it.
Every number is big-endian, every checksum a CRC-32.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from replkv.raft.outputs import Persist

FRAMES_START: Final = 4096
"""
Where the first frame begins; a disk's sector of its own for the header.
"""

LEAST_SEGMENT_BYTES: Final = 2 * FRAMES_START
"""
The length of the shortest segment.
"""

FRAME_LIMIT: Final = 1 << 30
"""
The largest frame, in bytes.
"""

MARKER_BYTES: Final = 8

FRAME_HEAD_BYTES: Final = 16

_MAGIC: Final = b"replkv"
FORMAT: Final = 2
"""
The format of the segments that are written.
"""

_HEADER: Final = struct.Struct(">6sHQ8sQQ")
_CHECKSUM: Final = struct.Struct(">I")
_SIZE: Final = struct.Struct(">Q")
_FIRST_BYTES: Final = _HEADER.size + _CHECKSUM.size
HEADER_BYTES: Final = _FIRST_BYTES + _SIZE.size + _CHECKSUM.size
"""
What a segment's header takes of the room before the first frame.
"""

_FRAME: Final = struct.Struct(">8sII")
_COVERED: Final = struct.Struct(">QI")
_SECTION: Final = struct.Struct(">QqI")
_NO_VOTE: Final = -1


class Header(NamedTuple):
    """
    The header of a segment.

    @ivar number: the segment's place among the segments, from 1.
    @ivar marker: random bytes with which each of its frames begins, so that nothing else in the file is taken for one.
    @ivar lastIndex: the last index of the log when the segment was begun.
    @ivar previousEnd: where the frames of the segment before it end; 0 if it is the first.
    @ivar size: the length of the file, which is as long from the first: one that is shorter was cut off. 0 where that
        is not known.
    """

    number: int
    marker: bytes
    lastIndex: int
    previousEnd: int
    size: int


class Section(NamedTuple):
    """
    One L{Persist}, as it is stored.

    @ivar encoded: the encoded batch.
    """

    term: int
    votedFor: int | None
    encoded: memoryview


class NewerFormat(Exception):
    """
    A segment has a format that a later version of replkv has brought.

    @ivar version: the format's number.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"format {version}")
        self.version = version


def encodeHeader(header: Header) -> bytes:
    """
    The bytes with which a segment begins.
    """
    number, marker, lastIndex, previousEnd, size = header
    first = _checked(_HEADER.pack(_MAGIC, FORMAT, number, marker, lastIndex, previousEnd))
    return _checked(first + _SIZE.pack(size))


def decodeHeader(data: bytes) -> Header:
    """
    Read the header at the beginning of C{data}.

    @raise ValueError: if there is none.
    @raise NewerFormat: if it is that of a later version of replkv. All formats have to begin with the numbers of the
        first one, and their checksum at this place, so that this can be told from damage.
    """
    if len(data) < _FIRST_BYTES:
        raise ValueError("the file is shorter than a segment's header")
    magic, version, number, marker, lastIndex, previousEnd = _HEADER.unpack_from(data)
    if magic != _MAGIC or not _isSound(data, _HEADER.size):
        raise ValueError("the segment's header is damaged")
    if version > FORMAT:
        raise NewerFormat(version)
    if version == 1:
        return Header(number, marker, lastIndex, previousEnd, 0)
    if version != FORMAT:
        raise ValueError(f"there is no format {version}")
    if len(data) < HEADER_BYTES:
        raise ValueError("the file is shorter than a segment's header")
    if not _isSound(data, _FIRST_BYTES + _SIZE.size):
        raise ValueError("the segment's header is damaged")
    (size,) = _SIZE.unpack_from(data, _FIRST_BYTES)
    return Header(number, marker, lastIndex, previousEnd, size)


def _checked(data: bytes) -> bytes:
    return data + _CHECKSUM.pack(zlib.crc32(data))


def _isSound(data: bytes, length: int) -> bool:
    """
    Whether the checksum of the first C{length} bytes follows them.
    """
    (checksum,) = _CHECKSUM.unpack_from(data, length)
    return bool(checksum == zlib.crc32(data[:length]))


def frameSize(parts: Sequence[Persist]) -> int:
    """
    How many bytes the frame of C{parts} takes.

    @raise ValueError: if they are too many for a frame.
    """
    size = _paddedSize(sum([_SECTION.size + len(part.batch.encoded) for part in parts]))
    if size > FRAME_LIMIT:
        raise ValueError(f"a frame of {size} bytes is over the limit of {FRAME_LIMIT}")
    return size


def encodeFrame(parts: Sequence[Persist], marker: bytes, offset: int) -> bytes:
    """
    The frame of C{parts}.

    @param offset: the place in the segment that it is for. The checksum covers it: a copy of the frame, be it in a
        stored value or where a disk has put it by mistake, is not a frame.
    """
    pieces = [b""]
    length = 0
    for _, term, votedFor, batch in parts:
        encoded = batch.encoded
        pieces.append(_SECTION.pack(term, _NO_VOTE if votedFor is None else votedFor, len(encoded)))
        pieces.append(encoded)
        length += _SECTION.size + len(encoded)
    pieces.append(bytes(_paddedSize(length) - _FRAME.size - length))
    checksum = zlib.crc32(_COVERED.pack(offset, length))
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    pieces[0] = _FRAME.pack(marker, length, checksum)
    return b"".join(pieces)


def frameAt(data: memoryview, position: int, marker: bytes, offset: int) -> tuple[memoryview, int] | None:
    """
    Read the frame at C{position} of C{data}.

    @param offset: the place in the segment that C{position} is.
    @return: its body, and the position after it; C{None} if there is no valid frame.
    """
    start = position + _FRAME.size
    if start > len(data):
        return None
    found, length, checksum = _FRAME.unpack_from(data, position)
    end = position + _paddedSize(length)
    if found != marker or end > len(data):
        return None
    if zlib.crc32(data[start:end], zlib.crc32(_COVERED.pack(offset, length))) != checksum:
        return None
    return data[start : start + length], end


def claimedSize(data: bytes) -> int:
    """
    The size that the frame at the beginning of C{data} says it has; nothing vouches for it yet. What is too short to
    say so counts as the shortest frame.
    """
    _, length, _ = _FRAME.unpack_from(data) if len(data) >= _FRAME.size else (b"", 0, 0)
    return _paddedSize(length)


def findFrame(data: bytes, marker: bytes, offset: int) -> int | None:
    """
    Look for a valid frame anywhere in C{data}.

    @param offset: the place in the segment where C{data} begins.
    @return: its place in the segment.
    """
    view = memoryview(data)
    position = data.find(marker)
    while position >= 0:
        if frameAt(view, position, marker, offset + position) is not None:
            return offset + position
        position = data.find(marker, position + 1)
    return None


def sections(body: memoryview) -> list[Section]:
    """
    Take a frame's body apart.

    @raise ValueError: if it is not made of sections.
    """
    found = []
    position = 0
    while position < len(body):
        start = position + _SECTION.size
        if start > len(body):
            raise ValueError("a section is cut short")
        term, votedFor, length = _SECTION.unpack_from(body, position)
        position = start + length
        if position > len(body):
            raise ValueError("a section's batch is cut short")
        found.append(Section(term, None if votedFor == _NO_VOTE else votedFor, body[start:position]))
    return found


def _paddedSize(length: int) -> int:
    """
    The size of a frame whose body has C{length} bytes: a multiple of 8.
    """
    return (_FRAME.size + length + 7) & ~7
