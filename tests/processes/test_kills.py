"""
C{kill -9}, under load: no answered write is lost, and the cluster goes on.
"""

from __future__ import annotations

from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.workload import Workload, underLoad


@onReactor
async def test_leaderKilled(makeCluster: MakeCluster) -> None:
    """
    The leader is killed: another one takes over with all that was answered.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    leader = await cluster.leader()
    cluster.servers[leader].kill()
    others = [serverId for serverId in cluster.servers if serverId != leader]
    assert await cluster.leader(*others) != leader
    await load.goesOn()
    await load.finish()


@onReactor
async def test_eachKilledInTurn(makeCluster: MakeCluster) -> None:
    """
    Each server in turn is killed and started again: it catches up while the others go on.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    for serverId, server in cluster.servers.items():
        server.kill()
        await load.goesOn()
        server.start()
        await cluster.applied(serverId, load.newest)
        await load.goesOn()
    await load.finish()


@onReactor
async def test_allKilledAtOnce(makeCluster: MakeCluster) -> None:
    """
    All servers are killed at once, twice, and started again: everything that was answered is there.
    """
    cluster = makeCluster(3)
    cluster.start()
    load = Workload(cluster)
    load.start()
    for _ in range(2):
        await load.goesOn()
        for server in cluster.servers.values():
            server.process.kill()
        for server in cluster.servers.values():
            server.kill()
        cluster.start()
        await cluster.leader()
    await load.goesOn()
    await load.finish()


@onReactor
async def test_minorityOfFiveKilled(makeCluster: MakeCluster) -> None:
    """
    Of five servers, two are killed, the leader one of them: the others go on.
    """
    cluster = makeCluster(5)
    load = await underLoad(cluster)
    leader = await cluster.leader()
    killed = {leader, (leader + 1) % 5}
    for serverId in killed:
        cluster.servers[serverId].kill()
    assert await cluster.leader(*(cluster.servers.keys() - killed)) not in killed
    await load.goesOn()
    await load.finish()


@onReactor
async def test_majorityKilled(makeCluster: MakeCluster) -> None:
    """
    With two of three servers killed, nothing is answered as done, neither a write nor a read; with one of them back,
    the cluster goes on.
    """
    cluster = makeCluster(3, LeaderWaitMs=200)
    cluster.start()
    await cluster.put(b"k", b"v")
    leader = await cluster.leader()
    killed = cluster.servers.keys() - {leader}
    with Conversation(cluster.servers[leader].clientPort) as conversation:
        assert conversation.ask(b"version\r\n").startswith(b"VERSION ")
        for serverId in killed:
            cluster.servers[serverId].process.kill()
        for serverId in killed:
            cluster.servers[serverId].kill()
        # All at once, so that all reach it while it still believes that it leads.
        conversation.send(b"get k\r\nset k 0 1\r\nx\r\ngetm k\r\ndelete k\r\n")
        assert [conversation.reply() for _ in range(4)] == [b"ERR_INTERNAL\r\n"] * 4
    cluster.start(killed.pop())
    await cluster.put(b"k", b"y")
    assert await cluster.client().get(b"k") == b"y"
