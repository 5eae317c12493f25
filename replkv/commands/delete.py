"""
C{delete}: remove a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import WriteCommand
from replkv.commands.layout import Layout
from replkv.commands.results import Deleted, NotFound, Result
from replkv.commands.state import State


@dataclass(slots=True)
class Delete(WriteCommand):
    """
    Remove a key.
    """

    WORD: ClassVar[bytes] = b"delete"
    PURPOSE: ClassVar[str] = "remove the key"
    KIND: ClassVar[int] = 3
    SINCE: ClassVar[int] = 3
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=0, hasValue=False)

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key)

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Delete]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp,), key, _ = cls.LAYOUT.unpack(data)
        return stamp, cls(key)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        if state.find(self.key) is None:
            return NotFound()
        state.delete(self.key)
        return Deleted()
