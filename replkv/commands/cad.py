"""
C{cad}: compare and delete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import WriteCommand
from replkv.commands.layout import Layout
from replkv.commands.results import Deleted, NotFound, Result, VersionMismatch
from replkv.commands.state import State


@dataclass(slots=True)
class Cad(WriteCommand):
    """
    Remove a key if it has the version that the client saw.

    @ivar version: that version, up to 64 bits.
    """

    WORD: ClassVar[bytes] = b"cad"
    PURPOSE: ClassVar[str] = "remove the key, if it still has <version>"
    KIND: ClassVar[int] = 14
    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=False)

    version: int

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.version)

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Cad]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, version), key, _ = cls.LAYOUT.unpack(data)
        return stamp, cls(key, version)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        if found.version != self.version:
            return VersionMismatch()
        state.delete(self.key)
        return Deleted()
