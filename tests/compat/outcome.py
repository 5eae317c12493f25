"""
What has come of a suite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """
    How a test ended.

    @cvar UNSURE: it was told that something may have been done or not, as is right when a leader dies, and gave up.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How each test of a suite ended. One of which nothing was told, since the suite ended before, is not among them.

    @ivar tests: them, by their names.
    """

    tests: Mapping[str, State]

    def count(self, state: State) -> int:
        """
        How many tests ended so.
        """
        return list(self.tests.values()).count(state)

    def lacks(self, other: Outcome) -> list[str]:
        """
        The tests that passed there, and neither did so here nor were right to be unsure.
        """
        passed = [name for name, state in other.tests.items() if state is State.PASSED]
        return sorted(name for name in passed if self.tests.get(name) not in (State.PASSED, State.UNSURE))


def worst(told: Mapping[str, list[State]]) -> Outcome:
    """
    Make one of several states of each test: what failed once has failed.
    """
    rank = [State.FAILED, State.PASSED, State.SKIPPED]
    return Outcome({name: min(states, key=rank.index) for name, states in told.items()})
