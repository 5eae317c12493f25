"""
What a server refuses at start: one line on its standard error, an exit status, and nothing done.
"""

from __future__ import annotations

import json
import socket

import pytest

from replkv.exits import NOT_YET
from tests.processes.cluster import HOST, Cluster, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.memcached import withMemcached


async def refusal(cluster: Cluster, serverId: int = 0, status: int = 1) -> str:
    """
    Start a server that is to be refused.

    @return: the one line that it wrote.
    """
    server = cluster.servers[serverId]
    server.errorFile.write_text("")
    server.start()
    assert await server.ended() == status, server.errors()
    lines = server.errors()
    assert len(lines) == 1, lines
    assert lines[0].startswith("replkv: ")
    return lines[0]


def edit(cluster: Cluster, **changes: object) -> None:
    """
    Change keys of the servers file.
    """
    cluster.config.write_text(json.dumps({**json.loads(cluster.config.read_text()), **changes}))


@onReactor
async def test_unknownId(makeCluster: MakeCluster) -> None:
    """
    An id that is not in the file.
    """
    cluster = makeCluster(2)
    edit(cluster, Servers=json.loads(cluster.config.read_text())["Servers"][:1])
    line = await refusal(cluster, 1)
    assert str(cluster.config) in line
    assert "unknown id 1" in line


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ("{", "line 1"),
        ('{"Path": "data"}', "Servers: is missing"),
        ('{"Path": "data", "Servers": [{"Id": 0}]}', "Servers[0].Hostname: is missing"),
    ],
)
@onReactor
async def test_brokenConfig(makeCluster: MakeCluster, content: str, mistake: str) -> None:
    """
    A servers file with a mistake, which is named, with its place.
    """
    cluster = makeCluster(1)
    cluster.config.write_text(content)
    line = await refusal(cluster)
    assert line.startswith(f"replkv: {cluster.config}: ")
    assert mistake in line


@onReactor
async def test_missingConfig(makeCluster: MakeCluster) -> None:
    """
    No servers file.
    """
    cluster = makeCluster(1)
    cluster.config.unlink()
    assert str(cluster.config) in await refusal(cluster)


@pytest.mark.parametrize("key", ["ClientPort", "LogPort", "MemcachedPort"])
@onReactor
async def test_portInUse(makeCluster: MakeCluster, key: str) -> None:
    """
    A port that someone else listens on, which may pass.
    """
    cluster = makeCluster(1)
    [memcachedPort] = withMemcached(cluster)
    server = cluster.servers[0]
    port = {"ClientPort": server.clientPort, "LogPort": server.logPort, "MemcachedPort": memcachedPort}[key]
    with socket.create_server((HOST, port)):
        line = await refusal(cluster, status=NOT_YET)
    assert f"{key}: port {port}" in line
    assert "in use" in line
    cluster.start()
    assert await cluster.leader() == 0


@onReactor
async def test_folderOfAnotherServer(makeCluster: MakeCluster) -> None:
    """
    A data folder of another server.
    """
    cluster = makeCluster(2)
    server = cluster.servers[0]
    server.start()
    await server.listening()
    server.kill()
    server.data.rename(cluster.servers[1].data)
    assert "belongs to server 0, and this is server 1" in await refusal(cluster, 1)


@onReactor
async def test_folderOfOtherCluster(makeCluster: MakeCluster) -> None:
    """
    A data folder that was made for another cluster. That the servers file has other members is logged, and not more:
    the log says who they are.
    """
    cluster = makeCluster(2)
    server = cluster.servers[0]
    server.start()
    await server.listening()
    server.kill()
    before = json.loads(cluster.config.read_text())
    edit(cluster, Servers=before["Servers"][:1])
    server.start()
    told = "count, and not the servers file: server 1 is a member, and not in the file"
    await until(lambda: told in server.logged(), "it is logged")
    server.kill()
    edit(cluster, Cluster="other")
    assert "belongs to the cluster 'replkv', and this server is of the cluster 'other'" in await refusal(cluster)


@onReactor
async def test_unusableFolder(makeCluster: MakeCluster) -> None:
    """
    A data folder that cannot be made, because a file has its name.
    """
    cluster = makeCluster(1)
    cluster.servers[0].data.parent.write_text("")
    line = await refusal(cluster)
    assert str(cluster.servers[0].data) in line
    assert "cannot be made or written" in line


@onReactor
async def test_rottenLog(makeCluster: MakeCluster) -> None:
    """
    The log of a server that is alone was damaged in its middle: nobody has what it lacks. That is a failing disk and
    not a mistake, and has an exit status of its own.
    """
    cluster = makeCluster(1)
    cluster.start()
    client = cluster.client()
    for number in range(20):
        await client.set(b"k%d" % number, bytes(1000))
    server = cluster.servers[0]
    server.kill()
    segment = min((server.data / "log").glob("*.segment"))
    damaged = bytearray(segment.read_bytes())
    damaged[8000] ^= 1
    segment.write_bytes(damaged)
    line = await refusal(cluster, status=74)
    assert str(segment) in line
    assert "damaged" in line
    assert "restore a backup" in line


@onReactor
async def test_tooFewOpenFiles(makeCluster: MakeCluster) -> None:
    """
    A system that allows fewer open files than a server needs.
    """
    cluster = makeCluster(3)
    cluster.servers[0].openFiles = 100
    assert "the system allows 100 open files, and a server of this cluster needs at least 136" in await refusal(cluster)
