"""
What the connections between servers need of the server that they belong to.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from replkv.raft.messages import Message


class Receiver(Protocol):
    """
    Takes what comes from other servers: the node.
    """

    def requested(self, sender: int, request: Message) -> Deferred[Message]:
        """
        A request came; what is returned fires with the reply.
        """

    def replied(self, sender: int, reply: Message) -> None:
        """
        The reply to a request of this server came.
        """

    def unreachable(self, peer: int) -> None:
        """
        Requests to C{peer} that were not answered are lost.
        """
