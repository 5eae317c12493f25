"""
A frame of the log that was read back.
"""

from __future__ import annotations

from collections.abc import Iterable

from replkv.raft.entry import Batch
from replkv.storage.errors import CorruptLog
from replkv.storage.record import Section


class Frame:
    """
    The batches of a frame. Its checksum was verified once, for all of them.

    @ivar place: the number of its segment, times 2^32, and where it begins there.
    @ivar lastFirst: the index of the first entry of the last batch; 0 if there is none.
    """

    __slots__ = ("_encoded", "_path", "lastFirst", "place")

    def __init__(self, path: str, place: int, sections: Iterable[Section]) -> None:
        """
        @param path: the file that it is in.
        @param sections: what it is made of.
        """
        self.place = place
        self.lastFirst = 0
        self._path = path
        self._encoded: dict[int, memoryview] = {}
        for section in sections:
            first, terms = Batch.peek(section.encoded)
            if terms:
                # Of two that begin alike, the later has replaced the earlier.
                self._encoded[first] = section.encoded
                self.lastFirst = first

    def batch(self, first: int) -> Batch:
        """
        The batch that begins with the entry C{first}.

        @raise CorruptLog: if it is not there.
        """
        encoded = self._encoded.get(first)
        if encoded is None:
            offset = self.place & 0xFFFFFFFF
            raise CorruptLog(self._path, offset, f"the record does not hold entry {first} any more")
        return Batch.decode(bytes(encoded))
