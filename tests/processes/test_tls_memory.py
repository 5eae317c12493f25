"""
What clients with TLS cost in memory.
"""

from __future__ import annotations

import json
import ssl
from contextlib import ExitStack
from typing import Final

from replkv import Tls
from replkv.tlsfiles import SUGGESTED_TLS
from tests.processes.cluster import Cluster, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.small import CLIENT_BYTES
from tests.processes.test_memory import LARGE, MARGIN, oneSmallServer
from tests.processes.test_tls import certify

KIB: Final = 1 << 10

CONNECTION_BYTES: Final = 48 * KIB
"""
What a connection costs that is idle: OpenSSL has most of it.
"""

HISTORY_BYTES: Final = 40 * KIB
"""
What it costs beyond that if much has gone over it.
"""


async def protect(cluster: Cluster) -> ssl.SSLContext:
    """
    Have clients speak TLS, those of the cluster too.

    @return: by what others know the server.
    """
    await certify(cluster, "init")
    content = json.loads(cluster.config.read_text())
    cluster.config.write_text(json.dumps({**content, "ClientTls": SUGGESTED_TLS}))
    authority = str(cluster.config.parent / "tls" / "authority.pem")
    cluster.protect(Tls(authority))
    return ssl.create_default_context(cafile=authority)


@onReactor
async def test_connections(makeCluster: MakeCluster) -> None:
    """
    A connection costs little when it is idle, and not much more when it has once been busy: what OpenSSL takes for what
    comes and goes, it keeps.
    """
    cluster = makeCluster(1, MaxValueBytes=1000)
    tls = await protect(cluster)
    cluster.start()
    await cluster.put(b"k", b"v")
    server = cluster.servers[0]
    with ExitStack() as stack:
        before = server.memory()
        clients = [stack.enter_context(Conversation(server.clientPort, tls=tls)) for _ in range(600)]
        for client in clients:
            assert client.ask(b"get k\r\n") == b"VALUE 1\r\nv\r\n"
        idle = server.memory()
        assert idle - before < len(clients) * CONNECTION_BYTES
        for client in clients:
            client.send(b"set k 0 1000000\r\n" + bytes(1_000_000) + b"\r\n")  # Too large, so nothing is kept of it.
            assert client.reply() == b"ERRCMDERR\r\n"
            assert client.ask(b"get k\r\n") == b"VALUE 1\r\nv\r\n"
        assert server.memory() - idle < len(clients) * HISTORY_BYTES


@onReactor
async def test_unread(makeCluster: MakeCluster) -> None:
    """
    What clients leave unread is bounded as it is without TLS, for what is encrypted is no more than what was written.
    """
    cluster = makeCluster(1, MaxValueBytes=LARGE)
    tls = await protect(cluster)
    server = await oneSmallServer(cluster)
    with ExitStack() as stack:
        clients = [stack.enter_context(Conversation(server.clientPort, 4096, tls)) for _ in range(40)]
        used = [server.memory()]  # Some of what it needed to store them, it gives back only now.
        for client in clients:
            client.send(b"get large\r\n" * 4)
            used.append(server.memory())

        def isOver() -> bool:
            used.append(server.memory())
            return "does not read its replies" in server.logged()

        await until(isOver, "somebody is disconnected")
        assert CLIENT_BYTES // 2 < max(used) - min(used) < CLIENT_BYTES + MARGIN
        other = stack.enter_context(Conversation(server.clientPort, tls=tls))
        assert other.ask(b"get small\r\n") == b"VALUE 1\r\nv\r\n"
