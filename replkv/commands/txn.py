"""
C{txn}: several comparisons and operations as one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.command import ChangeCommand
from replkv.commands.draft import Draft
from replkv.commands.layout import MAX_VALUE_BYTES, checkStamp
from replkv.commands.results import Failed, Result, TooLarge, Transacted, sizeOf
from replkv.commands.state import State
from replkv.commands.steps import Comparison, Operation, Reader, Step
from replkv.users.user import User

MAX_STEPS: Final = 128
"""
How many comparisons and operations a transaction may have.
"""

_SHOWN: Final = 4
"""
How many of the steps operators are told of.
"""

_HEAD: Final = struct.Struct(">BQB")


@dataclass(slots=True)
class Txn(ChangeCommand):
    """
    Do several things at one instant, if all is as it has to be; otherwise, do nothing. All that it writes has one
    version.

    @ivar steps: 1 to L{MAX_STEPS} of them. The comparisons are made before anything is done, wherever they stand. The
        operations are carried out in their order, and each sees what those before it have written. The values that they
        carry have up to L{MAX_VALUE_BYTES} in all.
    """

    WORD: ClassVar[bytes] = b"txn"
    PURPOSE: ClassVar[str] = "do what the next <n> lines say, all of it or nothing: if, ifvalue, put, delete, get"
    KIND: ClassVar[int] = 23
    SINCE: ClassVar[int] = 4

    steps: tuple[Step, ...]

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}.
        """
        return user is not None and all(step.isAllowedTo(user) for step in self.steps)

    @property
    def about(self) -> str:
        """
        See L{ChangeCommand.about<replkv.commands.command.ChangeCommand.about>}.
        """
        shown = [f"{step.WORD.decode('ascii')} {repr(step.key)[2:-1]}" for step in self.steps[:_SHOWN]]
        more = len(self.steps) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")

    @property
    def valueBytes(self) -> int:
        """
        How many bytes the values that it carries have.
        """
        return sum([step.valueBytes for step in self.steps])

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.

        @raise ValueError: also if there are too many steps, or too large ones.
        """
        checkStamp(stamp)
        _check(self)
        return _HEAD.pack(self.KIND, stamp, len(self.steps)) + b"".join([step.encode() for step in self.steps])

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Txn]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        if len(data) < _HEAD.size:
            raise ValueError(f"a command of kind {cls.KIND} does not have {len(data)} bytes")
        _, stamp, count = _HEAD.unpack_from(data)
        checkStamp(stamp)
        reader = Reader(data, _HEAD.size)
        command = cls(tuple([reader.step() for _ in range(count)]))
        _check(command)
        if not reader.isAtEnd:
            raise ValueError(f"a transaction of {count} steps does not have {len(data)} bytes")
        return stamp, command

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}. No more is read than is told or
        has been sent, and one value more.
        """
        state.meet([step.key for step in self.steps])
        for place, step in enumerate(self.steps, 1):
            if isinstance(step, Comparison) and not step.holds(state):
                return Failed(place)
        draft = Draft(state)
        answers: list[Result] = []
        size = 0
        for step in self.steps:
            if isinstance(step, Operation):
                answer = step.carryOut(draft, stamp)
                size += sizeOf(answer)
                if size > MAX_VALUE_BYTES:
                    return TooLarge()
                answers.append(answer)
        draft.carryOut()
        return Transacted(tuple(answers))


def _check(command: Txn) -> None:
    """
    Refuse a transaction that is too large.

    @raise ValueError: if it is.
    """
    count, size = len(command.steps), command.valueBytes
    if not 0 < count <= MAX_STEPS or size > MAX_VALUE_BYTES:
        raise ValueError(f"no transaction has {count} steps with values of {size} bytes")
