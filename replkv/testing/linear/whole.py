"""
The operations on all keys, brought into one order as far as it is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import groupby, pairwise
from typing import Final

from replkv.testing.linear.gaps import Gaps
from replkv.testing.linear.instants import Instant, NoInstant, Point, Timeline
from replkv.testing.linear.pieces import GIVERS, Piece, Rule
from replkv.testing.linear.report import describe
from replkv.testing.outcome import Violation

_MOST_ROUNDS: Final = 100
"""
How often all bounds are narrowed at most. To stop early is to prove less, and nothing wrong.
"""

_SHOWN: Final = 6


def bring(keys: Mapping[bytes, Sequence[Piece]]) -> None:
    """
    Find bounds for the instants of all operations (L{replkv.testing.linear.instants}), and tell each piece by when it
    has ended, which may be earlier than was known. When it was asked is left alone: that is when it may have arrived,
    and what expires is judged by that.

    @raise Violation: if there is no order of the whole store.
    """
    points = _points(keys)
    places = {point.version: point for point in points}
    instants = {piece: _instant(piece, places, len(points)) for pieces in keys.values() for piece in pieces}
    pairs = _pairs(instants)
    together = _together(instants.values())
    timeline = Timeline(points)
    gaps = [
        Gaps(key, _own(pieces, places), [instants[piece] for piece in pieces], len(points))
        for key, pieces in keys.items()
    ]
    everything = list(instants.values())
    try:
        for _ in range(_MOST_ROUNDS):
            changes = [one.precedes(other) for one, other in pairs]
            changes += [one.precedes(other) for one, other in reversed(pairs)]
            changes += [one.meets(other) for one, other in together]
            changes += [timeline.narrow(everything), *[one.narrow() for one in gaps]]
            if not any(changes):
                break
    except NoInstant as error:
        raise Violation(_explain(error.instant)) from None
    for piece, instant in instants.items():
        if instant.isPossible:
            piece.ended = instant.latest


def _versions(piece: Piece) -> list[int]:
    """
    The versions that an operation shows to have been given.
    """
    if not piece.certain:
        return []
    versions = [piece.version] if piece.version is not None else []
    return [*versions, piece.expected] if piece.rule in (Rule.SWAP, Rule.CUT, Rule.HOLD) else versions


def _points(keys: Mapping[bytes, Sequence[Piece]]) -> list[Point]:
    stores: defaultdict[int, dict[bytes, Piece]] = defaultdict(dict)
    for key, pieces in keys.items():
        for piece in pieces:
            for version in _versions(piece):
                known = stores[version]
                if piece.rule in GIVERS and version == piece.version:
                    known[key] = piece
    return [Point(place, version, stores[version]) for place, version in enumerate(sorted(stores))]


def _own(pieces: Iterable[Piece], places: Mapping[int, Point]) -> list[Point]:
    return [places[version] for version in sorted({version for piece in pieces for version in _versions(piece)})]


def _instant(piece: Piece, places: Mapping[int, Point], last: int) -> Instant:
    if piece.certain and piece.version is not None and piece.rule in GIVERS:
        point = places[piece.version]
        if piece in point.stores.values():
            return Instant(piece, point, point.place + 1, point.place)
    return Instant(piece, None, 0, last)


def _pairs(instants: Mapping[Piece, Instant]) -> list[tuple[Instant, Instant]]:
    """
    Pairs of which the first comes before the second: those of a connection, and a store and what found it; in an order
    in which what is known of one is told to all that follow it at once.

    @raise Violation: if some of them come before themselves.
    """
    before: defaultdict[Instant, list[Instant]] = defaultdict(list)
    last: dict[int, list[Instant]] = {}
    spare: defaultdict[int, list[Instant]] = defaultdict(list)
    for piece in instants:
        if piece.source is not None:
            before[instants[piece]].append(instants[piece.source])
    for connection, command in _commands(instants):
        for instant in command:
            before[instant] += last.get(connection, [])
        if all(instant.piece.certain for instant in command):
            for instant in command:
                before[instant] += spare[connection]
            spare[connection] = []
            last[connection] = command
        else:
            spare[connection] += command
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        _, cycle = error.args
        lines = [describe(instant.piece.operation) for instant in cycle]
        raise Violation("\n".join(["each of these comes before the next:", *lines])) from None
    return [(one, other) for other in order for one in before.get(other, [])]


def _commands(instants: Mapping[Piece, Instant]) -> Iterator[tuple[int, list[Instant]]]:
    """
    What was asked on connections, in its order; each with the connection. What one command asks of several keys is
    together.
    """
    pieces = [piece for piece in instants if piece.operation.connection is not None]
    pieces.sort(key=lambda piece: piece.operation.number)
    for _, command in groupby(pieces, key=_numberOf):
        together = list(command)
        yield together[0].operation.connection or 0, [instants[piece] for piece in together]


def _numberOf(piece: Piece) -> int:
    operation = piece.operation
    return operation.number if operation.group is None else operation.group


def _together(instants: Iterable[Instant]) -> list[tuple[Instant, Instant]]:
    """
    Pairs that took effect at one instant, since one command has asked for both.
    """
    groups: defaultdict[int, list[Instant]] = defaultdict(list)
    for instant in instants:
        if instant.piece.operation.group is not None and instant.piece.certain:
            groups[instant.piece.operation.group].append(instant)
    pairs = [pair for group in groups.values() for pair in pairwise(group)]
    return [*pairs, *reversed(pairs)]


def _explain(instant: Instant) -> str:
    """
    Why an operation has no instant: what it comes after, what that comes after, and so on; and what it comes before.
    """
    lines = ["there is no order of the whole store: there is no instant for", describe(instant.piece.operation)]
    lines += ["it comes after, each after the next:", *_chain(instant, lower=True)]
    lines += ["and before, each before the next:", *_chain(instant, lower=False)]
    return "\n".join(lines)


def _chain(instant: Instant, lower: bool) -> list[str]:
    lines: list[str] = []
    one = instant.lower if lower else instant.upper
    while one is not None and len(lines) < _SHOWN:
        if isinstance(one, Instant):
            lines.append(describe(one.piece.operation))
            one = one.lower if lower else one.upper
        else:
            stores = list(one.stores.values())
            known = f", given by\n{describe(stores[0].operation)}" if stores else ""
            lines.append(f"  version {one.version}{known}")
            one = None
    return lines or [f"  {'its being asked' if lower else 'its being answered'}"]
