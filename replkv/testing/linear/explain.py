"""
Why there is no order, for whoever has to find out what went wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from replkv.testing.linear.model import State
from replkv.testing.linear.order import Order
from replkv.testing.linear.pieces import Piece, Rule
from replkv.testing.linear.prefix import Prefix
from replkv.testing.linear.report import describe, shorten

_SHOWN: Final = 6


def explainCycle(cycle: Sequence[Piece]) -> str:
    """
    Each of these has to come before the next, and the last before the first.
    """
    lines = [
        f"key {_key(cycle[0])} is not linearizable: each of these comes before the next, and the last before the first"
    ]
    for piece, following in pairwise([*cycle, cycle[0]]):
        lines += [describe(piece.operation), f"    {_reason(piece, following)}"]
    return "\n".join(lines)


def explainEnd(order: Order, longest: Prefix) -> str:
    """
    The order ends here, whatever is tried.
    """
    placed = longest.pieces()
    certain = order.certain.bit_count()
    left = order.members(order.certain & ~longest.placed)
    lines = [
        f"key {_key(left[0])} is not linearizable: {longest.placed.bit_count()} of {certain} operations can be put in"
        f" order, and then {_holding(order, longest.state)}"
    ]
    if placed:
        lines += ["the last of them:", *_describe(placed[-_SHOWN // 2 :])]
    free = [piece for piece in left if not order.before[piece.index] & ~longest.placed]
    kept = order.members(order.readers.get(longest.state.value, 0) & ~longest.placed)
    lines += ["none of these can be the next:", *_describe(sorted(free, key=lambda piece: piece.ended))]
    kept = [piece for piece in kept if piece not in free]
    if kept:
        lines += ["since it has to be there for:", *_describe(kept)]
    return "\n".join(lines)


def _key(piece: Piece) -> str:
    return shorten(piece.operation.command.key)


def _describe(pieces: Sequence[Piece]) -> list[str]:
    lines = [describe(piece.operation) for piece in pieces[:_SHOWN]]
    if len(pieces) > _SHOWN:
        lines.append(f"  and {len(pieces) - _SHOWN} more")
    return lines


def _holding(order: Order, state: State) -> str:
    """
    What the key holds.
    """
    if state.value is None:
        return "there is no such key"
    value = "a value that nobody found"
    for piece in order.pieces:
        if piece.rule is Rule.FIND and piece.value == state.value and piece.operation.answer is not None:
            value = shorten(piece.operation.answer.value or b"")
    version = f"version {state.version}" if state.version is not None else f"a version from {state.floor} up"
    return f"it has {value}, {version}"


def _reason(piece: Piece, following: Piece) -> str:
    """
    Why one piece comes before the other.
    """
    before, after = piece.operation, following.operation
    if before.ended < following.invoked:
        return "it had ended before this was asked:"
    if before.connection is not None and before.connection == after.connection and before.number < after.number:
        return "it was sent before this, on the same connection:"
    if piece.ended < following.invoked:
        return "something that comes after it had been answered before this was asked:"
    if following.source is piece:
        return "it stored what this found:"
    return f"it has version {piece.version}, this has version {following.version}:"
