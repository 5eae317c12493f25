"""
C{revoke}: a user has a right no longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.results import Done, NotFound, Refused, Result
from replkv.commands.state import State
from replkv.commands.usercommand import RightsCommand, spareAdmin


@dataclass(slots=True)
class RevokeRight(RightsCommand):
    """
    Take a right from a user.
    """

    WORD: ClassVar[bytes] = b"revoke"
    PURPOSE: ClassVar[str] = "take it away again"
    KIND: ClassVar[int] = 10
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}. Nobody is to be told that a right
        is taken away which the user has all the same, by another one that goes further.
        """
        users = state.users
        user = users.find(self.user)
        if user is None:
            return NotFound()
        left = tuple(grant for grant in user.grants if grant != self.grant)
        if any(grant.covers(self.right, self.prefix) for grant in left):
            return Refused("the user has it by a right that goes further, too: revoke that first")
        changed = replace(user, grants=left)
        if user.mayDoEverything and not changed.mayDoEverything and users.admins == 1:
            return Refused(spareAdmin("revoke this right"))
        if left != user.grants:
            users.put(changed)
        return Done()
