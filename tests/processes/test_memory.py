"""
Clients and servers that stand in the way cost the others bounded memory, and nothing else.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import Final

from tests.processes.cluster import Cluster, ServerProcess, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.small import CLIENT_BYTES, WAITING_BYTES, program

MIB: Final = 1 << 20

LARGE: Final = 8 * MIB
"""
Of what is as large as that, the system takes a part only.
"""

MARGIN: Final = 48 * MIB
"""
What a process may have beyond what is counted: connections, what is on its way through the node, and what its allocator
keeps.
"""


async def oneSmallServer(cluster: Cluster) -> ServerProcess:
    """
    Start the server of a cluster of one, which has small limits, and store a large value and a small one.
    """
    server = cluster.servers[0]
    server.program = program(server.program)
    cluster.start()
    for _ in range(3):  # So that what it needs to serve them is not counted.
        await cluster.put(b"large", bytes(LARGE))
    await cluster.put(b"small", b"v")
    return server


@onReactor
async def test_oneReplyEach(makeCluster: MakeCluster) -> None:
    """
    Clients that do not read one large reply each have no more in memory than all may have, in the transports too. Long
    replies are refused then, and short ones are not; until a moment later those go that have taken nothing.
    """
    server = await oneSmallServer(makeCluster(1, MaxValueBytes=LARGE))
    before = server.memory()
    with ExitStack() as stack:
        clients = [stack.enter_context(Conversation(server.clientPort, 4096)) for _ in range(40)]
        for client in clients:
            client.send(b"get large\r\n")
        begun = [client.begins() for client in clients]
        assert server.memory() - before < CLIENT_BYTES + MARGIN
        assert begun.count(b"ERR_INTERNAL\r\n") >= 20, begun
        other = stack.enter_context(Conversation(server.clientPort))
        assert other.ask(b"get small\r\n") == b"VALUE 1\r\nv\r\n"
        assert other.ask(b"get large\r\n") == b"ERR_INTERNAL\r\n"
        await until(lambda: len(other.ask(b"get large\r\n")) > LARGE, "another client is served")


@onReactor
async def test_whoNeverReadsIsDisconnected(makeCluster: MakeCluster) -> None:
    """
    A client that takes nothing of what waits for it is disconnected, one that reads slowly is not, and nor is one that
    has nothing to read.
    """
    cluster = makeCluster(1, MaxValueBytes=LARGE, UnreadTimeoutMs=1000)
    server = await oneSmallServer(cluster)
    with ExitStack() as stack:
        never, idle = (stack.enter_context(Conversation(server.clientPort, 4096)) for _ in range(2))
        assert idle.ask(b"get small\r\n") == b"VALUE 1\r\nv\r\n"
        never.send(b"get large\r\n" * 8)
        await until(lambda: "does not read its replies" in server.logged(), "it is disconnected")
        assert idle.ask(b"get small\r\n") == b"VALUE 1\r\nv\r\n"
        assert await cluster.number(0, "connections") == 2


@onReactor
async def test_unfinishedValues(makeCluster: MakeCluster) -> None:
    """
    Clients that stop in the middle of large values have no more in memory than all may have, and those that send theirs
    whole are served.
    """
    server = await oneSmallServer(makeCluster(1, MaxValueBytes=LARGE))
    before = server.memory()
    with ExitStack() as stack:
        clients = [stack.enter_context(Conversation(server.clientPort)) for _ in range(250)]
        for number, client in enumerate(clients):
            client.send(b"set large 0 %d\r\n" % MIB + bytes(MIB - 1))
            if number % 25 == 0:
                client.send(b"\0\r\n")
                assert client.reply().startswith(b"OK "), number
        # Were there no limit, that would be 250 MiB.
        assert server.memory() - before < CLIENT_BYTES + 2 * MARGIN
        clients[1].send(b"\0\r\nget small\r\n")
        assert (clients[1].reply(), clients[1].reply()) == (b"ERR_INTERNAL\r\n", b"VALUE 1\r\nv\r\n")


@onReactor
async def test_waitingCommands(makeCluster: MakeCluster) -> None:
    """
    Clients whose commands wait, and that send more, have no more in memory than all may have, but for little of each.
    Were each to have what is read at once, that would be 50 MiB.
    """
    cluster = makeCluster(2, LeaderWaitMs=600_000, RequestTimeoutMs=600_000)
    server = cluster.servers[0]
    server.program = program(server.program)
    cluster.start(0)  # It has nobody to lead or to follow.
    await server.listening()
    with ExitStack() as stack:
        clients = [stack.enter_context(Conversation(server.clientPort)) for _ in range(800)]
        for client in clients:
            assert client.ask(b"version\r\n")
        before = server.memory()
        for client in clients:
            client.send(b"get small\r\n" * 10_000)
        assert await cluster.number(0, "pending") >= len(clients)
        assert server.memory() - before < WAITING_BYTES + 24 * MIB


@onReactor
async def test_clientsThatNeverRead(makeCluster: MakeCluster) -> None:
    """
    Clients that ask for large values without end, and read nothing, are not served beyond what may be pending. Were
    each to have what it asks for, or only the 128 commands that may be pending, that would be 128 MiB for each.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.put(b"large", bytes(MIB))
    server = cluster.servers[await cluster.leader()]
    before = server.memory()
    with Conversation(server.clientPort) as first, Conversation(server.clientPort) as second:
        for conversation in (first, second):
            assert conversation.flood(b"get large\r\n" * 1000, 64 * MIB) < 64 * MIB
        for number in range(100):
            await cluster.put(b"k%d" % number, b"v")
        assert server.memory() - before < 96 * MIB


@onReactor
async def test_clientsThatPauseInAValue(makeCluster: MakeCluster) -> None:
    """
    Clients that send the most part of a large value and then nothing more keep no one from being served.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.put(b"k", b"v")
    server = cluster.servers[await cluster.leader()]
    conversations = [Conversation(server.clientPort) for _ in range(20)]
    for conversation in conversations:
        conversation.send(b"set large 0 %d\r\n" % MIB + bytes(MIB - 1))
    await cluster.put(b"k", b"v")
    for conversation in conversations:
        conversation.send(b"\0\r\n")
        assert conversation.reply().split()[0] in (b"OK", b"ERR_REDIRECT", b"ERR_INTERNAL")
        conversation.close()


@onReactor
async def test_pausedFollower(makeCluster: MakeCluster) -> None:
    """
    What is written while a follower is stopped is not kept in memory for it. When it goes on, it catches up.
    """
    cluster = makeCluster(3)
    cluster.start()
    # As much as fills the caches and the store's buffers.
    await cluster.fill(count=64 * 16, size=MIB // 16, keys=16)
    leader = await cluster.leader()
    follower = cluster.servers[(leader + 1) % 3]
    before = cluster.servers[leader].memory()
    follower.signal(signal.SIGSTOP)
    version = await cluster.fill(count=128 * 16, size=MIB // 16, keys=16)
    assert cluster.servers[leader].memory() - before < 64 * MIB
    follower.signal(signal.SIGCONT)
    await cluster.applied(follower.id, version)
    assert follower.memory() < before + 64 * MIB
