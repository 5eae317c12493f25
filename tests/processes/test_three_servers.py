"""
Three servers, talked to by hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes.cluster import ServerProcess, onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation

CALM = {"HeartbeatMs": 100, "ElectionTimeoutMs": 1000, "LeaderWaitMs": 60_000, "RequestTimeoutMs": 60_000}
"""
Settings with which a host would have to be very slow to see another election than the first.
"""


@onReactor
async def test_session(makeCluster: MakeCluster) -> None:
    """
    Server 0 leads first, so that C{telnet localhost 9000} works as a newcomer expects, and carries out all
    commands. The other servers send each of them there, and take in its value.
    """
    cluster = makeCluster(3, **CALM)
    cluster.start()
    leader = await cluster.leader()
    assert leader == 0
    with Conversation(cluster.servers[leader].clientPort) as conversation:
        assert conversation.ask(b"get k\r\n") == b"ERRNOTFOUND\r\n"
        stored = conversation.ask(b"set k 0 5\r\na\r\nb\0\r\n")
        version = int(stored.removeprefix(b"OK "))
        assert conversation.ask(b"get k\r\n") == b"VALUE 5\r\na\r\nb\0\r\n"
        assert conversation.ask(b"getm k\r\n") == b"VALUE %d 0 5\r\na\r\nb\0\r\n" % version
        assert conversation.ask(b"cas k 0 %d 1\r\nx\r\n" % (version + 1)) == b"ERR_VERSION\r\n"
        newer = int(conversation.ask(b"cas k 100 %d 1\r\nx\r\n" % version).removeprefix(b"OK "))
        assert newer > version
        assert conversation.ask(b"getm k\r\n").startswith(b"VALUE %d " % newer)
        assert conversation.ask(b"touch k 0\r\n") == b"TOUCHED\r\n"
        touched, left = conversation.ask(b"getm k\r\n").split(b" ")[1:3]
        assert int(touched) > newer
        assert left == b"0"
        assert conversation.ask(b"add k 0 1\r\nx\r\n") == b"ERR_EXISTS\r\n"
        replaced = int(conversation.ask(b"replace k 0 1\r\n8\r\n").removeprefix(b"OK "))
        assert conversation.ask(b"append k 1\r\n9\r\n").startswith(b"OK ")
        assert conversation.ask(b"prepend k 1\r\n7\r\n").startswith(b"OK ")
        assert conversation.ask(b"incr k 1\r\n").endswith(b" 790\r\n")
        assert conversation.ask(b"decr k 800\r\n").endswith(b" 0\r\n")
        assert conversation.ask(b"cad k %d\r\n" % replaced) == b"ERR_VERSION\r\n"
        # All at once, the replies in the order of the commands.
        conversation.send(
            b"set k 0 1\r\ny\r\nget k\r\ndelete k\r\ntouch k 9\r\ndelete k\r\nset k 0 1 noreply\r\nz\r\nget k\r\n"
        )
        assert conversation.reply().startswith(b"OK ")
        assert [conversation.reply() for _ in range(5)] == [
            b"VALUE 1\r\ny\r\n",
            b"DELETED\r\n",
            b"ERRNOTFOUND\r\n",
            b"ERRNOTFOUND\r\n",
            b"VALUE 1\r\nz\r\n",
        ]
    redirect = b"ERR_REDIRECT 127.0.0.1 %d\r\n" % cluster.servers[leader].clientPort
    for serverId in cluster.servers.keys() - {leader}:
        with Conversation(cluster.servers[serverId].clientPort) as conversation:
            conversation.send(
                b"get k\r\ngetm k\r\nset k 0 8\r\ndelete k\r\ncas k 0 1 8\r\ndelete k\r\n"
                b"delete k\r\ntouch k 1\r\nversion\r\n"
            )
            assert [conversation.reply() for _ in range(6)] == [redirect] * 6
            assert conversation.reply().startswith(b"VERSION ")
    with Conversation(cluster.servers[leader].clientPort) as conversation:
        assert conversation.ask(b"get k\r\n") == b"VALUE 1\r\nz\r\n"


@onReactor
async def test_leaderAwaited(makeCluster: MakeCluster) -> None:
    """
    A server that knows no leader yet keeps a command until there is one, and then answers or redirects it.
    """
    cluster = makeCluster(3, **CALM)
    cluster.start(0)
    await cluster.servers[0].listening()
    with Conversation(cluster.servers[0].clientPort) as conversation:
        conversation.send(b"set k 0 1\r\nx\r\n")
        cluster.start(1)
        reply = conversation.reply()
    assert reply.startswith((b"OK ", b"ERR_REDIRECT 127.0.0.1 %d" % cluster.servers[1].clientPort))


@pytest.mark.parametrize("size", [1, 2, 5])
@onReactor
async def test_sizes(makeCluster: MakeCluster, size: int) -> None:
    """
    A cluster of any size elects, answers, and has every server hold what was written.
    """
    cluster = makeCluster(size)
    cluster.start()
    version = await cluster.put(b"k", b"v")
    for serverId in cluster.servers:
        await cluster.applied(serverId, version)
        assert await cluster.number(serverId, "keys") == 1


@onReactor
async def test_listensOnLoopbackOnly(makeCluster: MakeCluster) -> None:
    """
    Servers listen on the address of their own host name and on no other.
    """
    cluster = makeCluster(1)
    cluster.start()
    await cluster.leader()
    server = cluster.servers[0]
    ports = (server.clientPort, server.logPort)
    addresses = {(address, port) for address, port in listeningSockets(server) if port in ports}
    # 127.0.0.1, in the byte order in which the system lists it.
    assert addresses == {("0100007F", server.clientPort), ("0100007F", server.logPort)}


def listeningSockets(server: ServerProcess) -> set[tuple[str, int]]:
    """
    The addresses, in hexadecimal, and the ports that are listened on, as the server's system lists them.
    """
    tables = [Path(f"/proc/{server.process.pid}/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    found = set()
    for line in tables[0] + tables[1]:
        _, local, _, state, *_ = line.split()
        if state == "0A":
            address, _, port = local.partition(":")
            found.add((address, int(port, 16)))
    return found
