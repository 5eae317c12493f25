"""
Servers that are told to stop, and start again.
"""

from __future__ import annotations

import signal
from pathlib import Path

from tests.processes.cluster import TWISTD, onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.workload import underLoad


@onReactor
async def test_stopsCleanly(makeCluster: MakeCluster) -> None:
    """
    A server that gets SIGTERM answers what it has accepted, closes, says nothing on its standard error and exits with
    0. When it is started again, all is there.
    """
    cluster = makeCluster(1)
    cluster.start()
    server = cluster.servers[0]
    await cluster.leader()
    with Conversation(server.clientPort) as conversation:
        assert conversation.ask(b"set k 0 1\r\nx\r\n").startswith(b"OK ")
        conversation.send(b"".join(b"set k%d 0 100\r\n%b\r\n" % (number, bytes(100)) for number in range(1000)))
        assert conversation.reply().startswith(b"OK ")
        server.signal(signal.SIGTERM)
        replies = conversation.rest().splitlines()
    assert await server.ended() == 0
    assert server.errors() == []
    assert all(reply.startswith(b"OK ") for reply in replies)
    server.start()
    await cluster.leader()
    with Conversation(server.clientPort) as conversation:
        for number, reply in enumerate(replies, 1):
            assert conversation.ask(b"getm k%d\r\n" % number).startswith(b"VALUE %b 0 100\r\n" % reply.split()[1])


@onReactor
async def test_stopsUnderLoad(makeCluster: MakeCluster) -> None:
    """
    Each server of three in turn is told to stop under load, and started again: it exits with 0, and nothing is lost.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    for serverId, server in cluster.servers.items():
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
        assert server.errors() == []
        await load.goesOn()
        server.start()
        await cluster.applied(serverId, load.newest)
    await load.finish()


@onReactor
async def test_stopsWithoutMajority(makeCluster: MakeCluster) -> None:
    """
    A server that cannot have its commands carried out any more tells so when it is stopped, and exits with 0.
    """
    cluster = makeCluster(2, LeaderWaitMs=200)
    cluster.start()
    leader = await cluster.leader()
    cluster.servers[1 - leader].signal(signal.SIGSTOP)
    server = cluster.servers[leader]
    with Conversation(server.clientPort) as conversation:
        # A connection is not the server's before it has accepted it.
        assert conversation.ask(b"version\r\n").startswith(b"VERSION ")
        conversation.send(b"set k 0 1\r\nx\r\nget k\r\n")
        server.signal(signal.SIGTERM)
        assert set(conversation.rest().splitlines()) <= {b"ERR_INTERNAL"}
    assert await server.ended() == 0
    assert server.errors() == []


@onReactor
async def test_interruptedWhileLoading(makeCluster: MakeCluster, tmp_path: Path) -> None:
    """
    A Ctrl-C that comes while Twisted loads plugins ends a server, though it is taken for a fault of a plugin.
    """
    plugins = tmp_path / "twisted" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "interrupted.py").write_text("raise KeyboardInterrupt\n")
    cluster = makeCluster(1)
    server = cluster.servers[0]
    # Someone may run these tests with SIGINT ignored, as nohup has it.
    heeded = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    server.program = f"{heeded}sys.path.insert(0, {str(tmp_path)!r}); {TWISTD}"
    server.start()
    assert await server.ended() == -signal.SIGINT
