"""
What is known of the order of the pieces of one key before the search.

Sets of pieces are numbers, with a bit for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, groupby, permutations

from replkv.testing.linear.pieces import Piece, Rule


class Order:
    """
    @ivar pieces: the pieces of one key.
    @ivar certain: those that took effect.
    @ivar spare: those that may have.
    @ivar before: for each piece, the certain ones that come before it.
    @ivar closes: for each piece, the spare ones that cannot come after it.
    @ivar readers: for each value that only one piece can have stored, the pieces that found it.
    @ivar rather: for each spare piece, those which do the same and serve as well or better.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.certain = _set([piece for piece in pieces if piece.certain])
        self.spare = _set([piece for piece in pieces if not piece.certain])
        self.before = _over([piece for piece in pieces if piece.certain], pieces)
        self.closes = _over([piece for piece in pieces if not piece.certain], pieces)
        self.readers: defaultdict[int | None, int] = defaultdict(int)
        self._connections()
        self._versions()
        self._values()
        self.rather = self._choices()

    def cycle(self) -> list[Piece]:
        """
        Certain pieces each of which has to come before the next, and the last before the first: as few as there are;
        none if there is no such cycle.
        """
        rest, before = self.certain, -1
        while rest != before:
            before = rest
            for piece in self.members(rest):
                if not self.before[piece.index] & rest:
                    rest ^= 1 << piece.index
        cycles = [self._cycleOf(piece, rest) for piece in self.members(rest)]
        return min([cycle for cycle in cycles if cycle], key=len, default=[])

    def members(self, pieces: int) -> list[Piece]:
        """
        The pieces of a set, in their order.
        """
        found = []
        while pieces:
            lowest = pieces & -pieces
            found.append(self.pieces[lowest.bit_length() - 1])
            pieces ^= lowest
        return found

    def _cycleOf(self, piece: Piece, within: int) -> list[Piece]:
        """
        The shortest cycle on which a piece lies.
        """
        start = 1 << piece.index
        levels = [start]  # Each of those that come before the level before, at once.
        reached = 0
        while not reached & start:
            earlier = 0
            for after in self.members(levels[-1]):
                earlier |= self.before[after.index]
            earlier &= within & ~reached
            if not earlier:
                return []
            reached |= earlier
            levels.append(earlier)
        cycle = [piece]
        for level in levels[-2:0:-1]:
            last = 1 << cycle[-1].index
            cycle.append(next(after for after in self.members(level) if self.before[after.index] & last))
        return cycle

    def _connections(self) -> None:
        """
        Those of one connection are in the order of their numbers.
        """
        earlier: defaultdict[int, int] = defaultdict(int)
        for piece in sorted(self.pieces, key=lambda piece: piece.operation.number):
            connection = piece.operation.connection
            if connection is not None:
                self.before[piece.index] |= earlier[connection] & self.certain
                self.closes[piece.index] |= earlier[connection] & self.spare
                earlier[connection] |= 1 << piece.index

    def _versions(self) -> None:
        """
        Versions only grow: a store comes after all that stored or found a smaller one, and what found its version comes
        after it.
        """
        smaller = 0
        known = [piece for piece in self.pieces if piece.certain and piece.version is not None]
        for _, group in groupby(sorted(known, key=_version), key=_version):
            same = list(group)
            stores = _set([piece for piece in same if piece.rule not in (Rule.FIND, Rule.HOLD)])
            for piece in same:
                self.before[piece.index] |= smaller | stores & ~(1 << piece.index)
            smaller |= _set(same)

    def _values(self) -> None:
        """
        What found a value comes after what stored it, where only one can have.
        """
        for piece in self.pieces:
            if piece.source is not None:
                self.before[piece.index] |= 1 << piece.source.index
                self.readers[piece.value] |= 1 << piece.index

    def _choices(self) -> list[int]:
        """
        See C{rather}. Of two that do the same, one may be left for later, if whatever rules it out by then rules the
        other one out too, and if it rules out all that the other one does.
        """
        closedBy: defaultdict[int, int] = defaultdict(int)
        for piece in self.pieces:
            for closed in self.members(self.closes[piece.index]):
                closedBy[closed.index] |= 1 << piece.index
        alike: defaultdict[tuple[object, ...], list[Piece]] = defaultdict(list)
        for piece in self.members(self.spare):
            alike[_deed(piece)].append(piece)
        rather = [0] * len(self.pieces)
        for one, other in chain.from_iterable(permutations(pieces, 2) for pieces in alike.values()):
            lives, otherLives = closedBy[one.index], closedBy[other.index]
            costs, otherCosts = self.closes[one.index], self.closes[other.index]
            isEqual = (lives, costs) == (otherLives, otherCosts)
            if not otherLives & ~lives and not costs & ~otherCosts and (not isEqual or one.index < other.index):
                rather[other.index] |= 1 << one.index
        return rather


def _deed(piece: Piece) -> tuple[object, ...]:
    """
    What a piece makes of any state that it fits: two that do not differ in it do the same.
    """
    times = (piece.invoked, piece.ended) if piece.exptime or piece.keeps else ()
    return (piece.rule, piece.value, piece.exptime, piece.keeps, piece.expected, piece.change, times)


def _version(piece: Piece) -> int:
    return piece.version or 0


def _set(pieces: Iterable[Piece]) -> int:
    """
    The set of these pieces.
    """
    found = 0
    for piece in pieces:
        found |= 1 << piece.index
    return found


def _over(pieces: Iterable[Piece], later: Iterable[Piece]) -> list[int]:
    """
    For each of the C{later} pieces, those of C{pieces} that had ended before it was asked.
    """
    ending = sorted(pieces, key=lambda piece: piece.ended, reverse=True)
    over, ended = [], 0
    for piece in later:
        while ending and ending[-1].ended < piece.invoked:
            ended |= 1 << ending.pop().index
        over.append(ended)
    return over
