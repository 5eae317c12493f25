"""
What the connections between servers need of the server that they belong to.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred

from replkv.raft.messages import Message


class Timed(NamedTuple):
    """
    A message, and its sender's clock.

    @ivar time: the cluster's time in milliseconds as the sender knows it; in a reply, 0 where it only guesses.
    """

    message: Message
    time: int


class Receiver(Protocol):
    """
    Takes what comes from other servers: the node.
    """

    def requested(self, sender: int, request: Timed) -> Deferred[Timed]:
        """
        A request came; what is returned fires with the reply.
        """

    def replied(self, sender: int, reply: Timed) -> None:
        """
        The reply to a request of this server came.
        """

    def unreachable(self, peer: int) -> None:
        """
        Requests to C{peer} that were not answered are lost.
        """
