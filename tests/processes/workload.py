"""
A load of reads and writes whose every answer is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from twisted.internet.defer import Deferred, gatherResults

from replkv.client.client import Client
from replkv.client.errors import NotFound, OutcomeUnknown, Unavailable, VersionMismatch
from replkv.client.replies import Found
from tests.processes.cluster import Cluster, until

_TIMEOUT: Final = 2.0
"""
Seconds for which a command is tried; no longer, so that one that is lost on a paused server is soon followed by the
next.
"""

_MAX_WRITES: Final = 100_000
"""
How much one writer writes at the most.
"""


@dataclass
class _Key:
    """
    What is known of a key. It has one writer, which waits for each answer.

    @ivar floor: the largest version that was told of the key; none that is older may be seen from then on.
    @ivar last: the version of the last write, where that was answered; the key can have no other one now.
    @ivar written: the values that it may have.
    @ivar unknown: the writes that were never answered, and why.
    """

    name: bytes
    floor: int = 0
    last: int | None = None
    written: set[bytes] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)


class Workload:
    """
    Writers, each with a key, a client and so a connection of its own, and a reader, which reads all keys in turn. Each
    value is written once. With what they are told, they check:

      - the version of an answered write is larger than all that its connection, or its key's reader, has seen, and
        belongs to no other write;
      - a read gives a value that was written, under the one version which that value has, and none that is older than
        what had been told to anyone when it was sent: so no answered write is lost, and no read is stale;
      - a write that certainly failed is never seen.

    @ivar answered: how many writes were answered with their version.
    """

    def __init__(self, cluster: Cluster, writers: int = 4) -> None:
        self.answered = 0
        self._cluster = cluster
        self._keys = [_Key(b"key%d" % number) for number in range(writers)]
        self._stopping = False
        self._versions: dict[int, bytes] = {}
        self._values: dict[bytes, int] = {}
        self._running: list[Deferred[None]] = []
        self._failed = False

    def start(self) -> None:
        """
        Begin.
        """
        self._running = [Deferred.fromCoroutine(self._write(key, self._cluster.client(_TIMEOUT))) for key in self._keys]
        self._running.append(Deferred.fromCoroutine(self._read(self._cluster.client(_TIMEOUT))))
        for running in self._running:
            running.addErrback(self._fail)

    @property
    def lost(self) -> list[str]:
        """
        The writes of which nobody knows what came, and why.
        """
        return [each for key in self._keys for each in key.unknown]

    @property
    def newest(self) -> int:
        """
        The largest version that was told.
        """
        return max(key.floor for key in self._keys)

    async def goesOn(self, writes: int = 50) -> None:
        """
        Wait until so many more writes are answered.
        """
        wanted = self.answered + writes
        await until(lambda: self._failed or self.answered >= wanted, f"{writes} more writes are answered")
        if self._failed:
            await self.stop()

    async def stop(self) -> None:
        """
        Stop, and report what was found wrong so far.
        """
        self._stopping = True
        await gatherResults(self._running, consumeErrors=True)

    async def finish(self) -> None:
        """
        Stop, and check what has become of each key.
        """
        await self.stop()
        client = self._cluster.client()
        for key in self._keys:
            self._check(key, key.floor, await client.getm(key.name))

    def _fail(self, failure: object) -> object:
        self._failed = self._stopping = True
        return failure

    async def _write(self, key: _Key, client: Client) -> None:
        for count in range(_MAX_WRITES):
            if self._stopping:
                return
            value = b"%b: %d" % (key.name, count)
            floor = key.floor
            key.written.add(value)
            try:
                if key.last is not None and count % 3 == 0:
                    version = await client.cas(key.name, key.last, value)
                else:
                    version = await client.set(key.name, value)
            except OutcomeUnknown as error:
                key.unknown.append(f"{value!r}: {error}")
                key.last = None
            except Unavailable:
                key.written.remove(value)
            except (VersionMismatch, NotFound):
                # An earlier write may come late, where its outcome is unknown. Nothing else changes the key.
                assert key.unknown, f"{key.name!r} has not version {key.last} any more"
                key.written.remove(value)
                key.last = None
            else:
                assert version > floor, f"{value!r} has version {version}, after version {floor} of its key"
                self._know(value, version)
                key.floor = max(key.floor, version)
                key.last = version
                self.answered += 1

    async def _read(self, client: Client) -> None:
        while not self._stopping:
            for key in self._keys:
                floor = key.floor
                try:
                    found = await client.getm(key.name)
                except Unavailable:
                    continue
                self._check(key, floor, found)

    def _check(self, key: _Key, floor: int, found: Found | None) -> None:
        if found is None:
            assert not floor, f"{key.name!r} is gone; it had version {floor}"
            return
        assert found.version >= floor, f"{key.name!r} has version {found.version}, after it had {floor}"
        assert found.value in key.written, f"{found.value!r} was never written to {key.name!r}"
        self._know(found.value, found.version)
        key.floor = max(key.floor, found.version)

    def _know(self, value: bytes, version: int) -> None:
        assert self._versions.setdefault(version, value) == value, f"{value!r} has the version {version} of another"
        assert self._values.setdefault(value, version) == version, f"{value!r} was written twice"


async def underLoad(cluster: Cluster) -> Workload:
    """
    Start a cluster and a load on it, and wait until that is answered.
    """
    cluster.start()
    load = Workload(cluster)
    load.start()
    await load.goesOn()
    return load
