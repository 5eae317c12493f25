"""
A disk that is full.
"""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

from replkv.client.errors import OutcomeUnknown
from replkv.storage.log import SEGMENT_BYTES
from tests.faults.cluster import ProxiedCluster
from tests.faults.conftest import MakeCluster, MakeDisk
from tests.faults.faults import checkStoppedForDisk
from tests.faults.run import SETTINGS, Run
from tests.faults.workload import Load
from tests.processes.cluster import onReactor, until

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


class _Filling:
    """
    Small disks under all servers, and files that fill them.
    """

    def __init__(self, makeDisk: MakeDisk, cluster: ProxiedCluster) -> None:
        self.cluster = cluster
        for server in cluster.servers.values():
            makeDisk(server.data, 192 * MIB)

    def fill(self, *ids: int) -> None:
        """
        Have these servers' disks be nearly full, and those of the others not.
        """
        for server in self.cluster.servers.values():
            file = server.data / "other"
            file.unlink(missing_ok=True)
            if server.id in ids:
                free = shutil.disk_usage(server.data).free
                with open(file, "wb") as other:
                    os.posix_fallocate(other.fileno(), 0, free - 40 * MIB)

    async def known(self, *ids: int) -> None:
        """
        Wait until each server tells of itself whether it is one of these.
        """

        async def there() -> bool:
            told = {serverId: await self.cluster.stats(serverId) for serverId in self.cluster.servers}
            full = {key for key, answer in told.items() if str(key) in answer.get("full_disks", "").split(",")}
            return full == set(ids)

        await until(there, f"of the servers, the disks of {ids} are nearly full")


@onReactor
async def test_reserve(makeDisk: MakeDisk, makeCluster: MakeCluster) -> None:
    """
    The disk of the leader fills, and another server leads. The disks of all fill, and writes are refused at once, reads
    answered. There is room again, and writes are taken; no server was started again.
    """
    cluster = makeCluster(3)
    disks = _Filling(makeDisk, cluster)
    cluster.start()
    leader = await cluster.leader()
    await cluster.put(b"k", b"v")
    disks.fill(leader)
    await disks.known(leader)

    async def relieved() -> bool:
        return await cluster.leader() != leader

    await until(relieved, "another server leads")
    await cluster.put(b"k", b"w")
    disks.fill(*cluster.servers)
    await disks.known(*cluster.servers)
    client = cluster.client()
    with pytest.raises(OutcomeUnknown):
        await client.set(b"k", b"x")
    assert await client.get(b"k") == b"w"
    disks.fill()
    await disks.known()
    await cluster.put(b"k", b"y")
    assert await client.get(b"k") == b"y"
    for server in cluster.servers.values():
        assert "the disk is nearly full" in server.logged()
        assert "the disk has room again" in server.logged()
        assert server.isRunning
