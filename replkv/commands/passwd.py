"""
C{passwd}: a user has another token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.results import Done, NotFound, Result
from replkv.commands.state import State
from replkv.commands.usercommand import SecretCommand
from replkv.users.user import User


@dataclass(slots=True)
class Passwd(SecretCommand):
    """
    Give a user another token. Who has proved to be the user by the one before has to prove it again.
    """

    WORD: ClassVar[bytes] = b"passwd"
    PURPOSE: ClassVar[str] = "have the user log in with another token, by its scrypt; users may do it for themselves"
    KIND: ClassVar[int] = 7
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=0, hasValue=True)

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}.
        """
        return user is not None and (user.name == self.user or user.mayDoEverything)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        user = state.users.find(self.user)
        if user is None:
            return NotFound()
        state.users.put(replace(user, secret=self.secret, since=state.index))
        return Done()
