"""
C{set}: store a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import StoreCommand
from replkv.commands.layout import Layout
from replkv.commands.results import Result, Stored
from replkv.commands.state import State
from replkv.times import deadlineOf


@dataclass(slots=True)
class Set(StoreCommand):
    """
    Store a value, whatever the key had.
    """

    WORD: ClassVar[bytes] = b"set"
    PURPOSE: ClassVar[str] = "store the value that follows, for <exptime> seconds (0: for ever)"
    KIND: ClassVar[int] = 1
    SINCE: ClassVar[int] = 3
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)

    exptime: int
    value: bytes
    noreply: bool

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.exptime) + self.value

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Set]:
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
