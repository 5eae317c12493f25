"""
C{replkv cluster} whose terminal goes away.
"""

from __future__ import annotations

import os
import pty
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

import pytest

from tests.processes.cluster import heedSignals, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.test_daemons import isAlive

REPLKV = "import sys; from replkv.cli.console import main; sys.exit(main())"

MAKE = """
import signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
sys.exit(subprocess.call(sys.argv[1:]))
"""
"""
Runs a command as make does, which has the end of the terminal told to itself alone where a terminal has been opened for
it, waits for the command, and ends as that does.
"""


@pytest.mark.parametrize("parent", [(), (sys.executable, "-c", MAKE)], ids=["alone", "make"])
@onReactor
async def test_terminalGone(makeCluster: MakeCluster, parent: Sequence[str]) -> None:
    """
    When its terminal is closed, all servers are stopped, and the process ends as if it had been asked to.
    """
    cluster = makeCluster(1)
    command = [*parent, sys.executable, "-c", REPLKV, "cluster", "--config", str(cluster.config)]
    pid, terminal = pty.fork()
    if not pid:
        heedSignals()
        os.chdir(cluster.config.parent)
        os.execv(command[0], command)
    try:
        told = b""
        while b"leads" not in told:
            told += os.read(terminal, 4096)
    finally:
        os.close(terminal)
    status: list[int] = []

    def ended() -> bool:
        status[:] = os.waitpid(pid, os.WNOHANG)
        return bool(status[0])

    server = int(told.partition(b"(pid ")[2].partition(b")")[0])
    try:
        await until(ended, "replkv cluster ends")
        assert os.waitstatus_to_exitcode(status[1]) == 0
        assert not isAlive(server)
    except BaseException:
        for left in (pid, server):
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        raise
