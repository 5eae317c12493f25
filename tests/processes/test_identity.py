"""
Servers that are not what they were.
"""

from __future__ import annotations

import json
import shutil

from tests.processes.cluster import Cluster, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.workload import underLoad


def hasMet(cluster: Cluster, serverId: int, other: int) -> bool:
    """
    Whether a server remembers the other one, on its disk.
    """
    known = cluster.servers[serverId].data / "peers.json"
    return known.exists() and str(other) in json.loads(known.read_text())


def startOf(cluster: Cluster, serverId: int, other: int) -> int:
    """
    Which start of the other one a server remembers.
    """
    start: int = json.loads((cluster.servers[serverId].data / "peers.json").read_text())[str(other)]["Start"]
    return start


@onReactor
async def test_wipedServer(makeCluster: MakeCluster) -> None:
    """
    A server whose data folder was wiped is refused by the others, with a line in their logs and in its own, and they
    go on. It learns nothing from them, and has no part in their elections.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    wiped, others, client = cluster.servers[2], (0, 1), cluster.client()

    async def isNamed() -> bool:
        return all(member.incarnation for member in await client.members())

    await until(isNamed, "the members are known by their folders")
    wiped.kill()
    await load.goesOn()
    shutil.rmtree(wiped.data)
    wiped.start()
    for serverId in others:
        server = cluster.servers[serverId]
        await until(lambda server=server: "refused a connection" in server.logged(), "it is refused")  # type: ignore[misc]
        line = next(line for line in server.logged().splitlines() if "refused a connection" in line)
        assert "server 2 comes with another data folder than the one with which it is a member" in line
    await until(lambda: "replkv member replace --id 2 lets it in" in wiped.logged(), "it is told what lets it in")
    await load.goesOn(200)
    assert await cluster.number(2, "last_log_index") == 0
    assert (await cluster.stats(2))["leader"] == "none"
    assert [(await cluster.stats(serverId))["refused"] for serverId in (*others, 2)] == ["2", "2", "none"]
    await load.finish()


@onReactor
async def test_olderCopy(makeCluster: MakeCluster) -> None:
    """
    A server whose data folder was put back from a copy is refused by the others, which say why, and so does it; and
    they go on. The copy lacks what was acknowledged since. Nobody but its owner has access to a data folder.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    server, others = cluster.servers[2], (0, 1)
    await until(lambda: all(hasMet(cluster, serverId, 2) for serverId in others), "server 2 is known")
    server.kill()
    copy = server.data.with_name("copy")
    shutil.copytree(server.data, copy)
    started = startOf(cluster, 0, 2)
    server.start()
    await until(lambda: all(startOf(cluster, serverId, 2) > started for serverId in others), "its next start is known")
    await load.goesOn(100)
    server.kill()
    shutil.rmtree(server.data)
    shutil.move(copy, server.data)
    server.start()
    reason = "a copy of its data folder was put back"
    await until(lambda: all(reason in cluster.servers[serverId].logged() for serverId in others), "it is refused")
    await until(lambda: reason in server.logged(), "it is told why")
    await load.goesOn(200)
    assert (await cluster.stats(2))["leader"] == "none"
    await load.finish()
    everything = [server.data, *server.data.rglob("*")]
    assert {path for path in everything if path.stat().st_mode & 0o077} == set()
