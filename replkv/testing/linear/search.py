"""
The search for an order in which one store would have answered as the cluster did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import inf
from typing import Final

from replkv.testing.history import History, Operation, Status
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.explain import explainCycle, explainEnd
from replkv.testing.linear.model import Model, State
from replkv.testing.linear.order import Order
from replkv.testing.linear.pieces import NEEDY, READS, Bounded, Piece, piecesOf
from replkv.testing.linear.prefix import Prefix
from replkv.testing.linear.report import shorten
from replkv.testing.linear.whole import bring
from replkv.testing.outcome import Violation

__all__ = ["ClockBound", "Undecided", "checkLinearizable"]

MOST_PREFIXES: Final = 250_000
"""
So many are enough for all but a few keys.
"""


class Undecided(Exception):
    """
    The search was given up: there may be an order, or not.
    """


def checkLinearizable(history: History, clocks: ClockBound, most: int = MOST_PREFIXES) -> None:
    """
    See whether one store could have answered all that was asked.

    @param clocks: how far the clocks of the servers may be trusted.
    @param most: how many prefixes are looked at for one key before the search is given up.
    @raise Violation: if it could not. The message names a key, and the operations on it that do not fit.
    @raise Undecided: if it would take too long to tell.
    """
    keys: defaultdict[bytes, list[Bounded]] = defaultdict(list)
    for operation, ended in zip(history.operations, _ends(history.operations), strict=True):
        keys[operation.command.key].append(Bounded(operation, ended))
    pieces = {key: piecesOf(operations) for key, operations in keys.items()}
    _beSure(pieces.values())
    model = Model(clocks)
    try:
        bring(pieces)
    except Violation:
        for own in pieces.values():  # If one key shows it alone, that is the easiest to understand.
            _isDecided(own, model, most)
        raise
    undecided = [key for key, own in pieces.items() if not _isDecided(own, model, most)]
    if undecided:
        raise Undecided(f"it takes too long to tell whether key {shorten(undecided[0])} is linearizable")


def _beSure(keys: Iterable[Sequence[Piece]]) -> None:
    """
    Of a command on several keys, all took effect if anything shows that one did.
    """
    pieces = [piece for own in keys for piece in own if piece.operation.group is not None]
    sure = {piece.operation.group for piece in pieces if piece.certain}
    for piece in pieces:
        piece.certain = piece.operation.group in sure


def _isDecided(pieces: Sequence[Piece], model: Model, most: int) -> bool:
    """
    See whether all is well with one key.

    @return: whether that could be told.
    @raise Violation: if it is not.
    """
    order = Order(pieces)
    cycle = order.cycle()
    if cycle:
        raise Violation(explainCycle(cycle))
    search = Search(order, model, most)
    try:
        found = search.run()
    except Undecided:
        return False
    if not found:
        raise Violation(explainEnd(order, search.longest))
    return True


def _ends(operations: Sequence[Operation]) -> list[float]:
    """
    The times by which the operations took effect, if they did: an operation that did comes before the later ones of its
    connection, and so before these were answered.
    """
    least: dict[int, float] = {}
    ends = []
    for operation in reversed(operations):
        ended = operation.ended
        if operation.connection is not None:
            ended = min(ended, least.get(operation.connection, inf))
            if operation.status is Status.OK:
                least[operation.connection] = ended
        ends.append(ended)
    return ends[::-1]


class Search:
    """
    Goes through the orders of the pieces of one key, depth first.

    @ivar longest: the longest prefix that was met: where no order is found, it shows why.
    """

    def __init__(self, order: Order, model: Model, most: int) -> None:
        """
        @param most: how many prefixes are looked at before the search is given up.
        """
        self._order: Final = order
        self._model: Final = model
        self._left = most
        self._met: defaultdict[tuple[int, State, bool], list[tuple[State, int]]] = defaultdict(list)
        self.longest = Prefix(0, order.spare)

    def run(self) -> bool:
        """
        @return: whether there is an order.
        @raise Undecided: if that would take too long to tell.
        """
        path = [iter([self.longest])]
        while path:
            prefix = next(path[-1], None)
            if prefix is None:
                path.pop()
            elif prefix.placed == self._order.certain:
                return True
            elif not self._isMet(prefix):
                if prefix.placed.bit_count() > self.longest.placed.bit_count():
                    self.longest = prefix
                path.append(self._longer(prefix))
        return False

    def _isMet(self, prefix: Prefix) -> bool:
        """
        Whether what can follow a prefix can also follow one that was met before: the same are placed, the key holds the
        same, no more versions are taken, it is no later, and no less may still come.
        """
        floor, now = prefix.state.floor, prefix.state.now
        met = self._met[prefix.placed, prefix.state._replace(floor=0, now=0.0), prefix.unused]
        if any(one.floor <= floor and one.now <= now and not prefix.spare & ~spare for one, spare in met):
            return True
        if not self._left:
            raise Undecided
        self._left -= 1
        met.append((prefix.state, prefix.spare))
        return False

    def _longer(self, prefix: Prefix) -> Iterator[Prefix]:
        """
        The prefixes with one piece more, the most promising first.
        """
        free, latest = self._free(prefix)
        for piece in free:
            if piece.rule in READS:
                harmless = self._harmless(prefix, piece)
                if harmless is not None:
                    yield harmless
                    return
        for piece in chain(free, self._useful(prefix, latest)):
            yield from self._with(prefix, piece)

    def _free(self, prefix: Prefix) -> tuple[list[Piece], float]:
        """
        The certain pieces that may come next, as far as the order is known, and the time by which the next one has to.
        """
        order = self._order
        free = []
        latest = inf
        rest = order.certain & ~prefix.placed
        while rest:
            lowest = rest & -rest
            piece = order.pieces[lowest.bit_length() - 1]
            if piece.invoked > latest:
                break
            latest = min(latest, piece.ended)
            if not order.before[piece.index] & ~prefix.placed:
                free.append(piece)
            rest ^= lowest
        return free, latest

    def _harmless(self, prefix: Prefix, piece: Piece) -> Prefix | None:
        """
        Place a read, if it fits and nothing could be gained from having it later: it changes nothing for others. (That
        a key has expired need not be shown to others by it: they can as well find it out themselves.)
        """
        if self._order.closes[piece.index] & prefix.spare:
            return None
        after = self._model.after(piece, prefix.state)
        if after != (prefix.state,):
            return None
        return Prefix(prefix.placed | 1 << piece.index, prefix.spare, prefix.state, piece, prefix)

    def _useful(self, prefix: Prefix, latest: float) -> list[Piece]:
        """
        The pieces that may have not taken effect, but might be of use if they did. That has to be for what comes next;
        so two of them in a row are of use only if the second needs the first. Of those that do the same, one stands for
        another only where it fits: it may have been asked when the key had expired already.
        """
        order = self._order
        free = []
        among = 0
        for piece in order.members(prefix.spare):
            if piece.invoked > latest:
                break
            if not order.before[piece.index] & ~prefix.placed and self._model.after(piece, prefix.state):
                free.append(piece)
                among |= 1 << piece.index
        free = [piece for piece in free if not order.rather[piece.index] & among]
        return [piece for piece in free if piece.rule in NEEDY] if prefix.unused else free

    def _with(self, prefix: Prefix, piece: Piece) -> Iterator[Prefix]:
        """
        Place a piece, in all ways in which it fits. What has yet to be found by someone must not be gone.
        """
        order = self._order
        bit = 1 << piece.index
        placed = prefix.placed | bit & order.certain
        spare = prefix.spare & ~bit & ~order.closes[piece.index]
        kept = order.readers.get(prefix.state.value, 0) & ~placed
        for after in self._model.after(piece, prefix.state):
            if not kept or after.value == prefix.state.value:
                yield Prefix(placed, spare, after, piece, prefix)
