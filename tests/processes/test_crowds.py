"""
A server with more connections than it takes.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack

from tests.processes.cluster import HOST, Cluster, onReactor, until
from tests.processes.conftest import MakeCluster


def connected(port: int, source: str = HOST) -> socket.socket:
    """
    Connect from an address of this machine.
    """
    return socket.create_connection((HOST, port), timeout=60, source_address=(source, 0))


def status(cluster: Cluster) -> str:
    """
    What an operator on the servers' machine sees.
    """
    command = [sys.executable, "-m", "replkv", "status", "--config", str(cluster.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout


@onReactor
async def test_oneAddress(makeCluster: MakeCluster) -> None:
    """
    Idle connections from one address, more than a server takes, do not lock out clients from another one. When all
    places are taken, an operator on the same machine still sees how it is.
    """
    cluster = makeCluster(1, MaxConnections=80)
    server = cluster.servers[0]
    cluster.start()
    await cluster.put(b"k", b"v")
    with ExitStack() as stack:
        for _ in range(120):
            stack.enter_context(connected(server.clientPort))
        other = stack.enter_context(connected(server.clientPort, "127.0.0.2"))
        other.sendall(b"get k\r\n")
        assert other.recv(100) == b"VALUE 1\r\nv\r\n"
        assert "(MaxConnectionsPerAddress)" in server.logged()
        for _ in range(60):
            stack.enter_context(connected(server.clientPort, "127.0.0.2"))
        # Those of the crowd that have come last hold what is reserved, until they have gone for others.
        await until(lambda: "leader" in status(cluster), "the operator is told")
        await until(lambda: "(MaxConnections)" in server.logged(), "it is logged")
