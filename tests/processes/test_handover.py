"""
Servers whose leader hands over.
"""

from __future__ import annotations

import signal
import subprocess
import sys

from twisted.internet.threads import deferToThread

from tests.processes.cluster import Cluster, onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.workload import underLoad


@onReactor
async def test_rollingRestart(makeCluster: MakeCluster) -> None:
    """
    Each server of three is stopped and started again under load, the leader of the moment first. Nothing is lost, and
    of no write its client does not know what came.
    """
    cluster = makeCluster(3, ElectionTimeoutMs=2000, HeartbeatMs=200)
    load = await underLoad(cluster)
    for _ in range(3):
        server = cluster.servers[await cluster.leader()]
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
        await load.goesOn()
        server.start()
        await cluster.applied(server.id, load.newest)
    await load.finish()
    assert load.lost == []


def transfer(cluster: Cluster, to: int) -> subprocess.CompletedProcess[str]:
    """
    Carry out C{replkv transfer}.
    """
    command = [sys.executable, "-m", "replkv", "transfer", "--config", str(cluster.config), "--to", str(to)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@onReactor
async def test_transfer(makeCluster: MakeCluster) -> None:
    """
    C{replkv transfer} has the server lead that is named, or says in one line why not.
    """
    cluster = makeCluster(3)
    cluster.start()
    leader = await cluster.leader()
    to = (leader + 1) % 3
    done = await deferToThread(transfer, cluster, to)
    assert (done.returncode, done.stdout) == (0, f"server {to} leads\n")
    assert await cluster.leader() == to
    again = await deferToThread(transfer, cluster, to)
    assert (again.returncode, again.stdout) == (0, f"server {to} leads already\n")
    wrong = await deferToThread(transfer, cluster, 7)
    assert (wrong.returncode, wrong.stdout) == (3, "")
    assert wrong.stderr == f"replkv: server {to} leads on: there is no server 7\n"
    cluster.servers[leader].kill()
    refused = await deferToThread(transfer, cluster, leader)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith(f"replkv: server {to} leads on: ")
