"""
C{userdel}: a user is no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.results import Deleted, NotFound, Refused, Result
from replkv.commands.state import State
from replkv.commands.usercommand import UserCommand, spareAdmin
from replkv.users.user import checkName


@dataclass(slots=True)
class UserDel(UserCommand):
    """
    Delete a user. The last who may do everything goes last of all; then everybody may do everything again.
    """

    WORD: ClassVar[bytes] = b"userdel"
    PURPOSE: ClassVar[str] = "delete the user"
    KIND: ClassVar[int] = 8
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=0, hasValue=False)

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.user)

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, UserDel]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp,), name, _ = cls.LAYOUT.unpack(data)
        checkName(name)
        return stamp, cls(name)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        users = state.users
        user = users.find(self.user)
        if user is None:
            return NotFound()
        if user.mayDoEverything and users.admins == 1 and users.count > 1:
            return Refused(spareAdmin("delete this one"))
        users.remove(self.user)
        return Deleted()
