"""
C{expire}: give a key another time to live.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from replkv.commands.command import WriteCommand
from replkv.commands.layout import Layout
from replkv.commands.lifetime import Lifetime
from replkv.commands.results import NotFound, Result, Touched
from replkv.commands.state import State


@dataclass(slots=True)
class Expire(WriteCommand):
    """
    Give a key that is there another time to live, and a new version. All else stays.

    @ivar lifetime: how long it is to live from now.
    """

    WORD: ClassVar[bytes] = b"expire"
    PURPOSE: ClassVar[str] = "have the key live for <lifetime> (0: for ever, 5: seconds, 5ms)"
    KIND: ClassVar[int] = 20
    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=False)

    lifetime: Lifetime

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.lifetime.encode())

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Self]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, lifetime), key, _ = cls.LAYOUT.unpack(data)
        return stamp, cls(key, Lifetime.decode(lifetime))

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        value, flags = state.contentOf(self.key)
        state.store(self.key, self.lifetime.deadline(stamp, found.deadline), value, flags)
        return Touched()
