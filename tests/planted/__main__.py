"""
Prints which planted bug is found by what, and in how many seeds: C{python -m tests.planted}.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator

from twisted.logger import globalLogBeginner

from tests.planted.bug import Bug, find
from tests.planted.bugs import BUGS

_WIDTH = 70


def _search(number: int) -> tuple[bool, str]:
    return row(BUGS[number])


def row(bug: Bug) -> tuple[bool, str]:
    """
    Search for a bug.

    @return: whether it was found, and the line for the table.
    """
    outcome = find(bug)
    if outcome is None:
        return False, f"{bug.name:60} {bug.tier:7}  NOT FOUND within {bug.seeds} seeds"
    assert outcome.violation is not None
    reason = outcome.violation.splitlines()[0]
    return True, f"{bug.name:60} {bug.tier:7} {outcome.seed + 1:4} of {bug.seeds:4}  {reason[:_WIDTH]}"


def rows(jobs: int) -> Iterator[tuple[bool, str]]:
    """
    Search for all bugs, several at a time.
    """
    with multiprocessing.get_context("spawn").Pool(jobs, _quiet) as pool:
        yield from pool.imap(_search, range(len(BUGS)))


def _quiet() -> None:
    # Servers with bugs complain a lot.
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)


def main() -> int:
    """
    Print the table.

    @return: the exit status: 1 if a bug was not found.
    """
    print(f"{'bug':60} {'tier':7} {'seeds':>12}  found by", flush=True)
    missed = 0
    for found, line in rows(multiprocessing.cpu_count()):
        print(line, flush=True)
        missed += not found
    print(f"{len(BUGS)} bugs, {len(BUGS) - missed} found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
