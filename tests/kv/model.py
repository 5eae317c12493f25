"""
What the state machine should do, in as few words as possible: no engine, no index, no batches.
"""

from __future__ import annotations

import re

from xxhash import xxh3_64

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import WriteCommand
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.incr import Incr
from replkv.commands.logged import decode
from replkv.commands.prepend import Prepend
from replkv.commands.replace import Replace
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    NotFound,
    NotNumber,
    Result,
    Stored,
    TooLarge,
    Touched,
    VersionMismatch,
)
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.kv.record import Record
from replkv.raft.entry import Entry
from replkv.times import FAR_FUTURE


class Model:
    """
    The reference to which L{StateMachine<replkv.kv.machine.StateMachine>} is held.

    @ivar records: all that is held, expired or not.
    """

    def __init__(self, purgeLimit: int) -> None:
        self.purgeLimit = purgeLimit
        self.clock = 0
        self.records: dict[bytes, Record] = {}

    def apply(self, entry: Entry) -> Result | None:
        """
        Apply one entry.
        """
        stamp, command = decode(entry.data)
        self.clock = max(self.clock, stamp)
        result = self._carryOut(entry.index, stamp, command) if isinstance(command, WriteCommand) else None
        expired = [(record.deadline, key) for key, record in self.records.items() if 0 < record.deadline <= self.clock]
        for _, key in sorted(expired)[: self.purgeLimit]:
            del self.records[key]
        return result

    def visible(self, key: bytes) -> Record | None:
        """
        Tell what a client may see.
        """
        record = self.records.get(key)
        return None if record is None or 0 < record.deadline <= self.clock else record

    def nextDeadline(self) -> int | None:
        """
        Tell the earliest deadline.
        """
        return min((record.deadline for record in self.records.values() if record.deadline), default=None)

    def hash(self) -> int:
        """
        Tell the hash of all that is held.
        """
        total = 0
        for key, (version, deadline, value) in self.records.items():
            head = version.to_bytes(8, "big") + deadline.to_bytes(8, "big")
            total += xxh3_64(head + xxh3_64(value).digest() + key).intdigest()
        return total & (1 << 64) - 1

    def _carryOut(self, index: int, stamp: int, command: WriteCommand) -> Result:
        """
        Carry out one command at the time that the clock shows.
        """
        record = self.visible(command.key)
        match command:
            case WriteCommand() if record is None and not isinstance(command, Set | Add):
                return NotFound()
            case Add() if record is not None:
                return Exists()
            case Cad() if record is not None and record.version != command.version:
                return VersionMismatch()
            case Cad():
                del self.records[command.key]
                return Deleted()
            case Append() | Prepend() if record is not None:
                first, second = record.value, command.value
                value = first + second if isinstance(command, Append) else second + first
                if len(value) > command.most:
                    return TooLarge()
                self.records[command.key] = Record(index, record.deadline, value)
                return Stored(index)
            case Incr() | Decr() if record is not None:
                if not re.fullmatch(rb"[0-9]{1,20}", record.value) or int(record.value) > 2**64 - 1:
                    return NotNumber()
                by = command.delta if isinstance(command, Incr) else -command.delta
                number = max(0, int(record.value) + by) % 2**64
                self.records[command.key] = Record(index, record.deadline, str(number).encode())
                return Counted(index, number)
            case Delete():
                del self.records[command.key]
                return Deleted()
            case Touch() if record is not None:
                self.records[command.key] = Record(index, self._deadline(stamp, command.exptime), record.value)
                return Touched()
            case Cas() if record is not None and record.version != command.version:
                return VersionMismatch()
            case Set() | Cas() | Add() | Replace():
                self.records[command.key] = Record(index, self._deadline(stamp, command.exptime), command.value)
                return Stored(index)
        raise TypeError(f"{command!r} is none that is known here")

    def _deadline(self, stamp: int, exptime: int) -> int:
        return min(stamp + exptime * 1000, FAR_FUTURE) if exptime else 0
