"""
How commands of clients come from a server that does not lead to the one that does, and what came of them back.

They are asked for as one batch, and the answer tells what came of as many as are answered then, in their order. Where
that are not all, because some are slow or because it would be too many bytes at once, the rest is asked for with the
same number. So no answer is late, however slow a command is, and none is longer than an argument may be.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred


class Forward(NamedTuple):
    """
    Commands; or the question for the rest of the replies to them.

    @ivar term: they are for who leads in this term, and for no one else.
    @ivar number: which ones they are. No others on the connection have it.
    @ivar logins: in whose names they are carried out.
    @ivar commands: what they are; nothing where the rest is asked for.
    """

    term: int
    number: int
    logins: bytes = b""
    commands: bytes = b""


class ForwardReplies(NamedTuple):
    """
    What came of them.

    @ivar replies: of the next ones, in their order. Where it is none, and there is no rest, no command was taken, and
        none will be: this server does not lead, or in another term.
    @ivar isWhole: whether there is no rest.
    """

    replies: bytes
    isWhole: bool


NONE_TAKEN: Final = ForwardReplies(b"", True)
"""
Says that no command was taken.
"""


class Forwarding(Protocol):
    """
    What takes the commands that come by one connection.
    """

    def take(self, forward: Forward) -> Deferred[ForwardReplies]:
        """
        Have commands carried out, or go on to tell what came of them.

        @raise ValueError: if no server in its right mind asks that.
        """

    def close(self) -> None:
        """
        The connection is lost: nobody asks what came of the commands.
        """


class Forwards(Protocol):
    """
    A server that takes them.
    """

    def open(self, sender: int) -> Forwarding:
        """
        Server C{sender} has a new connection, on which it may forward commands.
        """
