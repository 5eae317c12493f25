"""
Prints which planted bug is found by what, and in how many seeds: C{python -m tests.planted}.
"""

from __future__ import annotations

import sys

from tests.planted.table import HEADING, rows


def main() -> int:
    """
    Print the table.

    @return: the exit status: 1 if a bug was not found.
    """
    print(HEADING, flush=True)
    found = []
    for isFound, line in rows():
        print(line, flush=True)
        found.append(isFound)
    print(f"{len(found)} bugs, {sum(found)} found")
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
