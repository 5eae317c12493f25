"""
What many runs come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from replkv.testing.history import Status
from replkv.testing.outcome import Outcome

_STATUSES = {Status.OK.value: "ok", Status.FAILED.value: "failed", Status.UNKNOWN.value: "unknown"}


class Run(NamedTuple):
    """
    What of an L{Outcome} is worth keeping when there are thousands of them: all but the history.

    @ivar operations: how many operations ended with each status.
    @ivar rest: the other attributes are the outcome's.
    """

    seed: int
    violation: str | None = None
    digest: str = ""
    seconds: float = 0.0
    injected: Mapping[str, int] = {}
    elections: int = 0
    rare: Mapping[str, int] = {}
    operations: Mapping[str, int] = {}

    @classmethod
    def of(cls, outcome: Outcome) -> Run:
        """
        What is kept of an outcome.
        """
        return cls(
            seed=outcome.seed,
            violation=outcome.violation,
            digest=outcome.digest,
            seconds=outcome.seconds,
            injected=outcome.injected,
            elections=outcome.elections,
            rare=outcome.rare,
            operations=Counter(operation.status.value for operation in outcome.history.operations),
        )


class Summary:
    """
    Adds runs up.

    @ivar runs: how many.
    @ivar failing: those that failed.
    """

    def __init__(self, required: Collection[str] = ()) -> None:
        """
        @param required: the rare things that have to happen.
        """
        self.runs = 0
        self.failing: list[Run] = []
        self._seconds = 0.0
        self._elections = 0
        self._operations: Counter[str] = Counter()
        self._injected: Counter[str] = Counter()
        self._rare: Counter[str] = Counter(dict.fromkeys(required, 0))
        self._required = sorted(required)
        self._digests = 0

    def add(self, run: Run) -> None:
        """
        Add one.
        """
        self.runs += 1
        if run.violation is not None:
            self.failing.append(run)
        self._seconds += run.seconds
        self._elections += run.elections
        self._operations.update(run.operations)
        self._injected.update(run.injected)
        self._rare.update(run.rare)
        if run.digest:
            self._digests += int(run.digest, 16)

    @property
    def neverSeen(self) -> list[str]:
        """
        The rare things that had to happen and never did.
        """
        return [name for name in self._required if not self._rare[name]]

    def lines(self) -> Iterator[str]:
        """
        The sums, for a person.
        """
        judged = ", ".join(f"{self._operations[status]:,} {word}" for status, word in _STATUSES.items())
        yield f"simulated time       {_duration(self._seconds)}"
        yield f"operations judged    {self._operations.total():,} ({judged})"
        yield f"elections            {self._elections:,}"
        yield f"faults injected      {self._injected.total():,}"
        yield from _table(self._injected)
        yield f"rare things seen     {self._rare.total():,}"
        yield from _table(self._rare)
        # Of all runs, in whatever order they ended: it is the same where each of them went the same way.
        yield f"digest               {self._digests % 2**128:032x}"


def firstLine(violation: str | None) -> str:
    """
    What stopped a run that failed.
    """
    return (violation or "").partition("\n")[0]


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} hours" if seconds >= 3600 else f"{seconds:.1f} seconds"


def _table(counts: Mapping[str, int]) -> Iterator[str]:
    for name, count in sorted(counts.items()):
        yield f"  {count:>9,}  {name}"
