"""
What a read sees.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.results import Item
from replkv.commands.state import Overdue
from replkv.kv.machine import StateMachine


class View:
    """
    The L{View<replkv.commands.state.View>} of a state machine as it is now.
    """

    __slots__ = ("_machine", "_time")

    def __init__(self, machine: StateMachine, time: int) -> None:
        """
        @param time: the leader's, when the read arrived, in milliseconds.
        """
        self._machine: Final = machine
        self._time: Final = time

    def find(self, key: bytes) -> Item | None:
        """
        See L{View.find<replkv.commands.state.View.find>}.

        @raise replkv.kv.record.RottenRecord: if the record is not what was written.
        @raise replkv.kv.engine.EngineError: if the engine fails.
        """
        record = self._machine.read(key)
        if record is None:
            return None
        deadline = record.deadline
        if not deadline:
            return Item(key, record.flags, record.version, 0, record.value)
        left = deadline - self._time
        if left <= 0:
            raise Overdue
        return Item(key, record.flags, record.version, left, record.value)
