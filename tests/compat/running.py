"""
Runs a suite.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.compat.suite import Call

ROOT: Final = Path(__file__).parents[2]
"""
The folder in which a suite runs that has none of its own.
"""

_POLL: Final = 0.1


def run(call: Call, log: Path, seconds: float, meanwhile: Callable[[], None]) -> str:
    """
    Run it, and end it when it takes too long.

    @param log: the file for what it prints.
    @param meanwhile: is called every now and then.
    @return: what it printed.
    """
    deadline = time.monotonic() + seconds
    with log.open("wb") as output:
        process = subprocess.Popen(
            call.command,
            cwd=call.folder or ROOT,
            env={**os.environ, **call.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # It may have processes of its own, which end with it.
            start_new_session=True,
        )
    try:
        while process.poll() is None and time.monotonic() < deadline:
            meanwhile()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return log.read_text(encoding="utf-8", errors="replace")
