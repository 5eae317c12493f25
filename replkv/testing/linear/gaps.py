"""
Where an operation can be among the versions of its key: in which of the gaps before, between and after them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from replkv.testing.linear.instants import Instant, NoInstant, Point
from replkv.testing.linear.pieces import CHANGES, CREATORS, GIVERS, Rule


class Gaps:
    """
    The gaps of one key. Gap 0 is before the first version that is known, and each other one after the version before
    it. In each, what was stored at its beginning may have been replaced or touched since, and got a version that is not
    known.
    """

    def __init__(self, key: bytes, points: Sequence[Point], instants: Sequence[Instant], last: int) -> None:
        """
        @param points: the versions of the key, in their order.
        @param instants: those of the operations on the key.
        @param last: the place after all points of the store.
        """
        self._key = key
        self._points = points
        self._places = [point.place for point in points]
        self._last = last
        self._hidden = [one for one in instants if one.point is None and one.piece.rule in GIVERS]
        self._creating = [one for one in self._hidden if one.piece.rule in CREATORS]
        self._emptying = [one for one in self._hidden if one.piece.exptime or one.piece.keeps]
        self._emptying += [one for one in instants if one.piece.rule in (Rule.REMOVE, Rule.CLEAR, Rule.EMPTY, Rule.CUT)]
        # Then any value may be in any gap.
        self._changes = any(one.piece.change is not None for one in instants)
        swapped = {one.piece.expected for one in instants if one.piece.rule is Rule.SWAP and one.point is not None}
        self._swapped = {gap for gap, point in enumerate(points, 1) if point.version in swapped}
        self._inside = [one for one in instants if one.point is None]

    def narrow(self) -> bool:
        """
        Keep the operations out of the gaps at either end in which they cannot be.

        @return: whether anything has changed.
        @raise NoInstant: if there is no place left for one.
        """
        changes = [self._narrow(instant) for instant in self._inside if instant.piece.certain]
        return self._part() or any(changes)

    def _narrow(self, instant: Instant) -> bool:
        low = first = bisect_left(self._places, instant.low)
        high = last = bisect_left(self._places, instant.high)
        while low < high and not self._suits(instant, low):
            low += 1
        while low < high and not self._suits(instant, high):
            high -= 1
        if low == high and not self._suits(instant, low):
            raise NoInstant(instant)
        changed = low > first and instant.after(self._points[low - 1])
        return (high < last and instant.before(self._points[high])) or changed

    def _suits(self, instant: Instant, gap: int) -> bool:
        """
        Whether an operation can have been in a gap.
        """
        piece = instant.piece
        point = self._points[gap - 1] if gap else None
        match piece.rule:
            case Rule.FIND if piece.version is not None:
                return point is not None and point.version == piece.version
            case Rule.FIND if self._changes:
                return self._mayBeThere(point, gap, instant)
            case Rule.FIND:
                stored = point.stores.get(self._key) if point is not None else None
                if point is not None and (stored is None or stored.value == piece.value):
                    return True
                return self._has([one for one in self._hidden if one.piece.value == piece.value], gap, instant)
            case Rule.MISS:
                return self._mayBeEmpty(point, gap, instant)
            case Rule.REMOVE | Rule.TOUCH:
                return gap not in self._swapped and self._mayBeThere(point, gap, instant)
            case Rule.CUT:
                return gap not in self._swapped and point is not None and point.version == piece.expected
            case Rule.HOLD:
                return point is not None and point.version == piece.expected
            case Rule.LACK if self._mayBeEmpty(point, gap, instant):
                return True
            case Rule.DIFFER | Rule.LACK if point is not None and point.version == piece.expected:
                return self._has(self._hidden, gap, instant)
            case Rule.DIFFER | Rule.LACK | Rule.SEE | Rule.UNFIT:
                return self._mayBeThere(point, gap, instant)
            case _:
                return True

    def _mayBeThere(self, point: Point | None, gap: int, instant: Instant) -> bool:
        """
        Whether the key may be there in a gap. Before its first version, only a store brings it: what else gives it one
        has to find it.
        """
        return point is not None or self._has(self._creating, gap, instant)

    def _mayBeEmpty(self, point: Point | None, gap: int, instant: Instant) -> bool:
        """
        Whether the key may be missing in a gap. It is not where a C{cas} found its version at the end.
        """
        if point is None:
            return True
        if gap in self._swapped:
            return False
        store = point.stores.get(self._key)
        # What was changed, or stored so, expires when it would have.
        mayExpire = store is None or store.exptime > 0 or store.keeps or store.rule in CHANGES
        return mayExpire or self._has(self._emptying, gap, instant)

    def _has(self, instants: Sequence[Instant], gap: int, before: Instant) -> bool:
        """
        Whether one of these may be in a gap, before another operation.
        """
        low = self._places[gap - 1] + 1 if gap else 0
        high = self._places[gap] if gap < len(self._places) else self._last
        high = min(high, before.high)
        return any(
            one.isPossible and one.low <= high and low <= one.high and one.earliest <= before.latest for one in instants
        )

    def _part(self) -> bool:
        """
        Where a version was found comes before where there was no key any more: a key does not come back.
        """
        gone: dict[int, list[Instant]] = {}
        for one in self._inside:
            if one.piece.certain and one.piece.rule in (Rule.MISS, Rule.REMOVE):
                gap = bisect_left(self._places, one.low)
                if gap and gap == bisect_left(self._places, one.high):
                    gone.setdefault(self._points[gap - 1].version, []).append(one)
        changes = []
        for one in self._inside:
            version = one.piece.version
            if one.piece.rule is Rule.FIND and version in gone:
                changes += [one.precedes(other) for other in gone[version]]
        return any(changes)
