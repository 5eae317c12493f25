"""
A wall clock that is wrong, and that can be set while its process runs.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from pathlib import Path
from typing import Final

_WRONG: Final = struct.Struct("=d")
_ROOT: Final = Path(__file__).parents[2]


class WallClock:
    """
    By how many seconds the wall clock of a process is wrong: in a file, which the process looks at all the time.
    """

    def __init__(self, path: Path) -> None:
        """
        @param path: the file; it is made.
        """
        self._path = path
        path.write_bytes(_WRONG.pack(0.0))

    def set(self, wrong: float) -> None:
        """
        Have it be wrong by so many seconds.
        """
        # In the same file, which is open elsewhere.
        with self._path.open("r+b") as file:
            file.write(_WRONG.pack(wrong))

    def program(self, rest: str) -> str:
        """
        A program for this Python that has this clock, and does C{rest}.
        """
        return (
            f"import sys; sys.path.append({str(_ROOT)!r}); from tests.faults.wallclock import install; "
            f"install({str(self._path)!r}); {rest}"
        )


def install(path: str) -> None:
    """
    Have this process's wall clock be wrong by what the file says, for all that is imported from now on.
    """
    assert "twisted" not in sys.modules, "it has taken the right clock already"
    with open(path, "rb") as file:
        shared = mmap.mmap(file.fileno(), _WRONG.size, access=mmap.ACCESS_READ)
    right = time.time

    def wrong() -> float:
        return right() + float(_WRONG.unpack(shared[:])[0])

    time.time = wrong
    time.time_ns = lambda: int(wrong() * 1_000_000_000)
