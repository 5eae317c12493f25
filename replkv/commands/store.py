"""
What C{set}, C{add} and C{replace} have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from replkv.commands.command import StoreCommand
from replkv.commands.layout import Layout
from replkv.commands.results import Result, Stored
from replkv.commands.state import State
from replkv.times import deadlineOf


@dataclass(slots=True)
class PlainStoreCommand(StoreCommand):
    """
    A command that stores a value, and needs no more for that than the value and its expiry.
    """

    LAYOUT: ClassVar[Layout]

    exptime: int
    value: bytes
    noreply: bool

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.exptime) + self.value

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Self]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, exptime), key, value = cls.LAYOUT.unpack(data)
        return stamp, cls(key, exptime, value, False)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        return Stored(state.store(self.key, deadlineOf(stamp, self.exptime), self.value))
