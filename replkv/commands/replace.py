"""
C{replace}: store a value in the place of another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import StoreCommand
from replkv.commands.layout import Layout
from replkv.commands.results import NotFound, Result, Stored
from replkv.commands.state import State
from replkv.times import deadlineOf


@dataclass(slots=True)
class Replace(StoreCommand):
    """
    Store a value, if there is such a key.
    """

    WORD: ClassVar[bytes] = b"replace"
    PURPOSE: ClassVar[str] = "store the value that follows, if there is such a key"
    KIND: ClassVar[int] = 13
    SINCE: ClassVar[int] = 4
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
    def decode(cls, data: bytes) -> tuple[int, Replace]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, exptime), key, value = cls.LAYOUT.unpack(data)
        return stamp, cls(key, exptime, value, False)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        if state.find(self.key) is None:
            return NotFound()
        return Stored(state.store(self.key, deadlineOf(stamp, self.exptime), self.value))
