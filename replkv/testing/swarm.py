"""
What goes wrong in a seed. Each seed has some of what can go wrong, and so more of that than if it had all of it (swarm
testing).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from replkv.testing.faults import HAND_OVER, Fault

_MOST_KINDS: Final = 6

_FIRST: Final = 0.2
"""
Within so many seconds nothing goes wrong.
"""


def drawKinds(random: Random, kinds: Sequence[str]) -> list[str]:
    """
    Which kinds of faults a seed has.

    @param kinds: all that it may have.
    """
    return random.sample(kinds, random.randint(1, min(_MOST_KINDS, len(kinds))))


def drawTime(random: Random, seconds: float) -> float:
    """
    When a fault begins: within so many seconds.
    """
    return random.uniform(_FIRST, seconds)


def drawTimes(random: Random, count: int, seconds: float) -> list[float]:
    """
    When each of so many faults begins, in their order.
    """
    return sorted(drawTime(random, seconds) for _ in range(count))


def drawFault(random: Random, number: int, kind: str, at: float, lasts: float, size: int, atLeader: float) -> Fault:
    """
    A fault whose kind and times are known.

    @param size: the number of servers.
    @param atLeader: how often, from 0 to 1, it is about whoever leads.
    """
    servers = tuple(random.sample(range(size), size))
    return Fault(number, kind, at, lasts, servers, random.random() < atLeader, random.random())


def drawHandOvers(random: Random, counts: Sequence[int], size: int, seconds: float, first: int) -> tuple[Fault, ...]:
    """
    When leaders are told to hand over, and to whom.

    @param counts: how often that may be.
    @param size: the number of servers.
    @param first: the number of the first time.
    """
    times = drawTimes(random, random.choice(counts), seconds)
    return tuple(
        drawFault(random, number, HAND_OVER, at, 0.0, size, atLeader=0.0) for number, at in enumerate(times, first)
    )
