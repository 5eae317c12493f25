"""
A known way to get it wrong, and the search for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

from replkv.testing.outcome import Outcome
from replkv.testing.tiers import TIERS, Simulate

_MISFITS = ("AttributeError", "NameError", "TypeError", "UnboundLocalError")
"""
What a patch breaks that does not fit the code any more. To notice that is not to find the bug.
"""


_KNOWN: Final = Path(__file__).with_name("seeds.json")
"""
The seeds that found the bugs the last time that all were searched for. Where such a seed does not find its bug any
more, since the simulation draws something else from it now, it does no harm.
"""


class Patch(NamedTuple):
    """
    What is replaced in the running code.

    @ivar owner: a class or a module.
    @ivar name: the name that gets another value in it.
    """

    owner: Any
    name: str
    value: Any


@dataclass(frozen=True)
class Bug:
    """
    @ivar name: what is done wrong.
    @ivar tier: the tier that has to find it.
    @ivar seeds: within how many seeds, from 0 on.
    @ivar patches: how it is done wrong.
    """

    name: str
    tier: str
    seeds: int
    patches: tuple[Patch, ...]

    @property
    def simulate(self) -> Simulate:
        """
        The simulation of its tier.
        """
        return TIERS[self.tier].simulate


def find(bug: Bug, first: Iterable[int] = ()) -> Outcome | None:
    """
    Plant a bug, and run seed after seed until one of them fails.

    @param first: the seeds that are tried before all others.
    @return: what came of that seed; C{None} if none fails within as many seeds as are allowed.
    """
    with ExitStack() as planted:
        for owner, name, value in bug.patches:
            planted.enter_context(mock.patch.object(owner, name, value))
        for seed in (*first, *range(bug.seeds)):
            outcome = bug.simulate(seed)
            if outcome.violation is not None:
                misfit = [word for word in _MISFITS if word in outcome.violation]
                assert not misfit, f"the patch of {bug.name!r} does not fit the code:\n{outcome.violation}"
                return outcome
    return None


def knownSeeds() -> dict[str, int]:
    """
    The seeds that have found bugs, by the bugs' names.
    """
    known: dict[str, int] = json.loads(_KNOWN.read_text(encoding="utf-8"))
    return known


def rememberSeeds(seeds: Mapping[str, int]) -> None:
    """
    Have L{knownSeeds} know these.
    """
    _KNOWN.write_text(json.dumps(dict(sorted(seeds.items())), indent=4) + "\n", encoding="utf-8")
