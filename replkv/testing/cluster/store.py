"""
The simulated store.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from random import Random

from replkv.kv.engine import EngineError
from replkv.kv.memory import MemoryEngine


class Store(MemoryEngine):
    """
    An engine that brings to the disk what it holds now and then without being told to, as RocksDB does when it holds
    enough. So after a crash it has any prefix of what was written since the last flush.

    @ivar failing: whether its disk fails.
    @ivar flushRate: how often, from 0 to 1, a step is the last one of those that reach the disk.
    @ivar steps: how many steps it has taken.
    """

    def __init__(self, random: Random, values: Mapping[bytes, bytes] | None = None, flushRate: float = 0.02) -> None:
        super().__init__(values)
        self.failing = False
        self.steps = 0
        self._random = random
        self.flushRate = flushRate
        self._sum = 0
        for key, value in self._values.items():
            self._sum ^= _hash(key, value)

    @property
    def digest(self) -> bytes:
        """
        The same for two stores if they hold the same.
        """
        return self._sum.to_bytes(16, "big")

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        See L{Engine.write<replkv.kv.engine.Engine.write>}.
        """
        self._work()
        for key, value in changes.items():
            before = self._values.get(key)
            if before is not None:
                self._sum ^= _hash(key, before)
            if value is not None:
                self._sum ^= _hash(key, value)
        super().write(changes)
        self.steps += 1
        if self._random.random() < self.flushRate:
            super().flush()

    def flush(self) -> None:
        """
        See L{Engine.flush<replkv.kv.engine.Engine.flush>}.
        """
        self._work()
        super().flush()

    def crash(self) -> Store:
        """
        See L{MemoryEngine.crash}.
        """
        crashed = Store(self._random, self._flushed, self.flushRate)
        crashed.failing = self.failing
        return crashed

    def _work(self) -> None:
        if self.failing:
            raise EngineError("the simulated disk failed under the store")


def _hash(key: bytes, value: bytes) -> int:
    return int.from_bytes(blake2b(b"%d %b%b" % (len(key), key, value), digest_size=16).digest(), "big")
