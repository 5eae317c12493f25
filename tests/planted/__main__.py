"""
Prints which planted bug is found by what, and in how many seeds, and has the tests try those seeds first: C{python -m
tests.planted}.
"""

from __future__ import annotations

import sys

from replkv.build import IS_COMPILED
from tests.planted.bug import rememberSeeds
from tests.planted.table import HEADING, rows


def main() -> int:
    """
    Print the table, and remember what was found.

    @return: the exit status: 1 if a bug was not found.
    """
    if IS_COMPILED:
        print("bugs are planted into pure Python, and replkv is compiled here", file=sys.stderr)
        return 1
    print(HEADING, flush=True)
    seeds, missing = {}, 0
    for bug, seed, line in rows():
        print(line, flush=True)
        if seed is None:
            missing += 1
        else:
            seeds[bug] = seed
    rememberSeeds(seeds)
    print(f"{len(seeds)} bugs found, {missing} not found")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
