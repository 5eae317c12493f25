"""
What the generator has to know of a protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from replkv.client.address import Address


class Dialect(Protocol):
    """
    A protocol in which many commands may be sent without waiting, and are answered in their order.

    @ivar hello: what is sent on each connection before anything else.
    @ivar helloReplies: how many replies answer that.
    """

    hello: bytes
    helloReplies: int

    def fill(self, key: bytes, value: bytes) -> bytes:
        """
        What stores a value before anything is measured.
        """

    def write(self, key: bytes, value: bytes) -> bytes:
        """
        What changes a key.
        """

    def read(self, key: bytes) -> bytes:
        """
        What reads one.
        """

    def cut(self, data: bytes) -> tuple[Sequence[bytes], bytes]:
        """
        Cut what has arrived into replies.

        @return: the replies that are complete: nothing for each that is as it should be, and what is wrong for one that
            is not; and what is left.
        @raise NotUnderstood: if it is no reply.
        """

    def redirect(self, reply: bytes) -> Address | None:
        """
        Where a reply sends the client, if it does.
        """

    def isHopeless(self, reply: bytes) -> bool:
        """
        Whether a reply is the same however often one asks.
        """


class NotUnderstood(Exception):
    """
    What a server sent is no reply.
    """


class Hopeless(Exception):
    """
    The servers do not do what they are asked for, and will not.
    """
