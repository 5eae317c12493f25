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
from replkv.commands.command import ChangeCommand, WriteCommand
from replkv.commands.condition import Need
from replkv.commands.count import Count
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import MOST_BYTES, MOST_MET, MOST_REMOVED, DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.incr import Incr
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.lifetime import KEPT, Lifetime
from replkv.commands.logged import decode
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    Failed,
    Item,
    Items,
    KeyInfo,
    Keys,
    NotFound,
    NotNumber,
    Removed,
    Result,
    Stored,
    TooLarge,
    Total,
    Touched,
    Transacted,
    VersionMismatch,
    sizeOf,
)
from replkv.commands.scan import Scan
from replkv.commands.set import Set
from replkv.commands.steps import Comparison, If, IfValue, Step, StepDelete, StepGet, StepPut
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
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
        result = self._carryOut(entry.index, stamp, command) if isinstance(command, ChangeCommand) else None
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
        for key, (version, deadline, value, flags) in self.records.items():
            first = version + 2**63 if flags else version
            head = first.to_bytes(8, "big") + deadline.to_bytes(8, "big")
            body = flags.to_bytes(4, "big") + value if flags else value
            total += xxh3_64(head + xxh3_64(body).digest() + key).intdigest()
        return total & (1 << 64) - 1

    def _carryOut(self, index: int, stamp: int, command: ChangeCommand) -> Result:
        """
        Carry out one command at the time that the clock shows.
        """
        if isinstance(command, DeletePrefix):
            return self._remove(index, command)
        if isinstance(command, Txn):
            return self._transact(index, stamp, command)
        assert isinstance(command, WriteCommand)
        return self._write(index, stamp, command)

    def _transact(self, index: int, stamp: int, txn: Txn) -> Result:
        """
        Do several things, or, where one of them is not possible, have all as it was.
        """
        for place, step in enumerate(txn.steps, 1):
            if isinstance(step, Comparison) and not self._holds(step):
                return Failed(place)
        before = self.records.copy()
        operations = [step for step in txn.steps if not isinstance(step, Comparison)]
        answers = [self._step(index, stamp, step) for step in operations]
        if sum(map(sizeOf, answers)) > MAX_VALUE_BYTES:
            self.records = before
            return TooLarge()
        return Transacted(tuple(answers))

    def _holds(self, comparison: Comparison) -> bool:
        record = self.visible(comparison.key)
        match comparison:
            case If(_, (Need.ABSENT, _)):
                return record is None
            case If(_, (Need.PRESENT, _)):
                return record is not None
            case If(_, (Need.VERSION, version)):
                return record is not None and record.version == version
            case IfValue(_, value):
                return record is not None and record.value == value
        raise TypeError(f"{comparison!r} is none that is known here")

    def _step(self, index: int, stamp: int, step: Step) -> Result:
        key, record = step.key, self.visible(step.key)
        match step:
            case StepPut(_, flags, lifetime, value):
                self.records[key] = Record(index, self._lasting(stamp, lifetime, record), value, flags)
                return Stored(index)
            case _ if record is None:
                return NotFound()
            case StepDelete():
                del self.records[key]
                return Deleted()
            case StepGet():
                left = record.deadline - stamp if record.deadline else 0
                return Items((Item(key, record.flags, record.version, left, record.value),))
        raise TypeError(f"{step!r} is none that is known here")

    def scan(self, scan: Scan) -> Result:
        """
        Tell which keys there are, where that does not take too much work.
        """
        there = [key for key in self._after(scan.prefix, scan.after) if self.visible(key)]
        found = [KeyInfo(key, self.records[key].version, len(self.records[key].value)) for key in there[: scan.limit]]
        rest = [key for key in self._after(scan.prefix, scan.after) if len(found) == scan.limit and key > found[-1].key]
        return Keys(tuple(found), found[-1].key if rest else None)

    def count(self, count: Count) -> Result:
        """
        Tell how many keys there are; likewise.
        """
        return Total(sum([self.visible(key) is not None for key in self._after(count.prefix, count.after)]))

    def _after(self, prefix: bytes, after: bytes) -> list[bytes]:
        """
        All keys that begin so and come after one.
        """
        return sorted([key for key in self.records if key.startswith(prefix) and key > after])

    def _remove(self, index: int, command: DeletePrefix) -> Result:
        """
        Take away keys that begin so, until it is enough.
        """
        below = command.below or index
        count, gone = 0, 0
        size = 0
        keys = self._after(command.prefix, command.after)
        for place, key in enumerate(keys):
            if gone == MOST_REMOVED or place == MOST_MET or size >= MOST_BYTES:
                return Removed(count, below, keys[place - 1])
            record = self.records[key]
            size += 24 + len(record.value) + (4 if record.flags else 0)
            if record.version < below:
                gone += 1
                count += self.visible(key) is not None
                del self.records[key]
        return Removed(count)

    def _write(self, index: int, stamp: int, command: WriteCommand) -> Result:
        """
        Carry out one that is about one key.
        """
        record = self.visible(command.key)
        match command:
            case Put():
                return self._put(index, stamp, command, record)
            case WriteCommand() if record is None and not isinstance(command, Set | Add):
                return NotFound()
            case Gat() if record is not None:
                deadline = self._lasting(stamp, command.lifetime, record)
                self.records[command.key] = record._replace(version=index, deadline=deadline)
                left = max(0, deadline - stamp)
                return Items((Item(command.key, record.flags, index, left, record.value),))
            case Expire() if record is not None:
                deadline = self._lasting(stamp, command.lifetime, record)
                self.records[command.key] = record._replace(version=index, deadline=deadline)
                return Touched()
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
                self.records[command.key] = Record(index, record.deadline, value, record.flags)
                return Stored(index)
            case Incr() | Decr() if record is not None:
                if not re.fullmatch(rb"[0-9]{1,20}", record.value) or int(record.value) > 2**64 - 1:
                    return NotNumber()
                by = command.delta if isinstance(command, Incr) else -command.delta
                number = max(0, int(record.value) + by) % 2**64
                self.records[command.key] = Record(index, record.deadline, str(number).encode(), record.flags)
                return Counted(index, number)
            case Delete():
                del self.records[command.key]
                return Deleted()
            case Touch() if record is not None:
                deadline = self._deadline(stamp, command.exptime)
                self.records[command.key] = record._replace(version=index, deadline=deadline)
                return Touched()
            case Cas() if record is not None and record.version != command.version:
                return VersionMismatch()
            case Set() | Cas() | Add() | Replace():
                self.records[command.key] = Record(index, self._deadline(stamp, command.exptime), command.value)
                return Stored(index)
        raise TypeError(f"{command!r} is none that is known here")

    def _put(self, index: int, stamp: int, put: Put, record: Record | None) -> Result:
        """
        Store a value if the key is as it has to be.
        """
        match put.condition:
            case Need.ABSENT, _ if record is not None:
                return Exists()
            case ((Need.PRESENT | Need.VERSION), _) if record is None:
                return NotFound()
            case Need.VERSION, version if record is not None and record.version != version:
                return VersionMismatch()
        deadline = self._lasting(stamp, put.lifetime, record)
        self.records[put.key] = Record(index, deadline, put.value, put.flags)
        return Stored(index)

    def _lasting(self, stamp: int, lifetime: Lifetime, record: Record | None) -> int:
        """
        Tell when a key expires that is to live so long.
        """
        if lifetime == KEPT:
            return 0 if record is None else record.deadline
        return 0 if lifetime.milliseconds is None else min(stamp + lifetime.milliseconds, FAR_FUTURE)

    def _deadline(self, stamp: int, exptime: int) -> int:
        return min(stamp + exptime * 1000, FAR_FUTURE) if exptime else 0
