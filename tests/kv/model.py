"""
What the state machine should do, in as few words as possible: no engine, no index, no batches.
"""

from __future__ import annotations

from replkv.kv.command import CAS, DELETE, SET, Command, decode
from replkv.kv.machine import Outcome, Record
from replkv.raft.entry import Entry


class Model:
    """
    The reference to which L{StateMachine<replkv.kv.machine.StateMachine>} is held.

    @ivar records: all that is held, expired or not.
    """

    def __init__(self, purgeLimit: int) -> None:
        self.purgeLimit = purgeLimit
        self.clock = 0
        self.records: dict[bytes, Record] = {}

    def apply(self, entry: Entry) -> Outcome:
        """
        Apply one entry.
        """
        command = decode(entry.data)
        self.clock = max(self.clock, command.stamp)
        outcome = self._carryOut(entry.index, command)
        expired = [(record.deadline, key) for key, record in self.records.items() if 0 < record.deadline <= self.clock]
        for _, key in sorted(expired)[: self.purgeLimit]:
            del self.records[key]
        return outcome

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

    def _carryOut(self, index: int, command: Command) -> Outcome:
        """
        Carry out one command at the time that the clock shows.
        """
        if command.kind not in (SET, CAS, DELETE):
            return Outcome.NOTHING
        if command.kind != SET:
            record = self.visible(command.key)
            if record is None:
                return Outcome.NOT_FOUND
            if command.kind == DELETE:
                del self.records[command.key]
                return Outcome.DELETED
            if record.version != command.version:
                return Outcome.VERSION_MISMATCH
        self.records[command.key] = Record(index, command.deadline, command.value)
        return Outcome.STORED
