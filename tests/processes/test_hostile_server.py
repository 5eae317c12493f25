"""
A server of the cluster that is sick, or not one, costs real servers bounded memory and time, and stops none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.python.failure import Failure

from replkv.commands.set import Set
from replkv.peers.commands import CompareStateCommand, Hello, StateHashCommand
from replkv.peers.identity import Identity
from replkv.peers.roll import Roll
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.limits import RAFT_LIMITS
from tests.peers.ampappend import AppendEntriesCommand
from tests.peers.listening import Caller
from tests.peers.peer import Disk, MemoryFolder
from tests.processes.cluster import HOST, Cluster, ServerProcess, onReactor, until
from tests.processes.conftest import MakeCluster

MIB: Final = 1 << 20

_TIME: Final = 1_700_000_000_000
_ENTRY_BYTES: Final = 8 * MIB


def processorSeconds(pid: int) -> float:
    """
    The processor time that a process has had.
    """
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class _Hostile(Caller):
    """
    Its end of a connection.

    @ivar isLost: whether the server has closed it.
    """

    isLost = False

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        Take note of it.
        """
        self.isLost = True
        super().connectionLost(reason)

    async def append(self, term: int, prevLogIndex: int, *entries: Entry, leaderCommit: int = 0) -> None:
        """
        Send entries, and wait for what comes of it.

        @param leaderCommit: up to here, entries are said to be committed.
        """
        batch = Batch(entries) if entries else NO_ENTRIES
        answer: Deferred[object] = self.callRemote(
            AppendEntriesCommand,
            term=term,
            prevLogIndex=prevLogIndex,
            prevLogTerm=1 if prevLogIndex else 0,
            leaderCommit=leaderCommit,
            readRound=0,
            batch=batch.encoded,
            time=_TIME,
        )
        await answer.addErrback(lambda failure: None)


async def introduced(cluster: Cluster, server: ServerProcess) -> _Hostile:
    """
    Be let in as server 1, which was never there.
    """
    identity = Identity(1, "replkv", Roll(Configuration.ofVoters(cluster.servers)), MemoryFolder("hostile"), Disk().run)
    hostile: _Hostile = await connectProtocol(TCP4ClientEndpoint(reactor, HOST, server.logPort), _Hostile())
    await hostile.callRemote(Hello, **identity.hello(server.id))
    return hostile


async def alone(makeCluster: MakeCluster) -> tuple[Cluster, ServerProcess, _Hostile]:
    """
    Start server 0 of three, and be let in by it.
    """
    cluster = makeCluster(3)
    cluster.start(0)
    server = cluster.servers[0]
    await server.listening()
    return cluster, server, await introduced(cluster, server)


@onReactor
async def test_uncommittedEntries(makeCluster: MakeCluster) -> None:
    """
    What it replicates and never commits has a bound. Without one, 225 entries made 1,880 MiB.
    """
    cluster, server, hostile = await alone(makeCluster)
    before = server.memory()
    data = Set(b"k", 0, bytes(_ENTRY_BYTES), False).encode(_TIME)
    sent = 0
    while not hostile.isLost and sent < 225:
        await hostile.append(1, sent, Entry(sent + 1, 1, data))
        sent += 1
    most = RAFT_LIMITS.uncommittedBytes
    assert sent - 1 == most // len(data)
    assert server.memory() - before < most + 64 * MIB
    assert "bytes of entries that are not committed" in server.logged()
    assert (await cluster.stats(0))["term"] == "1"


@onReactor
async def test_committedEntries(makeCluster: MakeCluster) -> None:
    """
    What it has committed, and the server does not apply since it was told that its state is wrong, waits on the disk.
    It was 400 MiB in memory.
    """
    _, server, hostile = await alone(makeCluster)
    data = Set(b"k", 0, bytes(_ENTRY_BYTES), False).encode(_TIME)
    await hostile.append(1, 0, Entry(1, 1, b""), leaderCommit=1)
    asked: Deferred[dict[str, int]] = hostile.callRemote(StateHashCommand, index=2)
    await hostile.append(1, 1, Entry(2, 1, data), leaderCommit=2)
    stateHash = (await asked)["hash"]
    await hostile.callRemote(CompareStateCommand, index=2, hash=stateHash ^ 1)
    before = server.memory()
    for index in range(3, 53):
        await hostile.append(1, index - 1, Entry(index, 1, data), leaderCommit=index)
    assert not hostile.isLost
    assert "this server's state is wrong" in server.logged()
    assert server.memory() - before < RAFT_LIMITS.cacheBytes + 48 * MIB


@onReactor
async def test_keys(makeCluster: MakeCluster) -> None:
    """
    A box with millions of keys is not taken. One of 16 MiB kept a server for 14 s.
    """
    cluster, server, hostile = await alone(makeCluster)
    before = server.memory()
    spent = processorSeconds(server.process.pid)
    hostile.transport.write(b"".join([b"\0\x05%05x\0\0" % number for number in range(1_800_000)]))
    await until(lambda: hostile.isLost, "the connection is closed")
    await cluster.stats(0)
    assert processorSeconds(server.process.pid) - spent < 5
    assert server.memory() - before < 32 * MIB
    assert "a box with too many keys" in server.logged()


@onReactor
async def test_lastTerm(makeCluster: MakeCluster) -> None:
    """
    The last term of all, in one message to each server, stopped them all for good.
    """
    cluster = makeCluster(3)
    cluster.start(0, 2)
    await cluster.put(b"k", b"v")
    terms = [(await cluster.stats(server))["term"] for server in (0, 2)]
    for number in (0, 2):
        server = cluster.servers[number]
        hostile = await introduced(cluster, server)
        await hostile.append(2**64 - 1, 0)
        await until(lambda hostile=hostile: hostile.isLost, "the connection is closed")  # type: ignore[misc]
        assert "is no number from" in server.logged()
        hostile = await introduced(cluster, server)
        await hostile.append(2**61, 0)
        await until(lambda hostile=hostile: hostile.isLost, "the connection is closed")  # type: ignore[misc]
    await cluster.put(b"k", b"w")
    assert [(await cluster.stats(server))["term"] for server in (0, 2)] == terms
    for number in (0, 2):
        cluster.servers[number].checkAlive()
