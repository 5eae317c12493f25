"""
The engine in memory: the twin, for tests and simulations, that forgets what was not flushed.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from xxhash import xxh3_64_digest

from replkv.kv.engine import EngineError

CHECKPOINT: Final = "values"
"""
The one file of a checkpoint: of each key in its order the lengths of key and value in 32 bits each, big-endian, key and
value; then the checksum of all that.
"""

_LENGTHS: Final = struct.Struct(">II")
_CHECKSUM_BYTES: Final = 8

Save = Callable[[str, bytes], None]
"""
Makes a file, and the folder that it lies in, durably.
"""


def _haveNoDisk(path: str, data: bytes) -> None:
    raise EngineError(f"{path} cannot be written: there is no disk")


class MemoryEngine:
    """
    An L{Engine<replkv.kv.engine.Engine>} without a disk, but for its checkpoints.

    @ivar save: writes its checkpoints.
    @ivar _values: the keys and their values.
    @ivar _order: the keys in their order.
    @ivar _flushed: what C{_values} was at the last flush.
    """

    def __init__(self, values: Mapping[bytes, bytes] | None = None, save: Save = _haveNoDisk) -> None:
        """
        @param values: what it has at first: of a checkpoint, L{read}.
        @param save: writes its checkpoints.
        """
        self.save = save
        self._values = dict(values or {})
        self._order = sorted(self._values)
        self._flushed = self._values.copy()

    def get(self, key: bytes) -> bytes | None:
        """
        See L{Engine.get<replkv.kv.engine.Engine.get>}.
        """
        return self._values.get(key)

    def getMany(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        See L{Engine.getMany<replkv.kv.engine.Engine.getMany>}.
        """
        return [self._values.get(key) for key in keys]

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        See L{Engine.write<replkv.kv.engine.Engine.write>}.
        """
        for key, value in changes.items():
            if value is not None:
                if key not in self._values:
                    insort(self._order, key)
                self._values[key] = value
            elif key in self._values:
                del self._values[key]
                del self._order[bisect_left(self._order, key)]

    def scan(self, start: bytes, stop: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """
        See L{Engine.scan<replkv.kv.engine.Engine.scan>}.
        """
        first = bisect_left(self._order, start)
        last = min(bisect_left(self._order, stop), first + limit)
        return [(key, self._values[key]) for key in self._order[first:last]]

    def walk(self, start: bytes, stop: bytes, most: int) -> Iterator[tuple[bytes, bytes, int]]:
        """
        See L{Engine.walk<replkv.kv.engine.Engine.walk>}.
        """
        for place in range(bisect_left(self._order, start), bisect_left(self._order, stop)):
            key = self._order[place]
            value = self._values[key]
            yield key, value[:most], len(value)

    def flush(self) -> None:
        """
        See L{Engine.flush<replkv.kv.engine.Engine.flush>}.
        """
        self._flushed = self._values.copy()

    def checkpoint(self, path: str) -> None:
        """
        See L{Engine.checkpoint<replkv.kv.engine.Engine.checkpoint>}.
        """
        parts = []
        for key, value in sorted(self._values.copy().items()):
            parts += [_LENGTHS.pack(len(key), len(value)), key, value]
        data = b"".join(parts)
        self.save(os.path.join(path, CHECKPOINT), data + xxh3_64_digest(data))

    def close(self) -> None:
        """
        See L{Engine.close<replkv.kv.engine.Engine.close>}.
        """

    def crash(self) -> MemoryEngine:
        """
        Lose the power.

        @return: the engine that is there when the power is back: it has what was flushed, and nothing more.
        """
        return MemoryEngine(self._flushed, self.save)


def read(checkpoint: bytes) -> dict[bytes, bytes]:
    """
    Tell what a checkpoint has.

    @param checkpoint: what is in its file.
    @raise EngineError: if it is not what was written.
    """
    end = len(checkpoint) - _CHECKSUM_BYTES
    if end < 0 or xxh3_64_digest(checkpoint[:end]) != checkpoint[end:]:
        raise EngineError(f"a checkpoint of {len(checkpoint)} bytes does not fit its checksum")
    values = {}
    start = 0
    while start < end:
        keyLength, valueLength = _LENGTHS.unpack_from(checkpoint, start)
        keyStart = start + _LENGTHS.size
        valueStart = keyStart + keyLength
        start = valueStart + valueLength
        values[checkpoint[keyStart:valueStart]] = checkpoint[valueStart:start]
    return values
