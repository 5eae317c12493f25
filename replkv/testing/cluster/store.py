"""
The simulated store.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from random import Random
from typing import Final

from replkv.kv.engine import EngineError
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import HEAD_BYTES, RECORDS, encode, hashOf
from replkv.kv.state import STATE, MachineState
from replkv.storage.files import Files, createFile

GHOST: Final = b"ghost"
"""
The key of a record that no client has stored.
"""


class Store(MemoryEngine):
    """
    An engine that brings to the disk what it holds now and then without being told to, as RocksDB does when it holds
    enough. So after a crash it has any prefix of what was written since the last flush.

    @ivar failing: whether its disk fails.
    @ivar flushRate: how often, from 0 to 1, a step is the last one of those that reach the disk.
    @ivar sent: the file that it was made from; C{None} if it was made here.
    @ivar steps: how many steps it has taken.
    @ivar _sound: what was written, by key and by what has become of it.
    """

    def __init__(
        self,
        random: Random,
        values: Mapping[bytes, bytes] | None = None,
        flushRate: float = 0.02,
        sent: bytes | None = None,
    ) -> None:
        """
        @param sent: the file that it was made from, where another server has sent that; it is part of it.
        """
        super().__init__(values)
        self.sent = sent
        self._sound: dict[tuple[bytes, bytes], bytes] = {}
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
        The same for two stores if the same was written into them.
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
                self._sum ^= _hash(key, self._sound.get((key, before), before))
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
        crashed = Store(self._random, self._soundValues(self._flushed), self.flushRate, self.sent)
        crashed.failing, crashed.save = self.failing, self.save
        crashed._sound = self._sound.copy()
        crashed._values, crashed._flushed = self._flushed.copy(), self._flushed.copy()
        return crashed

    @property
    def isRotten(self) -> bool:
        """
        Whether anything in it has rotted.
        """
        return bool(self._sound)

    @property
    def isWrong(self) -> bool:
        """
        Whether it holds what no entry has put there.
        """
        return RECORDS + GHOST in self._values

    def haunt(self, state: MachineState) -> None:
        """
        Have a record that no entry has put there, in memory and some day on the disk, which fits its checksum.

        @param state: what a machine that has put it there says of itself.
        """
        values = {RECORDS + GHOST: encode((0, 0, hashOf(GHOST, 0, 0, b"")), b""), STATE: state.encode()}
        super().write(values)

    @property
    def sound(self) -> dict[bytes, bytes]:
        """
        What was written into it, whatever has rotted since.
        """
        return self._soundValues(self._values)

    def rot(self, random: Random) -> bytes | None:
        """
        Have a bit rot in the value of a record, in memory as on the disk. Heads are left alone: no one looks whether
        they are right who decides by them.

        @return: whose record it is; C{None} if there is none that has a value.
        """
        records = [key for key in self._order if key[:1] == RECORDS and len(self._values[key]) > HEAD_BYTES]
        if not records:
            return None
        key = random.choice(records)
        before = self._values[key]
        place = random.randrange(HEAD_BYTES, len(before))
        now = before[:place] + bytes([before[place] ^ 1 << random.randrange(8)]) + before[place + 1 :]
        self._sound[key, now] = self._sound.get((key, before), before)
        for values in (self._values, self._flushed):
            if values.get(key) == before:
                values[key] = now
        return key[len(RECORDS) :]

    def heal(self) -> None:
        """
        Have everything again as it was written.
        """
        self._values = self._soundValues(self._values)
        self._flushed = self._soundValues(self._flushed)
        self._sound = {}

    def _soundValues(self, values: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        return {key: self._sound.get((key, value), value) for key, value in values.items()}

    def _work(self) -> None:
        if self.failing:
            raise EngineError("the simulated disk failed under the store")


def saveFile(files: Files, path: str, data: bytes) -> None:
    """
    Make a file of a checkpoint, and its folder, durably.

    @raise EngineError: if the disk fails, or the file is there already.
    """
    folder = os.path.dirname(path)
    try:
        files.makeFolder(folder)
        createFile(files, path, data)
        files.syncFolder(folder)
    except OSError as error:
        raise EngineError(f"the checkpoint in {folder} cannot be written: {error}") from error


def _hash(key: bytes, value: bytes) -> int:
    return int.from_bytes(blake2b(b"%d %b%b" % (len(key), key, value), digest_size=16).digest(), "big")
