"""
What the connections between servers carry, and what they need of the server that they belong to.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred

from replkv.raft.messages import Message


class Timed(NamedTuple):
    """
    A message, and how its sender is.

    @ivar time: the cluster's time in milliseconds as the sender knows it; in a reply, 0 where it only guesses.
    @ivar isFull: in the answer to AppendEntries, whether the sender's disk is nearly full.
    """

    message: Message
    time: int
    isFull: bool = False


class Receiver(Protocol):
    """
    Answers other servers: the node.
    """

    def requested(self, sender: int, request: Timed) -> Deferred[Timed]:
        """
        A request came.

        @return: fires with the reply; fails with L{Impossible<replkv.raft.validity.Impossible>} where the sender cannot
            have sent that in its right mind. Then nothing comes of it.
        """


class Unreachable(Exception):
    """
    What was asked of another server is lost: there is no connection to it, or there is none any more.
    """


class TooOld(Unreachable):
    """
    Nothing was asked: the other server speaks no version that has such a request. It does when it is upgraded, and
    until then it is asked in vain, though it is there.
    """
