"""
The table of planted bugs: what finds each, and how soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from replkv.testing.sim.workers import cores, discardLogs
from tests.planted.bug import Bug, find
from tests.planted.bugs import BUGS

HEADING = f"{'bug':66} {'tier':7} {'seeds':>12}  found by"

_WIDTH = 70


class Row(NamedTuple):
    """
    What came of the search for a bug.

    @ivar bug: its name.
    @ivar seed: the seed that found it, if any did.
    @ivar line: the line for the table.
    """

    bug: str
    seed: int | None
    line: str


def row(bug: Bug) -> Row:
    """
    Search for a bug.
    """
    try:
        outcome = find(bug)
    except AssertionError as misfit:
        # The others are searched for all the same: that takes long.
        return Row(bug.name, None, f"{bug.name:66} {bug.tier:7}  {misfit}")
    if outcome is None:
        return Row(bug.name, None, f"{bug.name:66} {bug.tier:7}  NOT FOUND within {bug.seeds} seeds")
    assert outcome.violation is not None
    reason = outcome.violation.splitlines()[0]
    line = f"{bug.name:66} {bug.tier:7} {outcome.seed + 1:4} of {bug.seeds:4}  {reason[:_WIDTH]}"
    return Row(bug.name, outcome.seed, line)


def _rowOf(number: int) -> Row:
    return row(BUGS[number])


def rows() -> Iterator[Row]:
    """
    Search for all bugs, as many at a time as there are processors.
    """
    # Servers with bugs complain a lot.
    with ProcessPoolExecutor(cores(), get_context("spawn"), discardLogs) as pool:
        # By number: what is patched into a process cannot be sent to it.
        yield from pool.map(_rowOf, range(len(BUGS)))
