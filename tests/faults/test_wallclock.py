"""
Tests of wall clocks that are set while a process runs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.faults.wallclock import WallClock


def test_set(tmp_path: Path) -> None:
    """
    A process sees its clock jump when it is set, forwards and back, in all forms; nobody else does, and the clock that
    only goes forward does not.
    """
    clock = WallClock(tmp_path / "clock")
    look = "import time; [print(time.time(), time.time_ns(), time.monotonic(), flush=True) for line in sys.stdin]"
    with subprocess.Popen(
        [sys.executable, "-c", clock.program(look)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for wrong in (0.0, 3600.0, -3600.0):
            clock.set(wrong)
            process.stdin.write(b"\n")
            process.stdin.flush()
            before, line, after = time.time(), process.stdout.readline().split(), time.time()
            # It may have been asked, and have answered, long before that is read here.
            assert before - 60 <= float(line[0]) - wrong <= after
            assert before - 60 <= int(line[1]) / 1e9 - wrong <= after
            assert abs(float(line[2]) - time.monotonic()) < 60
        process.stdin.close()
