"""
Servers that stand still for a while, as on a host that swaps or a machine that is moved.
"""

from __future__ import annotations

import signal

from tests.processes.cluster import onReactor, surely
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.workload import underLoad


@onReactor
async def test_pausedLeader(makeCluster: MakeCluster) -> None:
    """
    A leader that is stopped under load is replaced. When it goes on, it does not answer what was sent to it meanwhile
    from what it then held to be true: no read is stale, and no write is answered as done and lost.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    leader = await cluster.leader()
    others = cluster.servers.keys() - {leader}
    old = await cluster.put(b"stale", b"old")
    with Conversation(cluster.servers[leader].clientPort) as conversation:
        assert conversation.ask(b"version\r\n").startswith(b"VERSION")
        cluster.servers[leader].signal(signal.SIGSTOP)
        conversation.send(b"getm stale\r\n" * 20 + b"set late 0 1\r\nx\r\nget stale\r\n")
        client = cluster.client(first=await cluster.leader(*others))
        assert await surely(lambda: client.set(b"stale", b"new")) > old
        await load.goesOn()
        cluster.servers[leader].signal(signal.SIGCONT)
        for _ in range(20):
            assertFresh(conversation.reply())
        late = conversation.reply()
        assertFresh(conversation.reply())
    if late.startswith(b"OK "):
        assert await client.get(b"late") == b"x"
    await cluster.leader()
    await load.goesOn()
    await load.finish()


def assertFresh(reply: bytes) -> None:
    """
    A reply to a read of C{stale} is the new value, or tells that this server cannot say.
    """
    assert reply.endswith(b"new\r\n") or reply.startswith((b"ERR_REDIRECT ", b"ERR_INTERNAL\r\n")), reply


@onReactor
async def test_leadersPausedInTurn(makeCluster: MakeCluster) -> None:
    """
    One leader after another is stopped, and goes on when the next one leads.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    for _ in range(3):
        leader = await cluster.leader()
        cluster.servers[leader].signal(signal.SIGSTOP)
        await cluster.leader(*(cluster.servers.keys() - {leader}))
        await load.goesOn()
        cluster.servers[leader].signal(signal.SIGCONT)
        await cluster.applied(leader, load.newest)
    await load.finish()


@onReactor
async def test_pausedFirst(makeCluster: MakeCluster) -> None:
    """
    A client that knows of nothing does not send its write to the first server when that is stopped, where it would
    have an unknown outcome.
    """
    cluster = makeCluster(3)
    cluster.start()
    stopped = await cluster.leader()
    cluster.servers[stopped].signal(signal.SIGSTOP)
    assert await cluster.client(first=stopped).set(b"k", b"v") > 0
    cluster.servers[stopped].signal(signal.SIGCONT)
