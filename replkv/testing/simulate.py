"""
What both tiers do about a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeVar

from replkv.testing import rare
from replkv.testing.contention import races
from replkv.testing.judge import Judge
from replkv.testing.linear.search import Undecided
from replkv.testing.outcome import Outcome, Violation
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace


class _Numbered(Protocol):
    @property
    def number(self) -> int:
        """
        Its number in the plan.
        """


_Part = TypeVar("_Part", bound=_Numbered)


class Simulated(Protocol):
    """
    A cluster that is simulated.
    """

    timeline: Timeline
    trace: Trace
    judge: Judge
    rare: Counter[str]


def only(parts: Iterable[_Part], numbers: Collection[int] | None) -> tuple[_Part, ...]:
    """
    The parts of a plan, faults or clients, that take part.

    @param numbers: theirs; C{None} for all.
    """
    return tuple(part for part in parts if numbers is None or part.number in numbers)


def carryOut(run: Callable[[], None], cluster: Simulated, outcome: Outcome) -> None:
    """
    Let a simulation run, and fill in what came of it.

    @param run: raises L{Violation} if the cluster broke a promise, and L{Undecided} if that cannot be told.
    """
    try:
        run()
    except (Violation, Undecided) as violation:
        outcome.violation = str(violation)
        cluster.trace.remark(cluster.timeline.seconds(), "judge", f"VIOLATION: {violation}")
    outcome.digest = cluster.trace.digest
    outcome.seconds = cluster.timeline.seconds()
    outcome.elections = cluster.judge.elections
    outcome.rare = cluster.rare + Counter({rare.RACE: races(outcome.history)})
