"""
C{cas}: compare and store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import StoreCommand
from replkv.commands.layout import Layout
from replkv.commands.results import NotFound, Result, Stored, VersionMismatch
from replkv.commands.state import State
from replkv.times import deadlineOf


@dataclass(slots=True)
class Cas(StoreCommand):
    """
    Store a value if the key has the version that the client saw.

    @ivar version: that version, up to 64 bits.
    """

    WORD: ClassVar[bytes] = b"cas"
    PURPOSE: ClassVar[str] = "the same, if the key still has <version>"
    KIND: ClassVar[int] = 2
    SINCE: ClassVar[int] = 3
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=2, hasValue=True)

    exptime: int
    version: int
    value: bytes
    noreply: bool

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.key, self.exptime, self.version) + self.value

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Cas]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, exptime, version), key, value = cls.LAYOUT.unpack(data)
        return stamp, cls(key, exptime, version, value, False)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        if found.version != self.version:
            return VersionMismatch()
        return Stored(state.store(self.key, deadlineOf(stamp, self.exptime), self.value))
