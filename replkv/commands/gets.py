"""
C{gets}: ask for all that several keys hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from replkv.commands.command import ReadCommand
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.results import Item, Items, Result, TooLarge
from replkv.commands.state import View
from replkv.users.rights import Right
from replkv.users.user import User

MAX_KEYS: Final = 128
"""
How many keys can be asked for at once.
"""


@dataclass(slots=True)
class Gets(ReadCommand):
    """
    Ask for what keys hold, all at one instant. What they hold has at most as many bytes as one value may have.

    @ivar keys: 1 to L{MAX_KEYS} of them.
    """

    WORD: ClassVar[bytes] = b"gets"
    PURPOSE: ClassVar[str] = "show what the keys hold, with flags, version and milliseconds left"

    keys: tuple[bytes, ...]

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}.
        """
        return user is not None and all(user.may(Right.READ, key) for key in self.keys)

    def tell(self, view: View) -> Result:
        """
        See L{ReadCommand.tell<replkv.commands.command.ReadCommand.tell>}.
        """
        found: list[Item] = []
        size = 0
        for key in self.keys:
            item = view.find(key)
            if item is None:
                continue
            size += len(item.value)
            if size > MAX_VALUE_BYTES:
                return TooLarge()
            found.append(item)
        return Items(tuple(found))
