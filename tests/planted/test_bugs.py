"""
The simulator finds the planted bugs.
"""

from __future__ import annotations

from functools import cache

import pytest

from replkv.testing.tiers import TIERS
from tests.compiled import requireReplaceable
from tests.planted.bug import Bug, find, knownSeeds
from tests.planted.bugs import BUGS

KNOWN = knownSeeds()

SLICE = [bug for bug in BUGS if bug.tier == "core"]
"""
A seed of whole servers takes a second or two: the bugs that need them are for C{make planted}.
"""


@cache
def isClean(tier: str, seed: int) -> bool:
    """
    Whether a seed finds nothing wrong without any bug. Half of the bugs are found by the first seed.
    """
    return TIERS[tier].simulate(seed).violation is None


@pytest.mark.parametrize("bug", SLICE, ids=lambda bug: bug.name)
def test_found(bug: Bug) -> None:
    """
    It takes no more seeds than are allowed, of a simulation that finds nothing wrong without the bug. The seed that
    found it the last time is tried first; how soon it is found without that, C{make planted} tells.
    """
    requireReplaceable(*(patch.owner for patch in bug.patches))
    outcome = find(bug, first=[seed for name, seed in KNOWN.items() if name == bug.name])
    assert outcome is not None, f"{bug.seeds} seeds of the {bug.tier} tier have found nothing"
    assert isClean(bug.tier, outcome.seed), "without the bug it fails too"


def test_knownSeeds() -> None:
    """
    The seeds that are tried first are for bugs that there are, and within what is allowed.
    """
    allowed = {bug.name: bug.seeds for bug in BUGS}
    assert [name for name, seed in KNOWN.items() if seed >= allowed.get(name, 0)] == []
