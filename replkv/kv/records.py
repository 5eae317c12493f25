"""
The keys and what they hold, as they change.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Final

from replkv.commands.state import Content, Head
from replkv.kv.engine import Engine
from replkv.kv.expiry import ExpiryIndex
from replkv.kv.gaps import Gaps
from replkv.kv.heads import Heads
from replkv.kv.limits import MachineLimits
from replkv.kv.members import Members
from replkv.kv.record import (
    HEAD_BYTES,
    RECORDS,
    Record,
    StoredHead,
    bodyOf,
    decode,
    hashOf,
    headOf,
    packedHeadOf,
    packHead,
    storedVersion,
    unpackHead,
    valueBytesOf,
    versionOf,
)
from replkv.kv.state import MachineState
from replkv.kv.users import UserTable
from replkv.raft.invariants import InvariantViolation

_MODULUS: Final = 2**64

STEP_BYTES: Final = 512
"""
To come to the next record on a walk takes as long as to read so many bytes would.
"""

_CHANGE_BYTES: Final = 16
"""
And so it is to see, when a walk begins, whether a record that is yet to be written will be on the way.
"""


class Records:
    """
    The L{State<replkv.commands.state.State>} that commands are carried out on.

    What they change is collected, until it is written to the engine at once.

    @ivar index: the index of the entry that is being applied.
    @ivar clock: the largest stamp applied, in milliseconds.
    @ivar count: the number of records that are held, those included that have expired and are not yet purged.
    @ivar hash: the sum of the hashes of those, modulo 2**64.
    @ivar copied: how many bytes of values were read for commands, and what other work is as much.
    @ivar freed: how many records were dropped.
    @ivar changes: what is to be written to the engine.
    @ivar expiry: the index of those that expire.
    @ivar users: the users.
    @ivar members: the members of the cluster.
    @ivar heads: the heads of the records that were met, as they stand at this point.
    @ivar gaps: where there are no records, as it is at this point.
    """

    __slots__ = (
        "_engine",
        "_readAhead",
        "changes",
        "clock",
        "copied",
        "count",
        "expiry",
        "freed",
        "gaps",
        "hash",
        "heads",
        "index",
        "members",
        "users",
    )

    def __init__(self, engine: Engine, state: MachineState, limits: MachineLimits) -> None:
        """
        @param state: what was applied last, and what came of it.
        @param limits: how much is read ahead, and how many heads are kept.
        @raise EngineError: if the engine fails, or holds what these cannot have written.
        """
        self.index = state.appliedIndex
        self.clock = state.clock
        self.count = state.keys
        self.copied = self.freed = 0
        self.changes: dict[bytes, bytes | None] = {}
        self.expiry = ExpiryIndex(engine, self.changes, limits.frontLength)
        self.users = UserTable(engine, self.changes)
        self.members = Members(engine, self.changes)
        self.hash = (state.hash - self.users.hash - self.members.hash) % _MODULUS
        self._engine = engine
        self._readAhead = limits.readAhead
        self.heads = Heads(engine, limits.headBytes)
        self.gaps = Gaps(limits)

    def read(self, key: bytes) -> Record | None:
        """
        Tell what a key holds, by what is written; C{None} if nothing, or if it has expired.

        @raise replkv.kv.record.RottenRecord: if the record is not what was written.
        """
        stored = self._engine.get(RECORDS + key)
        if stored is None:
            return None
        record = decode(key, stored)
        return None if 0 < record.deadline <= self.clock else record

    def readAll(self, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, Head | None, int, int]]:
        """
        See L{StateMachine.walk<replkv.kv.machine.StateMachine.walk>}. It goes by what is written.
        """
        for name, stored, size in self._inEngine(*rangeOf(prefix, after)):
            version, deadline, _ = headOf(stored)
            isThere = deadline == 0 or deadline > self.clock
            head = Head(versionOf(version), deadline) if isThere else None
            yield name[len(RECORDS) :], head, valueBytesOf(version, size), size

    def meet(self, keys: Iterable[bytes]) -> None:
        """
        See L{State.meet<replkv.commands.state.State.meet>}.
        """
        names = [RECORDS + key for key in keys]
        self.copied += STEP_BYTES * len(names)
        for first in range(0, len(names), self._readAhead):
            self.copied += self.heads.meet(names[first : first + self._readAhead])

    def find(self, key: bytes) -> Head | None:
        """
        See L{KeyState.find<replkv.commands.state.KeyState.find>}.
        """
        head = self.heads.find(RECORDS + key)
        if head is None:
            return None
        version, deadline, _ = head
        return None if 0 < deadline <= self.clock else Head(versionOf(version), deadline)

    def walk(self, prefix: bytes, after: bytes) -> Generator[tuple[bytes, Head, int], None, None]:
        """
        See L{State.walk<replkv.commands.state.State.walk>}. What is yet to be written to the engine is seen too.

        @raise EngineError: if the engine fails, or one of the records is none.
        """
        start, stop = rangeOf(prefix, after)
        # There is no record from the first of these names to the second, and so many have gone there.
        first, last, gone = start, start, 0
        try:
            for name, stored, size in self._written(start, stop):
                if stored is not None:
                    yield self._met(name, stored, size)
                if self.changes.get(name, stored) is None:
                    last, gone = name + b"\0", gone + 1
                else:
                    self.gaps.add(first, name, gone)
                    first, last, gone = name + b"\0", name + b"\0", 0
            last = stop
        finally:
            self.gaps.add(first, last, gone)

    def _written(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes | None, int]]:
        """
        Go through what is in the engine and what is yet to be written: each name, how its record begins, C{None} for
        one that goes, and its size.
        """
        self.copied += STEP_BYTES + _CHANGE_BYTES * len(self.changes)
        changed = sorted([name for name in self.changes if start <= name < stop], reverse=True)
        for name, stored, size in self._inEngine(start, stop):
            self.copied += size + STEP_BYTES
            while changed and changed[-1] < name:
                yield self._changed(changed.pop())
            if changed and changed[-1] == name:
                yield self._changed(changed.pop())
            else:
                yield name, stored, size
        while changed:
            yield self._changed(changed.pop())

    def _changed(self, name: bytes) -> tuple[bytes, bytes | None, int]:
        self.copied += STEP_BYTES
        stored = self.changes[name]
        return name, stored, 0 if stored is None else len(stored)

    def _inEngine(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes, int]]:
        """
        Go through what is in the engine, and around where it is known that there is nothing.
        """
        for first, last in self.gaps.around(start, stop):
            yield from self._engine.walk(first, last, HEAD_BYTES)

    def _met(self, name: bytes, stored: bytes, size: int) -> tuple[bytes, Head, int]:
        packed = packedHeadOf(stored)
        self.heads.keep(name, packed)
        version, deadline, _ = unpackHead(packed)
        return name[len(RECORDS) :], Head(versionOf(version), deadline), size

    def contentOf(self, key: bytes) -> Content:
        """
        See L{KeyState.contentOf<replkv.commands.state.KeyState.contentOf>}.

        @raise replkv.kv.record.RottenRecord: if the record is not what was written.
        """
        name = RECORDS + key
        stored = self.changes[name] if name in self.changes else self._engine.get(name)
        if stored is None:
            raise InvariantViolation(f"{key!r} was not found")
        self.copied += len(stored)
        record = decode(key, stored)
        return Content(record.value, record.flags)

    def store(self, key: bytes, deadline: int, value: bytes, flags: int = 0) -> int:
        """
        See L{KeyState.store<replkv.commands.state.KeyState.store>}. The version is the index of the entry.
        """
        name = RECORDS + key
        head = self.heads.find(name)
        if head is None:
            self.count += 1
            self.gaps.fill(name)
        else:
            self._takeBack(head, key)
        version, body = storedVersion(self.index, flags), bodyOf(value, flags)
        added = hashOf(key, version, deadline, body)
        self.hash = (self.hash + added) % _MODULUS
        if deadline:
            self.expiry.add(deadline, key, added)
        packed = packHead((version, deadline, added))
        self.heads.keep(name, packed)
        self.changes[name] = packed + body
        return self.index

    def delete(self, key: bytes) -> None:
        """
        See L{KeyState.delete<replkv.commands.state.KeyState.delete>}.
        """
        head = self.heads.find(RECORDS + key)
        if head is None:
            raise InvariantViolation(f"{key!r} was not found")
        self._takeBack(head, key)
        self._forget(key)

    def purge(self, limit: int) -> None:
        """
        Free records that have expired, the earliest first, C{limit} of them at most.
        """
        for key, taken in self.expiry.takeDue(self.clock, limit):
            self.hash = (self.hash - taken) % _MODULUS
            self._forget(key)

    def settle(self) -> None:
        """
        Take note that the changes have been written to the engine.
        """
        self.copied = self.freed = 0
        self.changes.clear()
        self.heads.settle()
        self.expiry.settle()

    def _takeBack(self, head: StoredHead, key: bytes) -> None:
        """
        Take a record out of the hash, and, if it may expire, out of the index.
        """
        _, deadline, taken = head
        self.hash = (self.hash - taken) % _MODULUS
        if deadline:
            self.expiry.remove(deadline, key)

    def _forget(self, key: bytes) -> None:
        """
        Drop a record that is out of the hash and the index.
        """
        name = RECORDS + key
        self.heads.keep(name, None)
        self.changes[name] = None
        self.count -= 1
        self.freed += 1


def rangeOf(prefix: bytes, after: bytes) -> tuple[bytes, bytes]:
    """
    Where in the engine the records of the keys are that begin so and come after a key.

    @param after: empty for the beginning.
    @return: the first name that may be one of them, and the first beyond.
    """
    start = RECORDS + prefix
    kept = start.rstrip(b"\xff")
    stop = kept[:-1] + bytes([kept[-1] + 1])
    return max(start, RECORDS + after + b"\0") if after else start, stop
