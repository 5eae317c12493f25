"""
C{deletep}: remove the keys that begin with the same bytes.
"""

from __future__ import annotations

import struct
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.command import ChangeCommand
from replkv.commands.keyrange import checkRange, described
from replkv.commands.layout import checkStamp
from replkv.commands.results import Removed, Result
from replkv.commands.state import State
from replkv.users.rights import Right
from replkv.users.user import User

MOST_REMOVED: Final = 128
"""
How many records one command frees, at most. This and what follows is part of the state machine: servers that differ in
it diverge.
"""

MOST_MET: Final = 1024
"""
How many records one command looks at, at most.
"""

MOST_BYTES: Final = 4 * 1024 * 1024
"""
A command that has looked at records of so many bytes looks at no more.
"""

_HEAD: Final = struct.Struct(">BQQBB")


@dataclass(slots=True)
class DeletePrefix(ChangeCommand):
    """
    Remove keys that begin with the same bytes, in their order. One command does no more than a bounded part of that,
    all of it at one instant, and tells where the next one has to go on.

    @ivar prefix: how they begin, in up to 250 bytes.
    @ivar below: those go that have a version below this one: so what is written after the first command is spared by
        all of them. 0 is the version that this command would give.
    @ivar after: the keys after this one; empty for the first of them.
    """

    WORD: ClassVar[bytes] = b"deletep"
    PURPOSE: ClassVar[str] = "remove keys that begin so and have a version below that one (0: that are there now)"
    KIND: ClassVar[int] = 22
    SINCE: ClassVar[int] = 4

    prefix: bytes
    below: int
    after: bytes = b""

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}. It takes the right over all keys that
        may begin so.
        """
        return user is not None and user.may(Right.WRITE, self.prefix)

    @property
    def about(self) -> str:
        """
        See L{ChangeCommand.about<replkv.commands.command.ChangeCommand.about>}.
        """
        return described(self.prefix)

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        checkStamp(stamp)
        checkRange(self.prefix, self.after)
        head = _HEAD.pack(self.KIND, stamp, self.below, len(self.prefix), len(self.after))
        return head + self.prefix + self.after

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, DeletePrefix]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        if len(data) < _HEAD.size:
            raise ValueError(f"a command of kind {cls.KIND} does not have {len(data)} bytes")
        _, stamp, below, prefixLength, afterLength = _HEAD.unpack_from(data)
        checkStamp(stamp)
        middle = _HEAD.size + prefixLength
        if len(data) != middle + afterLength:
            raise ValueError(
                f"a command of kind {cls.KIND} with {prefixLength} and {afterLength} bytes does not have {len(data)}"
            )
        prefix, after = data[_HEAD.size : middle], data[middle:]
        checkRange(prefix, after)
        return stamp, cls(prefix, below, after)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}. What has expired and is not freed
        yet is freed too, and not counted.
        """
        below = self.below or state.index
        count = removed = size = 0
        last = self.after
        with closing(state.walk(self.prefix, self.after)) as records:
            for met, (key, head, recordBytes) in enumerate(records):
                if removed == MOST_REMOVED or met == MOST_MET or size >= MOST_BYTES:
                    return Removed(count, below, last)
                size += recordBytes
                last = key
                if head.version < below:
                    removed += 1
                    count += state.find(key) is not None
                    state.delete(key)
        return Removed(count)
