"""
The text protocol, as a connection sees it.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.auth import Auth
from replkv.commands.command import Command, DataCommand
from replkv.commands.extras import Help
from replkv.commands.results import Result, Unavailable
from replkv.frontends.asked import Asked, Nobody
from replkv.frontends.request import Owner
from replkv.frontends.session import Session
from replkv.wire.parser import CommandParser
from replkv.wire.replies import encodeReply

DEFAULT_MAX_VALUE_BYTES: Final = 1024 * 1024


class TextAsked(Asked):
    """
    A command of the text protocol.
    """

    __slots__ = ()

    def told(self, result: Result) -> bytes:
        """
        See L{Asked.told}.
        """
        return encodeReply(self.command, result)


REFUSED: Final = TextAsked(Help(), Session(""), Nobody(), encodeReply(None, Unavailable()))
"""
Stands in the place of each command that is refused, on all connections.
"""


class TextDialect:
    """
    See L{replkv.frontends.dialect.Dialect}.

    @ivar refusal: see there.
    """

    def __init__(self, maxValueBytes: int = DEFAULT_MAX_VALUE_BYTES, mayForward: bool = False) -> None:
        """
        @param maxValueBytes: the longest value that is taken.
        @param mayForward: whether what clients ask is passed on to the server that leads; they are redirected
            otherwise.
        """
        self.refusal: Asked = REFUSED
        self._maxValueBytes = maxValueBytes
        self._mayForward = mayForward

    def parser(self) -> CommandParser:
        """
        See L{Dialect.parser<replkv.frontends.dialect.Dialect.parser>}.
        """
        return CommandParser(self._maxValueBytes)

    def ask(self, command: Command, session: Session, owner: Owner) -> TextAsked:
        """
        See L{Dialect.ask<replkv.frontends.dialect.Dialect.ask>}.
        """
        # In whose name the next commands are carried out is to be known first.
        isLogin = isinstance(command, Auth)
        return TextAsked(command, session, owner, mayForward=self._mayForward, holds=isLogin)

    def refused(self, command: Command) -> TextAsked | None:
        """
        See L{Dialect.refused<replkv.frontends.dialect.Dialect.refused>}.
        """
        return REFUSED if isinstance(command, DataCommand) else None
