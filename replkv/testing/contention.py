"""
How much clients were in each other's way.
"""

from __future__ import annotations

from collections import defaultdict

from replkv.commands.cas import Cas
from replkv.testing.history import History, Operation, Told


def races(history: History) -> int:
    """
    How many times a C{cas} was carried out while another client had one under way of the same key that wanted the same
    version: of such two, the store has to refuse one.
    """
    rivals: defaultdict[tuple[bytes, int], list[Operation]] = defaultdict(list)
    for operation in history.operations:
        if isinstance(operation.command, Cas):
            rivals[operation.command.key, operation.command.version].append(operation)
    return sum(
        any(_meets(winner, other) for other in group)
        for group in rivals.values()
        for winner in group
        if winner.answer is not None and winner.answer.told is Told.STORED
    )


def _meets(one: Operation, other: Operation) -> bool:
    """
    Whether they are two, of two clients, and under way at the same time.
    """
    apart = one.connection is None or one.connection != other.connection
    return one is not other and apart and one.invoked < other.ended and other.invoked < one.ended
