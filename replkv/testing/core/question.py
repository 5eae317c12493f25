"""
What a client asks a server, and how it is told what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from replkv.commands.command import KeyCommand
from replkv.testing.history import Answer


class Refused(NamedTuple):
    """
    The server does not lead: the command was not carried out and will not be.

    @ivar leaderId: who leads, where the server knows it.
    """

    leaderId: int | None


class Lost(NamedTuple):
    """
    Nobody will say what came of it.
    """


Result = Answer | Refused | Lost


class Question:
    """
    A command that a server was given. It is ended once, by the first that is told of it.

    @ivar command: what is asked.
    @ivar isOpen: whether it has not ended.
    """

    __slots__ = ("_ended", "command", "isOpen")

    def __init__(self, command: KeyCommand, ended: Callable[[Question, Result], None]) -> None:
        """
        @param ended: called with what came of it.
        """
        self.command = command
        self.isOpen = True
        self._ended = ended

    def end(self, result: Result) -> None:
        """
        This came of it.
        """
        if self.isOpen:
            self.isOpen = False
            self._ended(self, result)
