"""
TLS under a protocol, in Twisted's terms, with what that lacks here.
"""

from __future__ import annotations

from typing import Any, Final, cast

from twisted.internet.interfaces import IConsumer, IPullProducer
from twisted.protocols.tls import BufferingTLSTransport
from zope.interface import implementer

PIECE_BYTES: Final = 16 * 1024
"""
In pieces of so many bytes OpenSSL is given what has come. It never gives back the memory that it has taken for the
longest one, a third more than that; and a record is not longer.
"""


@implementer(IPullProducer)
class _Drained:
    """
    A pull producer on the connection under TLS. One that is registered there keeps that from closing, so it goes when
    the connection is to be closed.
    """

    def __init__(self, producer: IPullProducer, transport: Any) -> None:
        self._producer = producer
        self._transport = transport

    def resumeProducing(self) -> None:
        """
        The system has all that was written.
        """
        if self._transport.disconnecting:
            self._transport.unregisterProducer()
        else:
            self._producer.resumeProducing()

    def stopProducing(self) -> None:
        """
        See L{IPullProducer.stopProducing}.
        """
        self._producer.stopProducing()


class TlsTransport(BufferingTLSTransport):
    """
    The transport of a connection with TLS.

    A producer that pulls is told when the system has all that was written, as it is without TLS. Twisted's own would
    ask it all the time, since it takes whatever there is. What such a one writes is encrypted at once, and not joined
    with what else it may write in this turn: it would be told that the system has what waits to be joined.
    """

    _drained = False

    @property
    def bufferSize(self) -> int:
        """
        How many bytes the connection under TLS reads at once.
        """
        return cast(int, cast(Any, self.transport).bufferSize)

    @bufferSize.setter
    def bufferSize(self, size: int) -> None:
        cast(Any, self.transport).bufferSize = size

    def dataReceived(self, data: bytes) -> None:
        """
        See L{twisted.internet.interfaces.IProtocol.dataReceived}.
        """
        for start in range(0, len(data), PIECE_BYTES):
            if self._lostTLSConnection:
                break
            super().dataReceived(data[start : start + PIECE_BYTES])

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See L{twisted.internet.interfaces.IConsumer.registerProducer}.
        """
        if streaming:
            super().registerProducer(producer, streaming)
        else:
            self._drained = True
            self.write = super(BufferingTLSTransport, self).write  # type: ignore[method-assign]
            cast(IConsumer, self.transport).registerProducer(_Drained(producer, self.transport), False)

    def unregisterProducer(self) -> None:
        """
        See L{twisted.internet.interfaces.IConsumer.unregisterProducer}.
        """
        if self._drained:
            self._drained = False
            cast(IConsumer, self.transport).unregisterProducer()
        else:
            super().unregisterProducer()

    def abortConnection(self) -> None:
        """
        See L{twisted.internet.interfaces.ITCPTransport.abortConnection}. What is lost already has nothing to be torn
        down any more.
        """
        if self.connected:
            super().abortConnection()
