"""
Keys that expire.
"""

from __future__ import annotations

from tests.processes.cluster import onReactor, until
from tests.processes.conftest import MakeCluster


@onReactor
async def test_freedOnAnIdleCluster(makeCluster: MakeCluster) -> None:
    """
    Expired keys are freed on every server without being read or anything else being written. One that was set again
    in time, for ever, stays. None comes back when all servers are killed and another one may lead.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.put(b"kept", b"x", exptime=1)
    await cluster.put(b"kept", b"y")
    await cluster.fill(count=300, size=100, keys=300, exptime=1)

    async def freed() -> bool:
        return [await cluster.number(serverId, "keys") for serverId in cluster.servers] == [1, 1, 1]

    await until(freed, "all servers have freed what has expired")
    leader = await cluster.leader()
    for server in cluster.servers.values():
        server.kill()
    cluster.start(*(cluster.servers.keys() - {leader}))
    client = cluster.client()
    assert await client.get(b"kept") == b"y"
    assert await client.get(b"fill0") is None
    assert await client.get(b"fill299") is None
