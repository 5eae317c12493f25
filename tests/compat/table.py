"""
What is told of all suites in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.compat.outcome import Outcome, State

_FEW: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    """
    A suite, and what came of it.

    @ivar title: its name and version.
    @ivar expected: what came of it at memcached.
    @ivar found: what came of it at each place of replkv where it was run.
    """

    title: str
    expected: Outcome
    found: Mapping[str, Outcome]

    @property
    def lacking(self) -> dict[str, list[str]]:
        """
        The tests that failed where they should not, for each place that has such.
        """
        lacks = {place: outcome.lacks(self.expected) for place, outcome in self.found.items()}
        return {place: names for place, names in lacks.items() if names}

    @property
    def isEmpty(self) -> bool:
        """
        Whether it proves nothing, since nothing passed at memcached.
        """
        return not self.expected.count(State.PASSED)


def tableOf(rows: Sequence[Row], first: str, places: Sequence[str]) -> list[str]:
    """
    Lines of Markdown: how many tests of each suite passed where, and which did not.

    @param first: the heading of the column for memcached.
    """
    lines = [f"| passed | {first} | {' | '.join(places)} |", "| --- |" + " --- |" * (len(places) + 1)]
    for row in rows:
        cells = [_cell(row.expected), *(_cell(row.found.get(place)) for place in places)]
        lines.append(f"| {row.title} | {' | '.join(cells)} |")
    failures = [f"- {row.title}, {place}: {_some(names)}" for row in rows for place, names in row.lacking.items()]
    failures += [f"- {row.title}: nothing passed at {first}" for row in rows if row.isEmpty]
    return [*lines, "", *failures] if failures else lines


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    unsure = outcome.count(State.UNSURE)
    return f"{outcome.count(State.PASSED)}, {unsure} unsure" if unsure else str(outcome.count(State.PASSED))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown
