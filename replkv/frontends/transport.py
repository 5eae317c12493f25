"""
What a client is connected by.
"""

from __future__ import annotations

from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport


class ITransport(ITCPTransport, IConsumer, IPushProducer):
    """
    What a connection needs of its transport: all that a TCP connection of Twisted's is.

    @ivar bufferSize: how many bytes it reads at once.
    """

    bufferSize: int
