"""
C{grant}: a user has another right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.results import Done, NotFound, Refused, Result
from replkv.commands.state import State
from replkv.commands.usercommand import RightsCommand
from replkv.users.user import MAX_GRANTS


@dataclass(slots=True)
class GrantRight(RightsCommand):
    """
    Give a user a right.
    """

    WORD: ClassVar[bytes] = b"grant"
    PURPOSE: ClassVar[str] = "give the user a right over the keys that begin so: read, write, or admin, which is all"
    KIND: ClassVar[int] = 9
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        user = state.users.find(self.user)
        if user is None:
            return NotFound()
        if self.grant in user.grants:
            return Done()
        if user.may(self.right, self.prefix):
            return Refused("the user has it already, by a right that goes further")
        if len(user.grants) >= MAX_GRANTS:
            return Refused(f"the user has {MAX_GRANTS} rights, and can have no more")
        state.users.put(replace(user, grants=(*user.grants, self.grant)))
        return Done()
