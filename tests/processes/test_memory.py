"""
Clients and servers that stand in the way cost the others bounded memory, and nothing else.
"""

from __future__ import annotations

import signal
from typing import Final

from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation

MIB: Final = 1 << 20


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
