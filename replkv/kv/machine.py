"""
The state machine: entries of the log in, results out.

It has no clock and no chance of its own: what it holds is a function of the entries alone, byte for byte, however they
were cut into calls, and whatever crashes and replays lay in between.

In the engine, all under one-byte prefixes: C{k} and the key, whose value is the version and the deadline in 64 bits
each, big-endian, and then the client's value (L{Records}); the L{ExpiryIndex<replkv.kv.expiry.ExpiryIndex>}; and C{m},
the state of the machine itself: the applied index, the clock and the number of keys, 64 bits each. One call of
L{StateMachine.apply} is one atomic write.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from replkv.commands.logged import decode
from replkv.commands.results import Result
from replkv.kv.engine import Engine, EngineError
from replkv.kv.expiry import NEVER
from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.kv.records import Record, Records
from replkv.raft.entry import Entry

_META: Final = b"m"
_STATE: Final = struct.Struct(">QQQ")


class StateMachine:
    """
    The keys and their records. A record is visible while its deadline is after the clock, and is never seen again after
    that; the purge frees it soon after.

    An L{EngineError} from L{apply} leaves the machine in between: neither it nor the engine may be used any more.

    @ivar appliedIndex: the index of the last entry applied.
    @ivar copied: how many bytes of values the last call of L{apply} has written anew.
    """

    def __init__(self, engine: Engine, limits: MachineLimits = MACHINE_LIMITS) -> None:
        """
        @param engine: where the machine lives. It goes on from what is there.
        @param limits: how much it does and reads at once; on all servers they free the same number of keys.
        @raise EngineError: if what is there was not left by a state machine.
        """
        self._engine = engine
        self._limits = limits
        state = engine.get(_META)
        if state is None:
            if engine.scan(b"", b"\xff", 1):
                raise EngineError("the store has keys, but does not say up to which entry they were applied")
            state = _STATE.pack(0, 0, 0)
        if len(state) != _STATE.size:
            raise EngineError(f"the store's own state has {len(state)} bytes instead of {_STATE.size}")
        self.copied = 0
        self.appliedIndex, clock, count = _STATE.unpack(state)
        self._records = Records(engine, self.appliedIndex, clock, count, limits.frontLength)

    @property
    def clock(self) -> int:
        """
        The largest stamp applied, in milliseconds.
        """
        return self._records.clock

    @property
    def keys(self) -> int:
        """
        The number of records that are held, those included that have expired and are not yet purged.
        """
        return self._records.count

    @property
    def nextDeadline(self) -> int | None:
        """
        The earliest deadline of the records that are held, exactly, or C{None}. When the leader's time has reached it,
        the leader proposes a clock entry; and another one, as long as it is not after C{clock}.
        """
        earliest = self._records.expiry.earliest
        return None if earliest == NEVER else earliest

    def apply(self, entries: Sequence[Entry]) -> list[Result | None]:
        """
        Apply the entries that follow the last one applied: all, or the first of them where they have much to write.

        @return: what came of each that is applied; C{None} where it was no client's command.
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

        records, expiry, limits = self._records, self._records.expiry, self._limits
        results: list[Result | None] = []
        for first in range(0, len(commands), limits.readAhead):
            if records.copied >= limits.copiedBytes:
                break
            ahead = commands[first : first + limits.readAhead]
            records.meet([command.key for _, command in ahead if command is not None])
            for stamp, command in ahead:
                records.index += 1
                if stamp > records.clock:
                    records.clock = stamp
                results.append(None if command is None else command.carryOut(records, stamp))
                if expiry.earliest <= records.clock:
                    records.purge(limits.purged)

        self.appliedIndex, self.copied = records.index, records.copied
        records.changes[_META] = _STATE.pack(self.appliedIndex, records.clock, records.count)
        self._engine.write(records.changes)
        records.settle()
        return results

    def read(self, key: bytes) -> Record | None:
        """
        Tell what a key holds; C{None} if nothing, or if it has expired.
        """
        return self._records.read(key)

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
