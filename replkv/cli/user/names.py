"""
Commands about one user.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.usage import UsageError

from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.command import PathCommand, Signalled, runReactor
from replkv.cli.streams import tell
from replkv.client.arguments import checkedUser
from replkv.client.client import Client
from replkv.client.errors import CommandError, OutcomeUnknown

_T = TypeVar("_T")

TIMEOUT: Final[list[str | None]] = ["timeout", "t", "10", "For how many seconds it is tried."]
"""
The option that all of them have.
"""


class NameCommand(PathCommand, CallingCommand):
    """
    A command about one user.

    @cvar again: what to do where the outcome is not known.
    """

    subject = "the user"
    again: ClassVar[str] = "it does no harm to do it again"

    def parseArgs(self, *words: str) -> None:
        """
        Take the name.
        """
        super().parseArgs(*words)
        self._checkName()

    def _checkName(self) -> None:
        try:
            checkedUser(self["path"])
        except CommandError as error:
            raise UsageError(str(error)) from None

    def ask(self, connect: Connect, main: Callable[[Client], Coroutine[Deferred[Any], Any, _T]]) -> _T:
        """
        Have the cluster do something.

        @return: what comes of it.
        @raise Signalled: if a signal came first, and the user was told what to do.
        @raise OutcomeUnknown: if nobody knows, and the text says what to do.
        """
        try:
            return runReactor(lambda reactor: main(connect(reactor)))
        except Signalled:
            tell(f"interrupted, it may or may not have been done: {self.again}")
            raise
        except OutcomeUnknown as error:
            raise OutcomeUnknown(f"{error}; {self.again}") from None
