"""
The index of a segment: what its frames say, without the data of the entries, so that a log of a million frames is
opened without taking each of them apart.

It is a file beside the segment, and nothing but a cache: it is not synced, and where it is missing, torn or not that of
the segment, the frames are read. What it says holds only if the bytes of the frames, the segment's marker among them,
have the checksum that they had when it was made: so damage to them is noticed all the same.

The file: magic, format, the beginning and the end of the last frame that it covers, checksum of the frames, term,
votedFor (-1: none), lastIndex, number of runs, number of sections, checksum of the index; then the runs (first index
and term of each), the first indexes of the sections, and their places. Every checksum is a CRC-32. The numbers are in
the machine's own order of bytes: they are written as they are in memory, many as they may be, without holding up other
threads. An index from a machine with the other order is not used.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from typing import Final, NamedTuple

_MAGIC: Final = b"rkvidx"
_FORMAT: Final = 1
_HEAD: Final = struct.Struct("=6sHQQIQqQII")
_CHECKSUM: Final = struct.Struct("=I")
_NO_VOTE: Final = -1


class SegmentIndex(NamedTuple):
    """
    What the frames of a segment, from its first on, come to: sections that were replaced within the segment itself are
    left out.

    @ivar lastFrame: where the last frame begins that is covered.
    @ivar end: where it ends.
    @ivar checksum: the CRC-32 of these frames.
    @ivar term: currentTerm after them.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar lastIndex: the last index of the log after them.
    @ivar termRuns: the first index and the term of each run of entries with equal terms, from the first section on.
    @ivar firsts: the first index of each section that has entries.
    @ivar places: where they are stored, below 2**64.
    """

    lastFrame: int
    end: int
    checksum: int
    term: int
    votedFor: int | None
    lastIndex: int
    termRuns: list[tuple[int, int]]
    firsts: array[int]
    places: array[int]


def encodeIndex(index: SegmentIndex) -> list[bytes | memoryview]:
    """
    The bytes of the file, in pieces.
    """
    runs = array("Q", [number for run in index.termRuns for number in run])
    head = _HEAD.pack(
        _MAGIC,
        _FORMAT,
        index.lastFrame,
        index.end,
        index.checksum,
        index.term,
        _NO_VOTE if index.votedFor is None else index.votedFor,
        index.lastIndex,
        len(index.termRuns),
        len(index.firsts),
    )
    pieces = [memoryview(numbers).cast("B") for numbers in (runs, index.firsts, index.places) if numbers]
    checksum = zlib.crc32(head)
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
    return [head + _CHECKSUM.pack(checksum), *pieces]


def decodeIndex(data: bytes) -> SegmentIndex | None:
    """
    Read the bytes of a file.

    @return: C{None} if they are no index, or that of another version of replkv.
    """
    start = _HEAD.size + _CHECKSUM.size
    if len(data) < start:
        return None
    magic, version, lastFrame, end, checksum, term, votedFor, lastIndex, runs, sections = _HEAD.unpack_from(data)
    (own,) = _CHECKSUM.unpack_from(data, _HEAD.size)
    stop = start + 16 * (runs + sections)
    body = memoryview(data)[start:stop]
    if (magic, version) != (_MAGIC, _FORMAT) or len(data) < stop:
        return None
    if own != zlib.crc32(body, zlib.crc32(data[: _HEAD.size])):
        return None
    numbers = array("Q")
    numbers.frombytes(body)
    vote = None if votedFor == _NO_VOTE else votedFor
    termRuns = list(zip(numbers[: 2 * runs : 2], numbers[1 : 2 * runs : 2], strict=True))
    firsts, places = numbers[2 * runs : 2 * runs + sections], numbers[2 * runs + sections :]
    return SegmentIndex(lastFrame, end, checksum, term, vote, lastIndex, termRuns, firsts, places)
