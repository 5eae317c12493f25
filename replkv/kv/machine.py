"""
The state machine: entries of the log in, results out.

It has no clock and no chance of its own: what it holds is a function of the entries alone, byte for byte, however they
were cut into calls, and whatever crashes and replays lay in between.

In the engine, all under one-byte prefixes: C{k} and the key, whose value is the version and the deadline in 64 bits
each, big-endian, and then the client's value; the L{ExpiryIndex}; and C{m}, the state of the machine itself: the
applied index, the clock and the number of keys, 64 bits each. One call of L{StateMachine.apply} is one atomic write.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from replkv.kv.command import CAS, DELETE, SET, Command, decode
from replkv.kv.engine import Engine, EngineError
from replkv.kv.expiry import NEVER, ExpiryIndex
from replkv.raft.entry import Entry

PURGE_LIMIT: Final = 128
"""
How many expired keys are freed after each entry, at most. It is part of the machine: servers that differ in it diverge.
"""

READ_AHEAD: Final = 64
"""
How many records are read from the engine at a time. It bounds the memory that large ones take; their values are not
held.
"""

_RECORD: Final = b"k"
_META: Final = b"m"
_HEAD: Final = struct.Struct(">QQ")
_STATE: Final = struct.Struct(">QQQ")


class Outcome(enum.Enum):
    """
    What came of an entry.

    @cvar NOTHING: it was a no-op, or told only the time.
    """

    STORED = enum.auto()
    DELETED = enum.auto()
    NOT_FOUND = enum.auto()
    VERSION_MISMATCH = enum.auto()
    NOTHING = enum.auto()


class Record(NamedTuple):
    """
    What a key holds.

    @ivar version: the index of the entry that wrote it.
    @ivar deadline: the millisecond at which it expires; 0 is never.
    """

    version: int
    deadline: int
    value: bytes


class StateMachine:
    """
    The keys and their records. A record is visible while its deadline is after the clock, and is never seen again after
    that; the purge frees it soon after.

    An L{EngineError} from L{apply} leaves the machine in between: neither it nor the engine may be used any more.

    @ivar appliedIndex: the index of the last entry applied.
    @ivar clock: the largest stamp applied, in milliseconds.
    @ivar keys: the number of records that are held, those included that have expired and are not yet purged.
    @ivar _changes: what the call of L{apply} that is under way will write.
    @ivar _heads: version and deadline of the records that it has met, as they stand at this point of it.
    """

    def __init__(self, engine: Engine) -> None:
        """
        @param engine: where the machine lives. It goes on from what is there.
        @raise EngineError: if what is there was not left by a state machine.
        """
        self._engine = engine
        self._changes: dict[bytes, bytes | None] = {}
        self._heads: dict[bytes, tuple[int, int] | None] = {}
        state = engine.get(_META)
        if state is None:
            if engine.scan(b"", b"\xff", 1):
                raise EngineError("the store has keys, but does not say up to which entry they were applied")
            state = _STATE.pack(0, 0, 0)
        if len(state) != _STATE.size:
            raise EngineError(f"the store's own state has {len(state)} bytes instead of {_STATE.size}")
        self.appliedIndex, self.clock, self.keys = _STATE.unpack(state)
        self._expiry = ExpiryIndex(engine, self._changes)

    @property
    def nextDeadline(self) -> int | None:
        """
        The earliest deadline of the records that are held, exactly, or C{None}. When the leader's time has reached it,
        the leader proposes a clock entry; and another one, as long as it is not after C{clock}.
        """
        earliest = self._expiry.earliest
        return None if earliest == NEVER else earliest

    def apply(self, entries: Sequence[Entry]) -> list[Outcome]:
        """
        Apply the entries that follow the last one applied.

        @return: what came of each.
        @raise ValueError: if the entries do not follow, or one is not a command.
        @raise EngineError: if the engine fails, or holds what this machine cannot have written.
        """
        if not entries:
            return []
        commands = []
        for expected, (index, _, data) in enumerate(entries, self.appliedIndex + 1):
            if index != expected:
                raise ValueError(f"entry {index} cannot be applied where entry {expected} comes next")
            commands.append(decode(data))

        outcomes = []
        for first in range(0, len(commands), READ_AHEAD):
            ahead = commands[first : first + READ_AHEAD]
            self._meet(ahead)
            outcomes.extend([self._step(index, command) for index, command in enumerate(ahead, entries[first].index)])

        self.appliedIndex = entries[-1].index
        self._changes[_META] = _STATE.pack(self.appliedIndex, self.clock, self.keys)
        self._engine.write(self._changes)
        self._changes.clear()
        self._heads.clear()
        self._expiry.settle()
        return outcomes

    def read(self, key: bytes) -> Record | None:
        """
        Tell what a key holds; C{None} if nothing, or if it has expired.
        """
        stored = self._engine.get(_RECORD + key)
        if stored is None:
            return None
        version, deadline = _headOf(stored)
        if deadline and deadline <= self.clock:
            return None
        return Record(version, deadline, stored[_HEAD.size :])

    def flush(self) -> None:
        """
        Make durable what was applied before the call. It may run in a thread of its own, beside all else.
        """
        self._engine.flush()

    def close(self) -> None:
        """
        Close the engine. What was not flushed may have to be replayed from the log.
        """
        self._engine.close()

    def _meet(self, commands: Sequence[Command]) -> None:
        """
        Read the heads of the records that C{commands} are about, where this call of L{apply} has not met them yet.
        """
        names = list({_RECORD + command.key for command in commands if command.key} - self._heads.keys())
        if names:
            for name, stored in zip(names, self._engine.getMany(names), strict=True):
                self._heads[name] = None if stored is None else _headOf(stored)

    def _step(self, index: int, command: Command) -> Outcome:
        """
        Apply one entry: move the clock, carry out the command, purge.
        """
        kind, stamp, deadline, version, key, value = command
        if stamp > self.clock:
            self.clock = stamp
        outcome = Outcome.NOTHING
        if kind == SET:
            outcome = self._store(index, deadline, _RECORD + key, value)
        elif kind in (CAS, DELETE):
            name = _RECORD + key
            head = self._heads[name]
            if head is None or 0 < head[1] <= self.clock:
                outcome = Outcome.NOT_FOUND
            elif kind == DELETE:
                outcome = self._delete(name, head[1])
            elif head[0] == version:
                outcome = self._store(index, deadline, name, value)
            else:
                outcome = Outcome.VERSION_MISMATCH
        if self._expiry.earliest <= self.clock:
            self._purge()
        return outcome

    def _store(self, version: int, deadline: int, name: bytes, value: bytes) -> Outcome:
        """
        Give a key a new record, in place of the one that it may have.
        """
        head = self._heads[name]
        if head is None:
            self.keys += 1
        elif head[1]:
            self._expiry.remove(head[1], name[1:])
        if deadline:
            self._expiry.add(deadline, name[1:])
        self._heads[name] = (version, deadline)
        self._changes[name] = _HEAD.pack(version, deadline) + value
        return Outcome.STORED

    def _delete(self, name: bytes, deadline: int) -> Outcome:
        """
        Take away the record of a key.
        """
        if deadline:
            self._expiry.remove(deadline, name[1:])
        self._forget(name)
        return Outcome.DELETED

    def _purge(self) -> None:
        """
        Free records that have expired, the earliest first, as many as one entry may.
        """
        for key in self._expiry.takeDue(self.clock, PURGE_LIMIT):
            self._forget(_RECORD + key)

    def _forget(self, name: bytes) -> None:
        """
        Drop a record that is out of the index.
        """
        self._heads[name] = self._changes[name] = None
        self.keys -= 1


def _headOf(stored: bytes) -> tuple[int, int]:
    """
    Tell the version and the deadline of a record.
    """
    if len(stored) < _HEAD.size:
        raise EngineError(f"the store has a record of {len(stored)} bytes; none has less than {_HEAD.size}")
    version, deadline = _HEAD.unpack_from(stored)
    return version, deadline
