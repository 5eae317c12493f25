"""
A command, and its place among the replies of its connection.
"""

from __future__ import annotations

from abc import abstractmethod

from replkv.commands.command import Command
from replkv.commands.results import Result
from replkv.frontends.request import Owner, Request
from replkv.frontends.session import Session
from replkv.wire.lasting import Lasting


class Asked(Request):
    """
    A command whose reply has not been written.

    @ivar room: the bytes that it takes up of what may be pending.
    @ivar reply: the text of the answer, empty where the client wants none; C{None} until there is one.
    @ivar holds: whether what the client asks for next has to wait until this is answered.
    @ivar lasting: what it is the first step of; C{None} where it is all there is to do.
    """

    __slots__ = ("holds", "lasting", "reply", "room")

    def __init__(
        self,
        command: Command,
        session: Session,
        owner: Owner,
        reply: bytes | None = None,
        mayForward: bool = False,
        holds: bool = False,
    ) -> None:
        super().__init__(command, session, owner, mayForward)
        self.room = self.size
        self.reply = reply
        self.holds = holds
        self.lasting: Lasting | None = None

    @abstractmethod
    def told(self, result: Result) -> bytes:
        """
        Make the reply that tells what came of it.
        """

    def next(self) -> Lasting | None:
        """
        What is to be done now that it is answered, as if the client had asked for it: this is for one that L{holds}.
        """
        return None


class Nobody:
    """
    Who asked for what is answered already.
    """

    def answered(self, request: Request, result: Result) -> None:
        """
        See L{Owner.answered}.
        """
        raise AssertionError("it is answered already")
