"""
A command, and its place among the replies of its connection.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.command import Command
from replkv.commands.extras import Help
from replkv.commands.results import Result, Unavailable
from replkv.frontends.request import Owner, Request
from replkv.frontends.session import Session
from replkv.wire.replies import encodeReply


class Asked(Request):
    """
    A command whose reply has not been written.

    @ivar room: the bytes that it takes up of what may be pending.
    @ivar reply: the text of the answer, empty where the client wants none; C{None} until there is one.
    """

    __slots__ = ("reply", "room")

    def __init__(
        self,
        command: Command,
        session: Session,
        owner: Owner,
        room: int | None = None,
        reply: bytes | None = None,
        mayForward: bool = False,
    ) -> None:
        """
        @param room: as much as its value, where that is not said.
        """
        super().__init__(command, session, owner, mayForward)
        self.room = self.size if room is None else room
        self.reply = reply


class _Nobody:
    """
    Who asked for what is answered already.
    """

    def answered(self, request: Request, result: Result) -> None:
        """
        See L{Owner.answered}.
        """
        raise AssertionError("it is answered already")


REFUSAL: Final = encodeReply(None, Unavailable())
"""
The reply to a command that is refused.
"""

REFUSED: Final = Asked(Help(), Session(""), _Nobody(), room=0, reply=REFUSAL)
"""
Stands in the place of each command that is refused, on all connections: to refuse one is to be cheap.
"""
