"""
Server processes, and what they use.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

HOST: Final = "127.0.0.1"

_PATIENCE: Final = 60.0
_POLL: Final = 0.005
_END_PATIENCE: Final = 10.0
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


class NotReady(Exception):
    """
    Something that was waited for has not come.
    """


def freePorts(count: int) -> list[int]:
    """
    Find ports to listen on.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind((HOST, 0))
        return [free.getsockname()[1] for free in sockets]


def until(condition: Callable[[], bool], what: str) -> None:
    """
    Wait until something is so.

    @param what: what is waited for, in words.
    @raise NotReady: if it does not become so.
    """
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise NotReady(f"in {_PATIENCE:g} s it did not happen: {what}")
        time.sleep(_POLL)


def endWhenTold() -> None:
    """
    Have SIGTERM and SIGHUP end this process as Ctrl-C does: by an exception, so that its servers end too.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))


def start(
    command: Sequence[str | Path], folder: Path, log: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """
    Start a server in a folder.

    @param log: the name of the file for what it writes.
    """
    with (folder / log).open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            # Ctrl-C is for the bench, which then ends them.
            start_new_session=True,
        )


def end(processes: Sequence[subprocess.Popen[Any]]) -> None:
    """
    End processes, in order if they do so soon.
    """
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_PATIENCE)
        process.kill()
        process.wait()


def processorTime(pid: int) -> float:
    """
    The seconds of processor time that a process has had, by itself and for its system calls.
    """
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * _TICK


def memory(pid: int, name: str = "VmRSS") -> float:
    """
    The main memory that a process has, in MiB.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(f"{name}:"))
