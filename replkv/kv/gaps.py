"""
Stretches without records.

RocksDB keeps what was deleted until it merges its tables, and to step over a million of such takes a second: longer
than a leader may be silent. So where many records that lie side by side are gone, that is remembered, and who goes
through records goes around. Nothing else depends on what is remembered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from replkv.kv.limits import MachineLimits


class Gaps:
    """
    Those in which the most records are gone.

    @ivar _starts: the first names of the stretches, in their order. They have no name in common.
    @ivar _stops: the first names beyond them.
    @ivar _gone: how many records are gone in each, about.
    """

    __slots__ = ("_gone", "_least", "_most", "_starts", "_stops")

    def __init__(self, limits: MachineLimits) -> None:
        """
        @param limits: how many of them are remembered, and how many records have to be gone in one.
        """
        self._most = limits.gaps
        self._least = limits.leastGone
        self._starts: list[bytes] = []
        self._stops: list[bytes] = []
        self._gone: list[int] = []

    def add(self, start: bytes, stop: bytes, gone: int) -> None:
        """
        There is no record from C{start} to C{stop}, that one not included.

        @param gone: how many there have been. If there were none, it is no news.
        """
        if start >= stop or not gone:
            return
        first, last = bisect_left(self._stops, start), bisect_right(self._starts, stop)
        if first < last:
            start, stop = min(start, self._starts[first]), max(stop, self._stops[last - 1])
            gone += sum(self._gone[first:last])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]
        self._gone[first:last] = [gone]
        if gone < self._least or len(self._starts) > self._most:
            self._drop(self._gone.index(min(self._gone)))

    def fill(self, name: bytes) -> None:
        """
        There will be a record of this name.
        """
        place = bisect_right(self._starts, name) - 1
        if place < 0 or self._stops[place] <= name:
            return
        start, stop, gone = self._starts[place], self._stops[place], self._gone[place]
        self._drop(place)
        # Where the most of them are is not known: rather is too much remembered.
        for first, last in ((start, name), (name + b"\0", stop)):
            if first < last:
                self.add(first, last, gone)

    def around(self, start: bytes, stop: bytes) -> list[tuple[bytes, bytes]]:
        """
        Where records may be from C{start} to C{stop}, that one not included.
        """
        found = []
        for place in range(bisect_right(self._stops, start), bisect_left(self._starts, stop)):
            if start < self._starts[place]:
                found.append((start, self._starts[place]))
            start = self._stops[place]
        if start < stop:
            found.append((start, stop))
        return found

    def _drop(self, place: int) -> None:
        del self._starts[place], self._stops[place], self._gone[place]
