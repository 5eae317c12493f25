"""
Servers on the data folders of an earlier version.
"""

from __future__ import annotations

from tests.olddata.folders import GONE, KILLED, STOPPED, unpack
from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster


@onReactor
async def test_goesOn(makeCluster: MakeCluster) -> None:
    """
    Two servers of a cluster, one that was killed and one that was stopped, go on where they were: all that was written
    is there, the one that lacks some of it gets it, and new versions come after all others.
    """
    cluster = makeCluster(3)
    unpack(cluster.servers[0].data.parent)
    ids = (KILLED.serverId, STOPPED.serverId)
    cluster.start(*ids)
    # The other one's log ends before what a majority had.
    assert await cluster.leader(*ids) == STOPPED.serverId
    client = cluster.client(first=STOPPED.serverId)
    for key, record in STOPPED.records.items():
        found = await client.getm(key)
        assert found is not None
        assert (found.version, found.value, found.exptime > 0) == (record.version, record.value, record.deadline > 0)
    for key in GONE:
        assert await client.get(key) is None
    version = await cluster.put(b"new", b"value")
    assert version > STOPPED.lastIndex
    for serverId in ids:
        await cluster.applied(serverId, version)
        stats = await cluster.stats(serverId)
        assert (stats["keys"], stats["refused"]) == (str(len(STOPPED.records) + 1), "none")
        assert int(stats["term"]) > STOPPED.term
