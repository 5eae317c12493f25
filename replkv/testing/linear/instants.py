"""
An instant for each operation, over all keys: one order of the whole store.

Each key may have an order of its own that is well, and these may not go together: a client that stores one key and then
misses another, while another client does so the other way about, has met two stores. All versions are given by one log,
so those that were told are in the order of their stores, whatever their keys. All else lies somewhere between them.

What is looked for are bounds of each operation, by time and by its place among the versions: it took effect after it
was asked and before it was answered; in the order of its connection; when the others of its command did; after the
store of what it found, and before the next store of that key; where it missed a key, at a place where there can have
been none; and so on (L{replkv.testing.linear.gaps}). Bounds are narrowed until nothing changes. What has none left has
no instant.

What this proves: no order of the whole store has any operation outside of its bounds, so where one has none left, there
is no such order. What it does not: that there is an order if all have some. Bounds are kept one operation at a time, so
what only a choice between two gaps for one operation rules out for another, is not seen; nor where the key had
expired (the search over one key sees to that). It takes time in proportion to operations and rounds, and no search is
put on top of it: the orders of each key alone are searched anyway, within these bounds, and tests count how little of
what trying everything finds is missed by both together.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Final

from replkv.testing.linear.pieces import Piece


class NoInstant(Exception):
    """
    An operation cannot have taken effect at any time.
    """

    def __init__(self, instant: Instant) -> None:
        super().__init__()
        self.instant: Final = instant


@dataclass(eq=False)
class Point:
    """
    A version was given.

    @ivar place: its place among all versions that are known, from 0.
    @ivar stores: what gave it, by key, as far as that is known: one command may give it to several keys.
    @ivar earliest: it was given at this time at the earliest.
    @ivar latest: and at this one at the latest.
    """

    place: int
    version: int
    stores: dict[bytes, Piece] = field(default_factory=dict)
    earliest: float = -inf
    latest: float = inf


@dataclass(eq=False)
class Instant:
    """
    When an operation took effect, if it did.

    @ivar point: of what gave a version that is known, that version.
    @ivar low: so many versions were given before it at least.
    @ivar high: and so many at most. What gave a version itself is after it for what follows, and before it for what
        precedes: its C{low} is larger than its C{high} by 1.
    @ivar earliest: by time.
    @ivar latest: by time.
    @ivar lower: what bounded it last from below; a version, or an operation.
    @ivar upper: the same from above.
    """

    piece: Piece
    point: Point | None
    low: int
    high: int
    earliest: float = field(init=False)
    latest: float = field(init=False)
    lower: Instant | Point | None = None
    upper: Instant | Point | None = None

    def __post_init__(self) -> None:
        self.earliest, self.latest = self.piece.invoked, self.piece.ended

    @property
    def isPossible(self) -> bool:
        """
        Whether it can have taken effect at all.
        """
        return self.earliest <= self.latest and self.low <= self.high + (self.point is not None)

    def precedes(self, other: Instant) -> bool:
        """
        It came before another, if it took effect.

        @return: whether anything has changed.
        """
        changed = self.piece.certain and other._raise(self.low, self.earliest, self)
        return (other.piece.certain and self._lower(other.high, other.latest, other)) or changed

    def meets(self, other: Instant) -> bool:
        """
        They took effect at one instant, if they did.

        @return: whether anything has changed.
        """
        if self.point is not None and other.point is not None:
            # One command gives one version.
            return other._raise(0, self.earliest, self) | other._lower(self.low, self.latest, self)
        if self.point is not None:
            return other._joins(self)
        if other.point is not None:
            return self._joins(other)
        return self.precedes(other) | other.precedes(self)

    def after(self, point: Point) -> bool:
        """
        It came after a version was given.
        """
        return self._raise(point.place + 1, point.earliest, point)

    def before(self, point: Point) -> bool:
        """
        It came before a version was given.
        """
        return self._lower(point.place, point.latest, point)

    def _joins(self, giver: Instant) -> bool:
        """
        It took effect as a version was given: before that, as far as the versions go.
        """
        assert giver.point is not None
        place = giver.point.place
        changed = self._raise(place, giver.earliest, giver) | self._lower(place, giver.latest, giver)
        return changed | giver._raise(0, self.earliest, self) | giver._lower(place + 1, self.latest, self)

    def _raise(self, low: int, earliest: float, why: Instant | Point) -> bool:
        if self.point is not None and low > self.point.place:
            self.lower = why
            raise NoInstant(self)
        if low <= self.low and earliest <= self.earliest:
            return False
        self.low, self.earliest, self.lower = max(low, self.low), max(earliest, self.earliest), why
        return self._changed()

    def _lower(self, high: int, latest: float, why: Instant | Point) -> bool:
        if self.point is not None and high <= self.point.place:
            self.upper = why
            raise NoInstant(self)
        if high >= self.high and latest >= self.latest:
            return False
        self.high, self.latest, self.upper = min(high, self.high), min(latest, self.latest), why
        return self._changed()

    def _changed(self) -> bool:
        if self.piece.certain and not self.isPossible:
            raise NoInstant(self)
        return True


class Timeline:
    """
    All versions, in their order, and when they were given.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = points
        self._earliest: list[float] = []
        self._latest: list[float] = []

    def narrow(self, instants: Sequence[Instant]) -> bool:
        """
        Have the bounds by time and those by place agree.

        @return: whether anything has changed.
        @raise NoInstant: if one has none left.
        """
        for instant in instants:
            point = instant.point
            if point is not None:
                point.earliest = max(point.earliest, instant.earliest)
                point.latest = min(point.latest, instant.latest)
        self._agree()
        changes = [self._place(instant) for instant in instants]
        return any(changes)

    def _agree(self) -> None:
        """
        Each version was given after the one before it.
        """
        for one, other in pairwise(self._points):
            other.earliest = max(one.earliest, other.earliest)
        for other, one in pairwise(reversed(self._points)):
            one.latest = min(one.latest, other.latest)
        self._earliest = [point.earliest for point in self._points]
        self._latest = [point.latest for point in self._points]

    def _place(self, instant: Instant) -> bool:
        point = instant.point
        if point is not None:
            changed = instant._raise(0, point.earliest, self._near(point.place - 1, point))
            return instant._lower(len(self._points), point.latest, self._near(point.place + 1, point)) or changed
        changed = False
        low = max(instant.low, bisect_left(self._latest, instant.earliest))
        if low:
            changed = instant.after(self._points[low - 1])
        high = min(instant.high, bisect_right(self._earliest, instant.latest))
        if high < len(self._points):
            changed = instant.before(self._points[high]) or changed
        return changed

    def _near(self, place: int, point: Point) -> Point:
        return self._points[place] if 0 <= place < len(self._points) else point
