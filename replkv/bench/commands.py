"""
The commands of a load, encoded before it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from string import ascii_lowercase
from typing import Final, NamedTuple

from replkv.bench.dialect import Dialect
from replkv.bench.load import Mix

MAX_COMMANDS: Final = 1 << 19
MAX_BYTES: Final = 64 << 20
"""
What one process encodes at most. Then it begins anew.
"""

_OBJECT_BYTES: Final = 33
_LEAST_COMMANDS: Final = 1024


class Commands(NamedTuple):
    """
    Commands, in the order in which they are sent, over and over.

    @ivar encoded: the bytes of each.
    @ivar isRead: whether each reads.
    """

    encoded: list[bytes]
    isRead: list[bool]


def drawn(dialect: Dialect, mix: Mix, random: Random, atOnce: int) -> Commands:
    """
    Draw commands.

    @param atOnce: how many are sent at once, at most: there are more than these.
    """
    value = _value(mix, random)
    size = max(len(dialect.write(mix.key(0), value)), len(dialect.read(mix.key(0)))) + _OBJECT_BYTES
    count = min(MAX_COMMANDS, max(_LEAST_COMMANDS, 4 * mix.keys), MAX_BYTES // size)
    count = max(count, 2 * atOnce)
    weights = list(accumulate(rank**-mix.skew for rank in range(1, mix.keys + 1))) if mix.skew else None
    numbers = random.choices(range(mix.keys), cum_weights=weights, k=count)
    isRead = [random.random() < mix.reads for _ in numbers]
    encoded = [
        dialect.read(mix.key(number)) if reads else dialect.write(mix.key(number), value)
        for number, reads in zip(numbers, isRead, strict=True)
    ]
    return Commands(encoded, isRead)


def fills(dialect: Dialect, mix: Mix, random: Random, part: int, of: int) -> Iterator[Commands]:
    """
    What gives every key a value, in pieces that do not need much memory.

    @param part: which part of the keys, from 0.
    @param of: how many parts there are.
    """
    value = _value(mix, random)
    size = len(dialect.fill(mix.key(0), value)) + _OBJECT_BYTES
    piece = max(1, min(MAX_COMMANDS, MAX_BYTES // size))
    end = mix.keys * (part + 1) // of
    for first in range(mix.keys * part // of, end, piece):
        numbers = range(first, min(first + piece, end))
        yield Commands([dialect.fill(mix.key(number), value) for number in numbers], [False] * len(numbers))


def _value(mix: Mix, random: Random) -> bytes:
    """
    A value that is hard to compress.
    """
    return "".join(random.choices(ascii_lowercase, k=mix.valueBytes)).encode("ascii")
