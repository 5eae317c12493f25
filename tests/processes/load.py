"""
Writes without end, for tests of which they are not the matter.
"""

from __future__ import annotations

import os
from typing import Final

from twisted.internet.defer import Deferred, gatherResults

from replkv.client.errors import Unavailable
from tests.processes.cluster import Cluster, until

_AT_ONCE: Final = 200


class Load:
    """
    Many writers, which write one value after the other. No value can be made shorter, so that the files of a snapshot
    are as large as it is.

    @ivar written: how many writes were answered.
    """

    def __init__(self, cluster: Cluster, keys: int, size: int) -> None:
        """
        @param keys: to how many keys they write, in turn.
        @param size: the bytes of a value.
        """
        self.written = 0
        self._goesOn = True
        self._begun = 0
        self._cluster = cluster
        self._keys = keys
        self._size = size
        self._writers = gatherResults([Deferred.fromCoroutine(self._write()) for _ in range(_AT_ONCE)])

    async def more(self, count: int) -> None:
        """
        Wait until so many more are answered, each thousand of them within the time that tests have patience for.
        """
        enough = self.written + count
        while self.written < enough:
            next_ = min(enough, self.written + 1000)
            await until(lambda next_=next_: self.written >= next_, "more writes are answered")  # type: ignore[misc]

    async def end(self) -> None:
        """
        Write no more.
        """
        self._goesOn = False
        await self._writers

    async def areAlike(self) -> bool:
        """
        Tell whether all servers have applied the same, and hold the same.
        """
        answers = [await self._cluster.stats(serverId) for serverId in self._cluster.servers]
        return all(answers) and len({(answer["applied_index"], answer["state_hash"]) for answer in answers}) == 1

    async def _write(self) -> None:
        while self._goesOn:
            self._begun += 1
            try:
                await self._cluster.put(b"k%d" % (self._begun % self._keys), os.urandom(self._size))
            except Unavailable:
                continue  # Nothing was done: nobody led for a while.
            self.written += 1
