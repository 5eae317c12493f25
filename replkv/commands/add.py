"""
C{add}: store a value where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.layout import Layout
from replkv.commands.results import Exists, Result
from replkv.commands.state import State
from replkv.commands.store import PlainStoreCommand


@dataclass(slots=True)
class Add(PlainStoreCommand):
    """
    Store a value, if there is no such key.
    """

    WORD: ClassVar[bytes] = b"add"
    PURPOSE: ClassVar[str] = "store the value that follows, if there is no such key"
    KIND: ClassVar[int] = 12
    SINCE: ClassVar[int] = 4
    LAYOUT: ClassVar[Layout] = Layout(KIND, numbers=1, hasValue=True)

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut<replkv.commands.command.LoggedCommand.carryOut>}.
        """
        if state.find(self.key) is not None:
            return Exists()
        # A class with slots is made anew, and super() would look for the one before.
        return PlainStoreCommand.carryOut(self, state, stamp)
