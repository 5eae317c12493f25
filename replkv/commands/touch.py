"""
C{touch}: give a key another expiry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import WriteCommand
from replkv.commands.layout import Layout
from replkv.commands.results import NotFound, Result, Touched
from replkv.commands.state import State
from replkv.times import deadlineOf


@dataclass(slots=True)
class Touch(WriteCommand):
    """
    Give a key that is there another expiry, and a new version. Its value stays.

    @ivar exptime: the seconds that the key is to live from now, up to 64 bits; 0 is for ever.
    """

    WORD: ClassVar[bytes] = b"touch"
    PURPOSE: ClassVar[str] = "have the key expire in <exptime> seconds (0: never)"
    KIND: ClassVar[int] = 5
    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=False)

    exptime: int

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.exptime)

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Touch]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, exptime), key, _ = cls.LAYOUT.unpack(data)
        return stamp, cls(key, exptime)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        if state.find(self.key) is None:
            return NotFound()
        value, flags = state.contentOf(self.key)
        state.store(self.key, deadlineOf(stamp, self.exptime), value, flags)
        return Touched()
