"""
What a connection has to know of the protocol that its client speaks.
"""

from __future__ import annotations

from typing import Protocol

from replkv.commands.command import Command
from replkv.frontends.asked import Asked
from replkv.frontends.request import Owner
from replkv.frontends.session import Session


class Parser(Protocol):
    """
    Cuts the input of one connection into commands, or what stands for them: see L{replkv.wire.parser.CommandParser}.
    """

    def feed(self, data: bytes) -> None:
        """
        Take in what has arrived.
        """

    def nextCommand(self) -> Command | None:
        """
        Take out the next command.

        @return: the command, or C{None} if its input has not all arrived.
        """

    @property
    def unfinished(self) -> int:
        """
        How many bytes there are of what may be large and has not arrived whole.
        """

    @property
    def buffered(self) -> int:
        """
        How many bytes are kept of what has arrived last, until all of that is used up.
        """

    def dropValue(self) -> bool:
        """
        Forget what has not arrived whole.

        @return: whether there was something, and the client waits for a reply to it.
        """


class Dialect(Protocol):
    """
    A protocol. All connections of a port share it.

    @ivar refusal: stands in the place of what is refused, since there is no room for it, and has the reply.
    """

    refusal: Asked

    def parser(self) -> Parser:
        """
        Make what cuts the input of one connection.
        """

    def ask(self, command: Command, session: Session, owner: Owner) -> Asked:
        """
        Make of what the parser has found what is to be answered.
        """

    def refused(self, command: Command) -> Asked | None:
        """
        What stands in the place of this command if it is refused, as C{refusal} does: to refuse one is to be cheap.

        @return: C{None} for a command that is not to be refused.
        """
