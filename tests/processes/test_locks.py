"""
What clients build on C{add}, C{cad} and C{incr}, while leaders are killed.
"""

from __future__ import annotations

from contextlib import suppress

from twisted.internet.defer import Deferred, gatherResults

from replkv import AlreadyExists, OutcomeUnknown, Unavailable, VersionMismatch
from replkv.client.client import Client
from tests.processes.cluster import Cluster, onReactor, surely, until
from tests.processes.conftest import MakeCluster

_LOCK = b"lock"
_NUMBER = b"number"


class Tellers:
    """
    Clients, each of which takes the lock, counts one up, and opens the lock again, again and again.

    @ivar told: the numbers that they were told.
    @ivar unknown: how often nobody knows whether one was counted.
    """

    def __init__(self, cluster: Cluster, count: int) -> None:
        self.told: list[int] = []
        self.unknown = 0
        self._holders = 0
        self._isOver = False
        self._running = [
            Deferred.fromCoroutine(self._work(cluster.client(2.0), b"teller %d" % number)) for number in range(count)
        ]

    async def goOn(self, numbers: int) -> None:
        """
        Wait until so many more are told.
        """
        wanted = len(self.told) + numbers
        await until(lambda: self._isOver or len(self.told) >= wanted, f"{numbers} more numbers are told")

    async def end(self) -> None:
        """
        Have them stop.
        """
        self._isOver = True
        await gatherResults(self._running, consumeErrors=True)

    async def _work(self, client: Client, name: bytes) -> None:
        try:
            while not self._isOver:
                version = await self._taken(client, name)
                if version is not None:
                    await self._alone(client, version)
        finally:
            # If it has failed, nobody goes on.
            self._isOver = True

    async def _taken(self, client: Client, name: bytes) -> int | None:
        """
        Take the lock, or find that it was taken though that was not told.

        @return: its version; C{None} if another one has it.
        """
        with suppress(AlreadyExists, OutcomeUnknown, Unavailable):
            return await client.add(_LOCK, name)
        with suppress(Unavailable):
            found = await client.getm(_LOCK)
            if found is not None and found.value == name:
                return found.version
        return None

    async def _alone(self, client: Client, version: int) -> None:
        self._holders += 1
        assert self._holders == 1, "two have the lock"
        try:
            self.told.append(await client.incr(_NUMBER))
        except OutcomeUnknown:
            self.unknown += 1
        except Unavailable:
            pass
        self._holders -= 1
        while await self._has(client, version):
            with suppress(OutcomeUnknown, Unavailable, VersionMismatch):
                await client.delete(_LOCK, version)

    async def _has(self, client: Client, version: int) -> bool:
        """
        Whether a lock may still be there.
        """
        with suppress(Unavailable):
            found = await client.getm(_LOCK)
            return found is not None and found.version == version
        return True


@onReactor
async def test_tellers(makeCluster: MakeCluster) -> None:
    """
    Nobody has the lock but one, no number is told twice, and none is counted that was not asked for, though two leaders
    are killed meanwhile.
    """
    cluster = makeCluster(3)
    cluster.start()
    client = cluster.client()
    await surely(lambda: client.set(_NUMBER, b"0"))
    tellers = Tellers(cluster, 4)
    for _ in range(2):
        await tellers.goOn(30)
        leader = cluster.servers[await cluster.leader()]
        leader.kill()
        await tellers.goOn(30)
        leader.start()
    await tellers.end()
    assert tellers.told == sorted(set(tellers.told))
    value = await client.get(_NUMBER)
    assert value is not None
    assert tellers.told[-1] <= int(value)
    assert len(tellers.told) <= int(value) <= len(tellers.told) + tellers.unknown
