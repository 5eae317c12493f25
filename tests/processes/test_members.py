"""
Servers come and go while others go on.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Sequence
from functools import partial

import pytest
from twisted.internet.defer import Deferred

from replkv import Refused, exits
from replkv.client.client import Client
from replkv.client.membership import Member
from replkv.raft.member import Kind
from tests.processes.cluster import HOST, Cluster, ServerProcess, onReactor, surely, until
from tests.processes.conftest import MakeCluster
from tests.processes.conversation import Conversation
from tests.processes.workload import underLoad

CALM = {"HeartbeatMs": 100, "ElectionTimeoutMs": 2000, "LeaderWaitMs": 60_000, "RequestTimeoutMs": 60_000}
"""
Time-outs that are not over before the servers have done something, however busy the machine is.
"""

CHANGES = int(os.environ.get("MEMBER_CHANGES", "2"))
"""
During how many changes a server is killed.
"""

CALM_CHANGES = int(os.environ.get("MEMBER_CALM_CHANGES", "2"))
"""
How many are made where nothing else goes wrong.
"""

KEYS = int(os.environ.get("MEMBER_KEYS", "2000"))
"""
How many keys there are where all servers are replaced.
"""

SEED = int(os.environ.get("MEMBER_SEED", "1"))


class Members:
    """
    An operator of a cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client: Client = cluster.client()

    async def add(self, server: ServerProcess) -> bool:
        """
        Have a server be a member.

        @return: whether that was to be done.
        """
        ports = server.clientPort, server.logPort
        added: bool = await surely(lambda: self.client.addMember(server.id, HOST, *ports))
        return added

    async def remove(self, serverId: int) -> bool:
        """
        Have it be none.
        """
        removed: bool = await surely(lambda: self.client.removeMember(serverId))
        return removed

    async def replace(self, serverId: int) -> bool:
        """
        Have it come with another folder.
        """
        replaced: bool = await surely(lambda: self.client.replaceMember(serverId))
        return replaced

    async def all(self) -> Sequence[Member]:
        """
        Who the members are.
        """
        found: Sequence[Member] = await self.client.members()
        return found

    async def votes(self, serverId: int) -> None:
        """
        Wait until a server has its vote, and knows it.
        """

        async def isVoter() -> bool:
            self.cluster.servers[serverId].checkAlive()
            members = await self.all()
            told = (await self.cluster.stats(serverId)).get("member")
            return told == "voter" and any(each.id == serverId and each.kind is Kind.VOTER for each in members)

        await until(isVoter, f"server {serverId} has a vote")


class Latencies:
    """
    A writer of one key, one write after the other, that tells how long they took.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._client = cluster.client()
        self._times: list[float] = []
        self._isOver = False
        self._writing = Deferred.fromCoroutine(self._write())

    async def end(self) -> None:
        """
        Write no more.
        """
        self._isOver = True
        await self._writing

    def __str__(self) -> str:
        times = sorted(self._times)
        parts = [
            f"{name} {times[int(len(times) * part)] * 1000:.1f} ms" for name, part in (("p50", 0.5), ("p99", 0.99))
        ]
        return f"{len(times)}, {', '.join(parts)}, longest {times[-1] * 1000:.0f} ms"

    async def _write(self) -> None:
        while not self._isOver:
            began = time.monotonic()
            await surely(lambda: self._client.set(b"latency", b"x" * 100))
            self._times.append(time.monotonic() - began)


async def wiped(server: ServerProcess) -> None:
    """
    A server loses its disk, and is started with an empty one.
    """
    server.kill()
    shutil.rmtree(server.data)
    server.start()


@onReactor
async def test_threeToFiveAndBack(makeCluster: MakeCluster) -> None:
    """
    Two servers come, which know one of the others, and two of the first go, also the one that leads. Nobody who reads
    and writes meanwhile is refused anything.
    """
    cluster = makeCluster(3, **CALM)
    load = await underLoad(cluster)
    operator = Members(cluster)
    for serverId in (3, 4):
        newcomer = cluster.newcomer(serverId, 0)
        newcomer.start()
        await until(lambda newcomer=newcomer: "replkv member add" in newcomer.logged(), "it waits")  # type: ignore[misc]
        assert await operator.add(newcomer)
        await operator.votes(serverId)
        assert not await operator.add(newcomer)
        await load.goesOn()
    leader = await cluster.leader()
    for serverId in (leader, (leader + 1) % 3):
        leads = serverId == await cluster.leader()
        assert await operator.remove(serverId)
        if leads:
            assert await cluster.servers[serverId].ended() == exits.NONE
            assert "it was removed from the cluster" in cluster.servers[serverId].logged()
        else:
            cluster.servers[serverId].kill()
        del cluster.servers[serverId]
        assert not await operator.remove(serverId)
        await load.goesOn()
    assert {member.id for member in await operator.all()} == set(cluster.servers)
    await load.finish()
    assert load.lost == []


@onReactor
async def test_oneToThree(makeCluster: MakeCluster) -> None:
    """
    A server that is alone gets two more, which are started before, with one servers file for all three. They do not
    make a cluster of their own while they wait, though they are a majority by that file.
    """
    cluster = makeCluster(1)
    cluster.start()
    await cluster.leader()
    await cluster.put(b"k", b"v")
    cluster.servers[0].kill()
    cluster.start()  # For a later term than that of servers that begin.
    await cluster.leader()
    newcomers = [cluster.newcomer(serverId, 0) for serverId in (1, 2)]
    files = [cluster.config.parent / f"servers-{server.id}.json" for server in newcomers]
    first, second = (json.loads(file.read_text()) for file in files)
    for file in files:
        file.write_text(json.dumps({**first, "Servers": [*first["Servers"], second["Servers"][-1]]}))
    for server in newcomers:
        server.start()
    for server in newcomers:
        await until(lambda server=server: "replkv member add" in server.logged(), "it waits")  # type: ignore[misc]
    operator = Members(cluster)
    for server in newcomers:
        assert await operator.add(server)
        await operator.votes(server.id)
    last = await cluster.put(b"k", b"w")
    for serverId in cluster.servers:
        await cluster.applied(serverId, last)
    states = [await cluster.stats(serverId) for serverId in cluster.servers]
    assert len({state["state_hash"] for state in states}) == 1
    assert not any("this server leads, in term 1" in server.logged() for server in newcomers)


@onReactor
async def test_allReplaced(makeCluster: MakeCluster) -> None:
    """
    Each server in turn loses its disk, is refused with the empty one, and is replaced, until no folder is left that was
    there first: all that was written is there.
    """
    cluster = makeCluster(3, **CALM)
    cluster.start()
    await cluster.leader()
    await cluster.fill(KEYS, 100, KEYS)
    operator = Members(cluster)
    latencies = Latencies(cluster)
    first = {member.incarnation for member in await operator.all()}
    for serverId, server in cluster.servers.items():
        await wiped(server)
        await until(lambda server=server: "replkv member replace" in server.logged(), "it waits")  # type: ignore[misc]
        began = time.monotonic()
        assert await operator.replace(serverId)
        await operator.votes(serverId)
        print(f"server {serverId}, {KEYS} keys: replaced in {time.monotonic() - began:.1f} s")
        assert not await operator.replace(serverId)
    await latencies.end()
    print(f"writes meanwhile: {latencies}")
    assert first.isdisjoint(member.incarnation for member in await operator.all())
    last = await cluster.put(b"k", b"v")
    for serverId in cluster.servers:
        await cluster.applied(serverId, last)
    states = [await cluster.stats(serverId) for serverId in cluster.servers]
    assert len({state["state_hash"] for state in states}) == 1
    assert states[0]["keys"] == str(KEYS + 2)
    client = cluster.client()
    for number in range(0, KEYS, KEYS // 20):
        assert await client.get(b"fill%d" % number) == bytes(100)


@onReactor
async def test_manyChanges(makeCluster: MakeCluster) -> None:
    """
    Servers come and go, again and again: no request fails.
    """
    cluster = makeCluster(3, **CALM)
    load = await underLoad(cluster)
    operator = Members(cluster)
    latencies = Latencies(cluster)
    for number in range(CALM_CHANGES):
        if number % 2 == 0:
            newcomer = cluster.newcomer(3, number % 3)
            newcomer.start()
            assert await operator.add(newcomer)
            await operator.votes(3)
        else:
            assert await operator.remove(3)
            newcomer.kill()
            shutil.rmtree(newcomer.data)
            del cluster.servers[3]
        await load.goesOn()
    await latencies.end()
    print(f"{CALM_CHANGES} changes, {load.answered} writes of others, none failed; writes meanwhile: {latencies}")
    await load.finish()
    assert load.lost == []


@onReactor
async def test_killedDuringChanges(makeCluster: MakeCluster) -> None:
    """
    While servers come and go, some server is killed at any moment, and started again. What was answered is there, and
    each change comes to its end.
    """
    cluster = makeCluster(3)
    load = await underLoad(cluster)
    operator = Members(cluster)
    chance = random.Random(SEED)
    for number in range(CHANGES):
        newcomer = cluster.servers.get(3)
        if newcomer is None:
            newcomer = cluster.newcomer(3, 0, 1, 2)
            newcomer.start()
        victim = cluster.servers[chance.randrange(3)]
        added = operator.client.addMember(3, HOST, newcomer.clientPort, newcomer.logPort, force=True)
        added.addErrback(lambda failure: None)
        await load.goesOn(chance.randrange(60))
        victim.kill()
        victim.start()
        await settled(operator, lambda: operator.add(newcomer))  # noqa: B023
        await operator.votes(3)
        if number % 2:
            removed = operator.client.removeMember(3, force=True)
            removed.addErrback(lambda failure: None)
            await load.goesOn(chance.randrange(60))
            newcomer.kill()
            await settled(operator, lambda: operator.remove(3))
            shutil.rmtree(newcomer.data)
            del cluster.servers[3]
        else:
            await wiped(newcomer)
            await settled(operator, lambda: operator.replace(3))
            await operator.votes(3)
        await load.goesOn()
    await load.finish()


async def settled(operator: Members, change: object) -> None:
    """
    Have something changed, as soon as it is not refused any more: the servers that were killed are back then.
    """
    assert callable(change)

    async def done() -> bool:
        try:
            await change()
        except Refused:
            return False
        return True

    await until(done, "it is changed")


@onReactor
async def test_allMoved(makeCluster: MakeCluster) -> None:
    """
    All servers are elsewhere, as their servers file says and the members do not: they find each other, and then it can
    be written down.
    """
    cluster = makeCluster(3)
    cluster.start()
    await cluster.leader()
    await cluster.put(b"k", b"v")
    before = Members(cluster)

    async def areNamed() -> bool:
        return all(member.incarnation for member in await before.all())

    await until(areNamed, "the members are known")
    for server in cluster.servers.values():
        server.kill()
    cluster.move()
    cluster.start()
    leader = await cluster.leader()
    assert "the members of the cluster count, and not the servers file" in cluster.servers[leader].logged()
    operator = Members(cluster)
    for server in cluster.servers.values():
        ports = server.clientPort, server.logPort
        assert await surely(partial(operator.client.updateMember, server.id, HOST, *ports))
    with Conversation(cluster.servers[(leader + 1) % 3].clientPort) as follower:
        await until(
            lambda: (
                follower.ask(b"get k\r\n")
                == b"ERR_REDIRECT %b %d\r\n" % (HOST.encode(), cluster.servers[leader].clientPort)
            ),
            "it is known where the leader is",
        )
    assert await operator.client.get(b"k") == b"v"


@onReactor
async def test_spare(makeCluster: MakeCluster) -> None:
    """
    A spare takes the place of a server that is gone, and that one is told so when it comes back.
    """
    cluster = makeCluster(3, Autopilot={"ReplaceAfter": "5s"})
    cluster.start()
    leader = await cluster.leader()
    spare = cluster.newcomer(3, leader)
    spare.start()
    operator = Members(cluster)
    ports = spare.clientPort, spare.logPort
    assert await surely(partial(operator.client.addMember, 3, HOST, *ports, spare=True))

    async def isThere() -> bool:
        return any(member.id == 3 and member.incarnation and member.lag == 0 for member in await operator.all())

    await until(isThere, "the spare is there")
    gone = cluster.servers[(leader + 1) % 3]
    gone.kill()
    await operator.votes(3)
    assert gone.id not in {member.id for member in await operator.all()}
    await cluster.put(b"k", b"v")
    gone.start()
    await until(lambda: "is no member of the cluster 'replkv' any more" in gone.logged(), "it is told")


@onReactor
async def test_mistakes(makeCluster: MakeCluster) -> None:
    """
    What would lose the majority is refused, with the command that is the right one; and so is a server that comes with
    a folder which is nobody's.
    """
    cluster = makeCluster(3)
    cluster.start()
    leader = await cluster.leader()
    await cluster.put(b"k", b"v")
    operator = Members(cluster)
    gone, other = (leader + 1) % 3, (leader + 2) % 3
    cluster.servers[gone].kill()
    newcomer = cluster.newcomer(3, leader)
    client = operator.client

    async def refuses(words: str, change: object) -> None:
        assert callable(change)
        with pytest.raises(Refused) as refused:
            await change()
        assert words in str(refused.value)

    async def isMissed() -> bool:
        return any(member.id == gone and (member.heard or 0) > 1 for member in await operator.all())

    await until(isMissed, "it is missed")
    for change in (
        lambda: client.removeMember(other),
        lambda: client.removeMember(leader),
        lambda: client.addMember(3, HOST, newcomer.clientPort, newcomer.logPort),
    ):
        await refuses(f"replkv member replace --id {gone}", change)
    await refuses("stop it", lambda: client.replaceMember(other))
    await refuses("no member", lambda: client.replaceMember(7))
    await wiped(cluster.servers[gone])
    await until(lambda: "replkv member replace" in cluster.servers[gone].logged(), "it waits")
    assert (await cluster.stats(gone))["member"] == "waiting"
    assert await operator.replace(gone)
    await operator.votes(gone)
    # The last one stays.
    await operator.remove(gone)
    await operator.remove(other)
    await refuses("the only voter", lambda: client.removeMember(leader, force=True))
    assert await cluster.client(first=leader).get(b"k") == b"v"
