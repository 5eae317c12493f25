"""
Servers on the data folders of an earlier version.
"""

from __future__ import annotations

import pytest

from tests.olddata.first import FIRST
from tests.olddata.folders import Archive
from tests.olddata.fourth import FOURTH
from tests.olddata.second import SECOND
from tests.olddata.third import THIRD
from tests.processes.cluster import onReactor
from tests.processes.conftest import MakeCluster


@pytest.mark.parametrize("archive", [FIRST, SECOND, THIRD, FOURTH], ids=["first", "second", "third", "fourth"])
@onReactor
async def test_goesOn(makeCluster: MakeCluster, archive: Archive) -> None:
    """
    Two servers of a cluster, one that was killed and one that was stopped, go on where they were: all that was written
    is there, the one that lacks some of it gets it, and new versions come after all others.
    """
    cluster = makeCluster(3)
    killed, stopped = archive.killed, archive.stopped
    archive.unpack(cluster.servers[0].data.parent)
    ids = (killed.serverId, stopped.serverId)
    cluster.start(*ids)
    # The other one's log ends before what a majority had.
    assert await cluster.leader(*ids) == stopped.serverId
    client = cluster.client(first=stopped.serverId)
    for key, record in stopped.records.items():
        found = await client.getm(key)
        assert found is not None
        assert (found.version, found.value, found.exptime > 0) == (record.version, record.value, record.deadline > 0)
    for key in archive.gone:
        assert await client.get(key) is None
    version = await cluster.put(b"new", b"value")
    assert version > stopped.lastIndex
    for serverId in ids:
        await cluster.applied(serverId, version)
        stats = await cluster.stats(serverId)
        assert (stats["keys"], stats["refused"]) == (str(len(stopped.records) + 1), "none")
        assert int(stats["term"]) > stopped.term
