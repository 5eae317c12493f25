"""
What C{incr} and C{decr} have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from replkv.commands.command import WriteCommand
from replkv.commands.layout import Layout
from replkv.commands.results import Counted, NotFound, NotNumber, Result
from replkv.commands.state import State
from replkv.users.rights import Right
from replkv.users.user import User

LIMIT: Final = 2**64
"""
Numbers are below this.
"""

_MAX_DIGITS: Final = len(str(LIMIT))


@dataclass(slots=True)
class ArithmeticCommand(WriteCommand):
    """
    A command that changes the number that a key holds, in decimal digits. The key keeps its flags,
    and expires when it would have.

    @ivar delta: by how much, up to 64 bits.
    """

    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout]

    delta: int

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}. Who is told the number has read it.
        """
        return user is not None and user.may(Right.WRITE, self.key) and user.may(Right.READ, self.key)

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.delta)

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Self]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, delta), key, _ = cls.LAYOUT.unpack(data)
        return stamp, cls(key, delta)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        value, flags = state.contentOf(self.key)
        number = numberOf(value)
        if number is None:
            return NotNumber()
        counted = self.counted(number)
        return Counted(state.store(self.key, found.deadline, b"%d" % counted, flags), counted)

    def counted(self, number: int) -> int:
        """
        What comes after a number.
        """
        raise NotImplementedError


def numberOf(value: bytes) -> int | None:
    """
    The number that a value is: decimal digits, up to 64 bits; C{None} if it is none.
    """
    if len(value) > _MAX_DIGITS or not value.isdigit():
        return None
    number = int(value)
    return number if number < LIMIT else None
