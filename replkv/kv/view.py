"""
What a read sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replkv.commands.results import Item, KeyInfo
from replkv.commands.state import Overdue
from replkv.kv.machine import StateMachine
from replkv.kv.records import STEP_BYTES


class View:
    """
    The L{View<replkv.commands.state.View>} of a state machine as it is now.

    @ivar read: how many bytes were read, whether they are told or not, and what other work is as much.
    """

    __slots__ = ("_machine", "_time", "read")

    def __init__(self, machine: StateMachine, time: int) -> None:
        """
        @param time: the leader's, when the read arrived, in milliseconds.
        """
        self._machine: Final = machine
        self._time: Final = time
        self.read = 0

    def find(self, key: bytes) -> Item | None:
        """
        See L{View.find<replkv.commands.state.View.find>}.

        @raise replkv.kv.record.RottenRecord: if the record is not what was written.
        @raise replkv.kv.engine.EngineError: if the engine fails.
        """
        self.read += STEP_BYTES
        record = self._machine.read(key)
        if record is None:
            return None
        self.read += len(record.value)
        deadline = record.deadline
        if not deadline:
            return Item(key, record.flags, record.version, 0, record.value)
        left = deadline - self._time
        if left <= 0:
            raise Overdue
        return Item(key, record.flags, record.version, left, record.value)

    def walk(self, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, KeyInfo | None, int]]:
        """
        See L{View.walk<replkv.commands.state.View.walk>}.

        @raise replkv.kv.engine.EngineError: if the engine fails, or one of the records is none.
        """
        time = self._time
        for key, head, valueBytes, size in self._machine.walk(prefix, after):
            self.read += size + STEP_BYTES
            if head is None:
                yield key, None, size
                continue
            if 0 < head.deadline <= time:
                raise Overdue
            yield key, KeyInfo(key, head.version, valueBytes), size
