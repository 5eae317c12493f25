"""
Where the randomness of a simulation comes from.
"""

from __future__ import annotations

from random import Random


def chance(seed: int, *names: object) -> Random:
    """
    The source of randomness of one part of a simulation.

    Each part has its own, so that a part that is left out (a fault, a client) changes nothing of what the others draw.

    @param seed: the simulation's seed.
    @param names: the part, each by its C{str}.
    """
    # Seeded with a text, a generator does not depend on the hash of it, which differs from process to process.
    return Random("/".join([str(seed), *(str(name) for name in names)]))
