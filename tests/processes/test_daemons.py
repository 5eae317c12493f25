"""
Daemonized servers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes.cluster import PATIENCE, TWISTD, Cluster, onReactor, until
from tests.processes.conftest import MakeCluster


class Daemons:
    """
    Daemonizes servers, and ends them.
    """

    def __init__(self) -> None:
        self._pids: set[int] = set()

    def start(self, cluster: Cluster, serverId: int) -> subprocess.CompletedProcess[str]:
        """
        Start a server as an operator does, without a word about pid files and log files.
        """
        done = subprocess.run(
            [sys.executable, "-c", TWISTD, "replkv", "--id", str(serverId), "--config", str(cluster.config)],
            cwd=cluster.config.parent,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        with suppress(FileNotFoundError):
            self._pids.add(self.pid(cluster, serverId))
        return done

    def pid(self, cluster: Cluster, serverId: int) -> int:
        """
        The process of a server.
        """
        return int((cluster.servers[serverId].data / "server.pid").read_text())

    def close(self) -> None:
        """
        End those that have not ended.
        """
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def daemons() -> Iterator[Daemons]:
    """
    Daemons that end with the test.
    """
    made = Daemons()
    yield made
    made.close()


@onReactor
async def test_sideBySide(makeCluster: MakeCluster, daemons: Daemons) -> None:
    """
    Servers that are daemonized from one folder do not get into each other's way, and each has its own pid file and log
    file. A second one of the same id is refused, with C{-n} too, and the first goes on.
    """
    cluster = makeCluster(3)
    for serverId in cluster.servers:
        done = daemons.start(cluster, serverId)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    version = await cluster.put(b"k", b"v")
    # A daemon whose log file was moved away goes on in a new one, when it is told so.
    log = cluster.servers[0].data / "server.log"
    moved = log.rename(log.with_name("moved.log")).read_text()
    os.kill(daemons.pid(cluster, 0), signal.SIGHUP)
    await until(log.exists, "server 0 opens its log file again")
    assert "server 0 of cluster" in moved
    pids = {serverId: daemons.pid(cluster, serverId) for serverId in cluster.servers}
    assert len(set(pids.values())) == 3
    assert sorted(path.name for path in cluster.config.parent.iterdir()) == ["data", "servers.json"]

    again = daemons.start(cluster, 0)
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (1, "", 1)
    assert "server 0 is already running" in again.stderr
    cluster.start(0)
    assert await cluster.servers[0].ended() == 1
    assert [*cluster.servers[0].errors()] == [again.stderr.rstrip("\n")]
    assert daemons.pid(cluster, 0) == pids[0]

    for serverId, pid in pids.items():
        await cluster.applied(serverId, version)
        os.kill(pid, signal.SIGTERM)
        await until(lambda pid=pid: not isAlive(pid), f"server {serverId} ends")  # type: ignore[misc]
        assert f"server {serverId} has stopped" in (cluster.servers[serverId].data / "server.log").read_text()
        assert not (cluster.servers[serverId].data / "server.pid").exists()


@onReactor
async def test_leftOverPidFile(makeCluster: MakeCluster, daemons: Daemons) -> None:
    """
    The pid file of a daemon that was killed does not keep the next one from starting, though another process may have
    its number by now.
    """
    cluster = makeCluster(1)
    assert daemons.start(cluster, 0).returncode == 0
    pid = daemons.pid(cluster, 0)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not isAlive(pid), "the daemon ends")
    (cluster.servers[0].data / "server.pid").write_text(str(os.getpid()))
    again = daemons.start(cluster, 0)
    assert (again.returncode, again.stderr) == (0, "")
    assert await cluster.put(b"k", b"v")


def isAlive(pid: int) -> bool:
    """
    Whether there is a process of this number that has not ended.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
