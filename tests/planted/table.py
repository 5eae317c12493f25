"""
The table of planted bugs: what finds each, and how soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from replkv.testing.sim.workers import cores, discardLogs
from tests.planted.bug import Bug, find
from tests.planted.bugs import BUGS

HEADING = f"{'bug':66} {'tier':7} {'seeds':>12}  found by"

_WIDTH = 70


def row(bug: Bug) -> tuple[bool, str]:
    """
    Search for a bug.

    @return: whether it was found, and the line for the table.
    """
    outcome = find(bug)
    if outcome is None:
        return False, f"{bug.name:66} {bug.tier:7}  NOT FOUND within {bug.seeds} seeds"
    assert outcome.violation is not None
    reason = outcome.violation.splitlines()[0]
    return True, f"{bug.name:66} {bug.tier:7} {outcome.seed + 1:4} of {bug.seeds:4}  {reason[:_WIDTH]}"


def _rowOf(number: int) -> tuple[bool, str]:
    return row(BUGS[number])


def rows() -> Iterator[tuple[bool, str]]:
    """
    Search for all bugs, as many at a time as there are processors.
    """
    # Servers with bugs complain a lot.
    with ProcessPoolExecutor(cores(), get_context("spawn"), discardLogs) as pool:
        # By number: what is patched into a process cannot be sent to it.
        yield from pool.map(_rowOf, range(len(BUGS)))
