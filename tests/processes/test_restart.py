"""
Servers that come back to a long log.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from replkv.node.limits import NODE_LIMITS
from replkv.raft.entry import Entry
from replkv.raft.limits import RAFT_LIMITS
from replkv.storage.survey import entriesOf, survey
from tests.processes.cluster import ServerProcess, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation

VALUE_BYTES: Final = 1 << 16


@onReactor
async def test_catchesUpFromDisk(makeCluster: MakeCluster) -> None:
    """
    A server that was down while more was written than the others keep in memory is brought up to date from their
    disks. It has all then: with it and only one of the others, the cluster goes on and nothing is missing.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.put(b"before", b"x")
    leader = await cluster.leader()
    down = (leader + 1) % 3
    cluster.servers[down].kill()
    version = await cluster.fill(count=2 * RAFT_LIMITS.cacheBytes // VALUE_BYTES, size=VALUE_BYTES, keys=100)
    cluster.servers[down].start()
    await cluster.applied(down, version)
    assert await cluster.number(down, "keys") == 101
    cluster.servers[leader].kill()
    client = cluster.client()
    assert await client.get(b"before") == b"x"
    for key in range(100):
        assert await client.get(b"fill%d" % key) == bytes(VALUE_BYTES)


def manifestBytes(server: ServerProcess) -> int:
    """
    The size of the file in which RocksDB notes each file of data that it has brought to the disk.
    """
    return sum(path.stat().st_size for path in (server.data / "store").glob("MANIFEST-*"))


@onReactor
async def test_doesNotReplayEverything(makeCluster: MakeCluster) -> None:
    """
    A server that was killed has what its store brought to the disk as soon as it is up, before there is a leader, and
    replays only the rest.
    """
    cluster = makeCluster(2)
    cluster.start()
    server = cluster.servers[await cluster.leader()]
    manifest = manifestBytes(server)
    count = NODE_LIMITS.flushEntries + 5000
    conversations = [Conversation(server.clientPort) for _ in range(10)]
    for first in range(0, count, 1000):
        commands = [b"set k%d 0 1 noreply\r\nx\r\n" % number for number in range(first, first + 1000)]
        conversations[first // 1000 % 10].send(b"".join(commands))
    replies = [conversation.ask(b"set k 0 1\r\nx\r\n") for conversation in conversations]
    version = max(int(reply.removeprefix(b"OK ")) for reply in replies)
    for conversation in conversations:
        conversation.close()
    assert version > count
    await until(lambda: manifestBytes(server) > manifest, "the store is brought to the disk")
    for other in cluster.servers.values():
        other.kill()
    server.start()
    await server.listening()
    stats = await cluster.stats(server.id)
    assert (stats["leader"], stats["last_log_index"]) == ("none", str(version))
    assert NODE_LIMITS.flushEntries <= int(stats["applied_index"]) <= version
    cluster.start(1 - server.id)
    await cluster.applied(server.id, version)
    assert await cluster.number(server.id, "keys") == count + 1


def logOf(data: Path) -> dict[int, Entry]:
    """
    The entries of a server's log, by index.
    """
    seen = survey(str(data / "log"))
    assert seen.damage is None
    outline = seen.outline
    entries = entriesOf(str(data / "log"), outline, outline.firstIndex, outline.lastIndex)
    return {entry.index: entry for entry in entries}


@onReactor
async def test_rottenLog(makeCluster: MakeCluster) -> None:
    """
    A follower whose log has rotted in its middle comes back, and gets from the leader what it has lost. The leader, to
    which it had acknowledged that, lets it in. Then its vote counts again.
    """
    cluster = makeCluster(3)
    cluster.start()
    for number in range(20):
        await cluster.put(b"k%d" % number, bytes(1000))
    leader = await cluster.leader()
    rotten = cluster.servers[(leader + 1) % 3]
    last = await cluster.number(leader, "last_log_index")
    await cluster.applied(rotten.id, last)
    before = logOf(rotten.data)
    rotten.kill()
    segment = min((rotten.data / "log").glob("*.segment"))
    damaged = bytearray(segment.read_bytes())
    damagedAt = 12000
    damaged[damagedAt] ^= 1
    segment.write_bytes(damaged)
    rotten.start()
    await cluster.applied(rotten.id, last)
    told = rotten.logged()
    # How many entries a record has is a matter of what came together: the damaged byte is in this one.
    found = re.search(
        rf"the log was damaged: {re.escape(str(segment))}, at offset (\d+): .* valid one at offset (\d+)", told
    )
    assert found is not None
    assert int(found[1]) <= damagedAt < int(found[2])
    assert "this server does not vote until it has got them from the leader" in told

    async def repaired() -> bool:
        return (await cluster.stats(rotten.id)).get("log") == "ok"

    await until(repaired, "the log is repaired")
    await until(lambda: not (rotten.data / "repair.json").exists(), "that is noted")
    assert "this server's log is repaired, and it votes again" in rotten.logged()
    after = logOf(rotten.data)
    assert {index: before.get(index) for index in after if index <= last} == {
        index: entry for index, entry in after.items() if index <= last
    }
    cluster.servers[leader].kill()
    assert await cluster.put(b"k", b"with its vote, or under its lead") > last
