"""
What a node needs of its connections to other servers.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from replkv.peers.forwards import Forward, ForwardReplies
from replkv.peers.receiver import Timed
from replkv.raft.messages import Message


class Link(Protocol):
    """
    The way to one other server.

    @ivar peer: its id.
    @ivar isUp: whether it is connected.
    """

    peer: int
    isUp: bool

    @property
    def canForward(self) -> bool:
        """
        Whether it is, and that server takes commands of this one's clients.
        """

    def send(self, request: Timed) -> Deferred[Timed]:
        """
        Ask for something.

        @return: fires with the reply, or fails with L{Unreachable}.
        """

    def forward(self, forward: Forward) -> Deferred[ForwardReplies]:
        """
        Have commands of clients carried out.

        @return: fires with what came of them, or fails with L{Unreachable}.
        """

    def whenLost(self) -> Deferred[None]:
        """
        @return: fires when a connection is lost the next time. That server may come back as another process, though
            nothing was asked of it meanwhile.
        """

    def canAsk(self, message: Message) -> bool:
        """
        Whether that server is connected, and knows such a request.
        """

    def mistake(self, reason: str) -> None:
        """
        That server has answered what it cannot have answered in its right mind: close the connection.
        """

    def condemn(self) -> None:
        """
        Have no more to do with that server: it lacks what it had acknowledged.
        """
