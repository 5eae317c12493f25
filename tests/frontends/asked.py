"""
A command of a client that looks at values, and not at bytes.
"""

from __future__ import annotations

from replkv.commands.command import Command
from replkv.commands.results import Found, Result
from replkv.frontends.request import Request
from replkv.frontends.session import Session


class Asked(Request):
    """
    A command that keeps what came of it.

    @ivar result: that; C{None} until it is answered.
    """

    __slots__ = ("result",)

    def __init__(self, command: Command, session: Session | None = None, mayForward: bool = False) -> None:
        """
        @param session: whose command it is; by default, a session of its own.
        """
        super().__init__(command, Session("") if session is None else session, self, mayForward)
        self.result: Result | None = None

    def answered(self, request: Request, result: Result) -> None:
        """
        Keep it.
        """
        self.result = result

    @property
    def value(self) -> bytes | None:
        """
        The value that it was answered with, if it was answered with one.
        """
        return self.result.value if isinstance(self.result, Found) else None
