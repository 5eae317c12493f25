"""
The table that all of it comes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

Figures = Mapping[str, Sequence[float]]
"""
By the name of a row, what was measured in each round.
"""


class Row(NamedTuple):
    """
    A row of the table.

    @ivar name: what its figures are, in words.
    @ivar unit: in what they are told.
    @ivar goal: what they are meant to be, in words.
    """

    name: str
    unit: str
    goal: str


def tableOf(rows: Sequence[Row], found: Mapping[str, Figures], ours: str) -> list[str]:
    """
    The medians, side by side, in Markdown.

    @param found: the figures of each system.
    @param ours: the system that the others are compared with.
    """
    others = [name for name in found if name != ours]
    lines = [_line("", ours, *others, "goal"), _line(*["---"] * (len(others) + 3))]
    for row in rows:
        figures = {name: median(each[row.name]) for name, each in found.items() if each.get(row.name)}
        if not figures:
            continue
        own = figures.get(ours)
        cells = ["-" if own is None else shown(own, row.unit)]
        for name in others:
            other = figures.get(name)
            ratio = f" ({own / other:.2f})" if own is not None and other else ""
            cells.append("-" if other is None else f"{shown(other, row.unit)}{ratio}")
        lines.append(_line(row.name, *cells, row.goal))
    return lines


def shown(value: float, unit: str) -> str:
    """
    A figure, to three digits or so.
    """
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{'' if unit == '/s' else ' ' + unit}".rstrip()


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
