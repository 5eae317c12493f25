"""
Entries of the replicated log, and the one encoding that they have on the disk and on the wire.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple


class Entry(NamedTuple):
    """
    One entry of the replicated log.

    @ivar index: its place in the log; the first entry ever has index 1.
    @ivar term: the term of the leader that created it.
    @ivar data: the command, opaque to the consensus; C{b""} is the no-op with which a leader opens its term.
    """

    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody needs.
    term: int
    data: bytes


class Batch:
    """
    Consecutive entries, and their encoding, which is made once and then shared by the disk and by every peer.

    The encoding is the index of the first entry (64 bits) and the number of entries (32 bits), then a table of
    (term, length of the data) in 64 and 32 bits, then the data of all entries; every number is big-endian.

    @ivar entries: the entries, without a gap between their indexes.
    """

    __slots__ = ("_encoded", "entries")

    _HEADER: Final = struct.Struct(">QI")
    _ROW: Final = struct.Struct(">QI")

    def __init__(self, entries: Sequence[Entry], encoded: bytes | None = None) -> None:
        self.entries: Final = tuple(entries)
        self._encoded = encoded

    def __len__(self) -> int:
        return len(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Batch) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)

    def __repr__(self) -> str:
        return f"Batch({self.entries!r})"

    @property
    def encoded(self) -> bytes:
        """
        The encoding; made when it is first asked for.
        """
        if self._encoded is None:
            entries = self.entries
            pack = self._ROW.pack
            pieces = [self._HEADER.pack(entries[0].index if entries else 0, len(entries))]
            pieces.extend([pack(term, len(data)) for _, term, data in entries])
            pieces.extend([data for _, _, data in entries])
            self._encoded = b"".join(pieces)
        return self._encoded

    @classmethod
    def decode(cls, encoded: bytes, most: int | None = None) -> Batch:
        """
        Make the batch whose encoding is C{encoded}, and keep that encoding, so that a follower writes to its
        disk the very bytes that it received.

        @param most: how many entries it may have; C{None} if any number.
        @raise ValueError: if C{encoded} is not the encoding of such a batch.
        """
        if most is not None and len(encoded) >= cls._HEADER.size:
            _, count = cls._HEADER.unpack_from(encoded)
            if count > most:
                raise ValueError(f"the batch has {count} entries, and {most} are the most")
        first, rows, position = cls._table(encoded)
        entries = []
        for offset, (term, length) in enumerate(rows):
            end = position + length
            entries.append(Entry(first + offset, term, encoded[position:end]))
            position = end
        return cls(entries, encoded)

    @classmethod
    def peek(cls, encoded: bytes | memoryview) -> tuple[int, list[int]]:
        """
        Read the index of the first entry and the terms of all of them, and leave their data alone.

        @raise ValueError: if C{encoded} is not the encoding of a batch.
        """
        first, rows, _ = cls._table(encoded)
        return first, [term for term, _ in rows]

    @classmethod
    def _table(cls, encoded: bytes | memoryview) -> tuple[int, list[tuple[int, int]], int]:
        """
        Read the index of the first entry, the rows (term, length of the data), and where the data begins.

        @raise ValueError: if C{encoded} is not the encoding of a batch.
        """
        if len(encoded) < cls._HEADER.size:
            raise ValueError("the batch is shorter than its header")
        first, count = cls._HEADER.unpack_from(encoded)
        start = cls._HEADER.size + count * cls._ROW.size
        if len(encoded) < start:
            raise ValueError("the batch is shorter than its table")
        rows = list(cls._ROW.iter_unpack(encoded[cls._HEADER.size : start]))
        if start + sum([length for _, length in rows]) != len(encoded):
            raise ValueError("the batch's length is not that of its entries")
        return first, rows, start


def beginning(entries: list[Entry], maxBytes: int) -> list[Entry]:
    """
    The first of C{entries}, and then as many as have C{maxBytes} of data.
    """
    size = sum([len(entry.data) for entry in entries])
    count = len(entries)
    while size > maxBytes and count > 1:
        count -= 1
        size -= len(entries[count].data)
    return entries[:count]


NO_ENTRIES: Final = Batch(())

LEAST_ENTRY_BYTES: Final = Batch._ROW.size
"""
The least number of bytes that an entry takes in an encoded batch.
"""
