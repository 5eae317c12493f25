"""
C{useradd}: there is another user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.results import Done, Refused, Result
from replkv.commands.state import State
from replkv.commands.usercommand import SecretCommand
from replkv.users.user import MAX_USERS, User


@dataclass(slots=True)
class UserAdd(SecretCommand):
    """
    Add a user, who has no rights yet.
    """

    WORD: ClassVar[bytes] = b"useradd"
    PURPOSE: ClassVar[str] = "add a user, with the scrypt of a token"
    KIND: ClassVar[int] = 6
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=0, hasValue=True)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}. To add the same one again
        changes nothing.
        """
        users = state.users
        there = users.find(self.user)
        if there is not None:
            same = there.secret == self.secret
            return Done() if same else Refused(f"there is a user {self.user.decode('ascii')} already")
        if users.count >= MAX_USERS:
            return Refused(f"there are {users.count} users, and no more can be")
        users.put(User(self.user, self.secret, state.index))
        return Done()
