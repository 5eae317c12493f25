"""
Servers whose system does not allow many open files.
"""

from __future__ import annotations

import socket

from tests.processes.cluster import HOST, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation

ALLOWED = 160


@onReactor
async def test_idleClients(makeCluster: MakeCluster) -> None:
    """
    Clients that connect and do nothing, more of them than there may be open files, at both ports, leave the server what
    it needs for the next segments of its log and the tables of its store. When they go, others are served.
    """
    cluster = makeCluster(1, MaxConnectionsPerAddress=1000)
    server = cluster.servers[0]
    server.openFiles = ALLOWED
    cluster.start()
    await cluster.put(b"k", b"v")
    idle = []
    with Conversation(server.clientPort) as writer:
        for _ in range(ALLOWED):
            idle += [socket.create_connection((HOST, port)) for port in (server.clientPort, server.logPort)]
        value = bytes(1 << 20)
        for _ in range(40):
            writer.send(b"set large 0 %d\r\n%b\r\n" % (len(value), value))
            assert writer.line().startswith(b"OK ")
        for connection in idle:
            connection.close()

        async def served() -> bool:
            with Conversation(server.clientPort) as late:
                late.send(b"get k\r\n")
                return late.line() == b"VALUE 1"

        await until(served, "a client is served")
    assert server.logged().count("and no more are taken") == 1
    assert server.logged().count("strangers?") == 1
