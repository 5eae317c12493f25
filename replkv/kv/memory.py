"""
The engine in memory: the twin, for tests and simulations, that forgets what was not flushed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence


class MemoryEngine:
    """
    An L{Engine<replkv.kv.engine.Engine>} without a disk.

    @ivar _values: the keys and their values.
    @ivar _order: the keys in their order.
    @ivar _flushed: what C{_values} was at the last flush.
    """

    def __init__(self, values: Mapping[bytes, bytes] | None = None) -> None:
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

    def flush(self) -> None:
        """
        See L{Engine.flush<replkv.kv.engine.Engine.flush>}.
        """
        self._flushed = self._values.copy()

    def close(self) -> None:
        """
        See L{Engine.close<replkv.kv.engine.Engine.close>}.
        """

    def crash(self) -> MemoryEngine:
        """
        Lose the power.

        @return: the engine that is there when the power is back: it has what was flushed, and nothing more.
        """
        return MemoryEngine(self._flushed)
