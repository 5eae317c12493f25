"""
Whether something has got slower, or whether that was chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import fsum, log
from operator import mul
from statistics import median
from typing import Final, NamedTuple

TOLERANCE: Final = 0.03
"""
So much slower does not matter yet.
"""

CHANCE: Final = 0.02
"""
How probable it may be that chance alone did it.
"""


class Pair(NamedTuple):
    """
    What was measured in one round.

    @ivar before: by the commit.
    @ivar now: by the working tree.
    """

    before: float
    now: float


class Verdict(NamedTuple):
    """
    What comes of all rounds.

    @ivar ratio: the median of now by before.
    @ivar least: the least of them.
    @ivar most: the greatest.
    @ivar chance: how probable it is that chance alone made as much of a difference, in this direction.
    """

    ratio: float
    least: float
    most: float
    chance: float

    @property
    def isSlower(self) -> bool:
        """
        Whether it has got slower by more than is tolerated, which chance hardly does.
        """
        return self.ratio > 1 + TOLERANCE and self.chance <= CHANCE

    @property
    def word(self) -> str:
        """
        The same for people.
        """
        if self.isSlower:
            return "SLOWER"
        if self.ratio < 1 - TOLERANCE and self.chance <= CHANCE:
            return "faster"
        return "unclear: more rounds would tell" if abs(self.ratio - 1) > TOLERANCE else "as before"


def judge(pairs: Sequence[Pair]) -> Verdict:
    """
    Judge what was measured.

    If nothing has changed, then in each round it is by chance which of the two was slower. So all ways in which the
    rounds could have gone are looked at, each with the same ratios or their inverses, and counted are those that make
    as much of a difference as was seen (a permutation test). With n rounds the least that can come of it is C{2 ** -n},
    when all of them say the same: it takes six of them at least.
    """
    logs = [log(pair.now / pair.before) for pair in pairs]
    seen = fsum(logs)
    # The greater, the rarer: whether slower or faster is looked at is decided by what was seen.
    signed = logs if seen >= 0 else [-value for value in logs]
    ways = [sum(map(mul, signs, signed)) for signs in product((1, -1), repeat=len(logs))]
    # Sums of the same numbers may differ in the last digit.
    chance = sum(way >= abs(seen) - 1e-12 for way in ways) / len(ways)
    ratios = [pair.now / pair.before for pair in pairs]
    return Verdict(median(ratios), min(ratios), max(ratios), chance)
