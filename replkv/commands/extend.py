"""
What C{append} and C{prepend} have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from replkv.commands.command import ValueCommand
from replkv.commands.layout import MAX_VALUE_BYTES, Layout
from replkv.commands.results import NotFound, Result, Stored, TooLarge
from replkv.commands.state import State


@dataclass(slots=True)
class ExtendCommand(ValueCommand):
    """
    A command that makes the value of a key longer. The key keeps its flags, and expires when it would have.

    @ivar most: how long the value may be then: what the leader's servers file says stands in the log, so that all
        servers come to the same, whatever theirs say.
    """

    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout]

    value: bytes
    noreply: bool
    most: int = field(default=MAX_VALUE_BYTES, kw_only=True)

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.most) + self.value

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Self]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, most), key, value = cls.LAYOUT.unpack(data)
        return stamp, cls(key, value, False, most=most)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        value, flags = state.contentOf(self.key)
        if len(value) + len(self.value) > self.most:
            return TooLarge()
        return Stored(state.store(self.key, found.deadline, self.extended(value), flags))

    def extended(self, value: bytes) -> bytes:
        """
        Make a value longer.
        """
        raise NotImplementedError
