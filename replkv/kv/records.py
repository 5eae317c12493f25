"""
The keys and what they hold, as they change.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from replkv.commands.state import Head
from replkv.kv.engine import Engine, EngineError
from replkv.kv.expiry import ExpiryIndex

_RECORD: Final = b"k"
_HEAD: Final = struct.Struct(">QQ")


class Record(NamedTuple):
    """
    What a key holds.

    @ivar version: the index of the entry that wrote it.
    @ivar deadline: the millisecond at which it expires; 0 is never.
    """

    version: int
    deadline: int
    value: bytes


class Records:
    """
    The L{State<replkv.commands.state.State>} that commands are carried out on.

    What they change is collected, until it is written to the engine at once.

    @ivar index: the index of the entry that is being applied.
    @ivar clock: the largest stamp applied, in milliseconds.
    @ivar count: the number of records that are held, those included that have expired and are not yet purged.
    @ivar copied: how many bytes of values were read for commands.
    @ivar changes: what is to be written to the engine.
    @ivar expiry: the index of those that expire.
    @ivar _heads: version and deadline of the records that were met, as they stand at this point.
    """

    __slots__ = ("_engine", "_heads", "changes", "clock", "copied", "count", "expiry", "index")

    def __init__(self, engine: Engine, index: int, clock: int, count: int, frontLength: int) -> None:
        """
        @param index: what was applied last.
        @param frontLength: how many entries of the index of those that expire are read ahead.
        @raise EngineError: if the engine fails, or holds what these cannot have written.
        """
        self.index = index
        self.clock = clock
        self.count = count
        self.copied = 0
        self.changes: dict[bytes, bytes | None] = {}
        self.expiry = ExpiryIndex(engine, self.changes, frontLength)
        self._engine = engine
        self._heads: dict[bytes, tuple[int, int] | None] = {}

    def read(self, key: bytes) -> Record | None:
        """
        Tell what a key holds, by what is written; C{None} if nothing, or if it has expired.
        """
        stored = self._engine.get(_RECORD + key)
        if stored is None:
            return None
        version, deadline = _headOf(stored)
        if deadline and deadline <= self.clock:
            return None
        return Record(version, deadline, stored[_HEAD.size :])

    def meet(self, keys: Iterable[bytes]) -> None:
        """
        Read the heads of the records that commands are about, where they were not met yet.
        """
        names = list({_RECORD + key for key in keys} - self._heads.keys())
        if names:
            for name, stored in zip(names, self._engine.getMany(names), strict=True):
                self._heads[name] = None if stored is None else _headOf(stored)

    def find(self, key: bytes) -> Head | None:
        """
        See L{State.find<replkv.commands.state.State.find>}.
        """
        head = self._heads[_RECORD + key]
        if head is None:
            return None
        version, deadline = head
        return None if 0 < deadline <= self.clock else Head(version, deadline)

    def valueOf(self, key: bytes) -> bytes:
        """
        See L{State.valueOf<replkv.commands.state.State.valueOf>}.
        """
        name = _RECORD + key
        stored = self.changes[name] if name in self.changes else self._engine.get(name)
        assert stored is not None, f"{key!r} was not found"
        self.copied += len(stored)
        return stored[_HEAD.size :]

    def store(self, key: bytes, deadline: int, value: bytes) -> int:
        """
        See L{State.store<replkv.commands.state.State.store>}. The version is the index of the entry.
        """
        name = _RECORD + key
        head = self._heads[name]
        if head is None:
            self.count += 1
        else:
            self._takeBack(head, key)
        if deadline:
            self.expiry.add(deadline, key)
        version = self.index
        self._heads[name] = version, deadline
        self.changes[name] = _HEAD.pack(version, deadline) + value
        return version

    def delete(self, key: bytes) -> None:
        """
        See L{State.delete<replkv.commands.state.State.delete>}.
        """
        head = self._heads[_RECORD + key]
        assert head is not None, f"{key!r} was not found"
        self._takeBack(head, key)
        self._forget(key)

    def purge(self, limit: int) -> None:
        """
        Free records that have expired, the earliest first, C{limit} of them at most.
        """
        for key in self.expiry.takeDue(self.clock, limit):
            self._forget(key)

    def settle(self) -> None:
        """
        Take note that the changes have been written to the engine.
        """
        self.copied = 0
        self.changes.clear()
        self._heads.clear()
        self.expiry.settle()

    def _takeBack(self, head: tuple[int, int], key: bytes) -> None:
        """
        Take a record that may expire out of the index.
        """
        _, deadline = head
        if deadline:
            self.expiry.remove(deadline, key)

    def _forget(self, key: bytes) -> None:
        """
        Drop a record that is out of the index.
        """
        name = _RECORD + key
        self._heads[name] = self.changes[name] = None
        self.count -= 1


def _headOf(stored: bytes) -> tuple[int, int]:
    """
    Tell the version and the deadline of a record.
    """
    if len(stored) < _HEAD.size:
        raise EngineError(f"the store has a record of {len(stored)} bytes; none has less than {_HEAD.size}")
    version, deadline = _HEAD.unpack_from(stored)
    return version, deadline
