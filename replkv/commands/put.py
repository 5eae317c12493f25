"""
C{put}: store a value with all that may belong to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.command import ValueCommand
from replkv.commands.condition import ANY, Condition, Need
from replkv.commands.layout import Layout
from replkv.commands.lifetime import Lifetime
from replkv.commands.results import Result, Stored
from replkv.commands.state import State

MAX_FLAGS: Final = 2**32 - 1

_NEED_AT: Final = 32
_NEEDS: Final = tuple(Need)  # To make one of its number takes an enumeration long.


@dataclass(slots=True)
class Put(ValueCommand):
    """
    Store a value, if the key is as it has to be.

    @ivar flags: a number of 32 bits that is the client's, and kept with the value.
    @ivar lifetime: how long the key is to live.
    @ivar condition: what it has to be like.
    """

    WORD: ClassVar[bytes] = b"put"
    PURPOSE: ClassVar[str] = "store the value that follows, with all that may be said"
    KIND: ClassVar[int] = 19
    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=3, hasValue=True)

    flags: int
    lifetime: Lifetime
    condition: Condition
    value: bytes
    noreply: bool

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        need, version = self.condition
        head = self.LAYOUT.pack(stamp, self.key, need << _NEED_AT | self.flags, self.lifetime.encode(), version)
        return head + self.value

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Put]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, first, lifetime, version), key, value = cls.LAYOUT.unpack(data)
        need = first >> _NEED_AT & 3
        condition = Condition(_NEEDS[need], version) if need or version else ANY
        return stamp, cls(key, first & MAX_FLAGS, Lifetime.decode(lifetime), condition, value, False)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        lifetime = self.lifetime
        if self.condition is ANY and not lifetime.isKept:
            # So it mostly is, and what the key had need not be found.
            return Stored(state.store(self.key, lifetime.deadline(stamp, 0), self.value, self.flags))
        found = state.find(self.key)
        refusal = self.condition.whyNot(found)
        if refusal is not None:
            return refusal
        deadline = lifetime.deadline(stamp, 0 if found is None else found.deadline)
        return Stored(state.store(self.key, deadline, self.value, self.flags))
