"""
A disk that is full.
"""

from __future__ import annotations

from typing import Final

from replkv.storage.log import SEGMENT_BYTES
from tests.faults.conftest import MakeCluster, MakeDisk
from tests.faults.faults import checkStoppedForDisk
from tests.faults.run import SETTINGS, Run
from tests.faults.workload import Load
from tests.processes.cluster import onReactor

MIB: Final = 1 << 20


@onReactor
async def test_fullDisk(makeDisk: MakeDisk, makeCluster: MakeCluster) -> None:
    """
    The disk of a server has no room for the second file of its log. The server stops itself, with its own exit status
    and a line that names the reason; started again before there is more room, it comes to the same end. The others go
    on. When there is room, it comes back and catches up. Nothing is lost. (With a reserve, it does not come so far.)
    """
    from twisted.internet import reactor

    cluster = makeCluster(5, ReserveBytes=0, **SETTINGS)
    # On the first start of a cluster, it leads.
    server = cluster.servers[0]
    others = cluster.servers.keys() - {server.id}
    disk = makeDisk(server.data, SEGMENT_BYTES + 4 * MIB)
    run = Run(reactor, cluster, 0, Load(operations=1000, padding=MIB // 16))

    async def stopped() -> None:
        await server.ended()
        checkStoppedForDisk(server)
        run.tell(server.errors()[-1])
        assert "No space left on device" in server.errors()[-1]
        await cluster.leader(*others)

    async def disturb() -> None:
        await stopped()
        server.start()
        await stopped()
        disk.grow(1024 * MIB)
        server.start()
        leader = await cluster.leader()
        await cluster.applied(server.id, await cluster.number(leader, "commit_index"))

    await run.go(disturb)
