"""
C{gat}: get and touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.expire import Expire
from replkv.commands.layout import Layout
from replkv.commands.results import Item, Items, NotFound, Result
from replkv.commands.state import State
from replkv.users.rights import Right
from replkv.users.user import User


@dataclass(slots=True)
class Gat(Expire):
    """
    Give a key that is there another time to live, and tell what it holds.
    """

    WORD: ClassVar[bytes] = b"gat"
    PURPOSE: ClassVar[str] = "the same, and show what it holds, as gets does"
    KIND: ClassVar[int] = 21
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=False)

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}.
        """
        return user is not None and user.may(Right.WRITE, self.key) and user.may(Right.READ, self.key)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        found = state.find(self.key)
        if found is None:
            return NotFound()
        value, flags = state.contentOf(self.key)
        deadline = self.lifetime.deadline(stamp, found.deadline)
        version = state.store(self.key, deadline, value, flags)
        return Items((Item(self.key, flags, version, max(0, deadline - stamp), value),))
