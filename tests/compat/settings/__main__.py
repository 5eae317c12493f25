"""
Tries all settings with a server, and tells what came of each check.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

from tests.compat.settings import (
    celeryresults,
    djangocaches,
    dogpileregion,
    flasksessions,
    limitsstorage,
    made,
    toozlocks,
)

_MODULES: Final = (djangocaches, flasksessions, celeryresults, dogpileregion, toozlocks, limitsstorage)


def passes(check: Callable[[dict[str, Any]], None], settings: dict[str, Any]) -> bool:
    """
    Whether what is checked is so. Why not is printed.
    """
    try:
        check(settings)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return False
    return True


def main(port: int) -> int:
    """
    Try them.

    @return: the exit status.
    """
    wrong = 0
    for module in _MODULES:
        settings = made(module.SETTINGS, port)
        for check in module.CHECKS:
            passed = passes(check, settings)
            wrong += not passed
            name = f"{module.__name__.rpartition('.')[2]}.{check.__name__}"
            print("passed" if passed else "failed", name, flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
