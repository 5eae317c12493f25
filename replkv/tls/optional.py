"""
A port that takes connections with TLS, and those without: the first byte of a client tells.

A client that has said nothing is one without TLS, as far as anybody can tell: it may be somebody at a keyboard. So it
is a client at once, with a place among them, for as long as clients may be silent. If its first byte is that of a
handshake, that client ends, and what is connected is a stranger, as it is where all have to speak TLS
(L{replkv.tls.accepting}): bounded in number and time, and without a place until the handshake is over.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IAddress, IConsumer, IHalfCloseableProtocol, IProtocol, ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

HANDSHAKE: Final = 0x16
"""
With this byte a record of a handshake begins, and no command of the text protocol does.
"""


class _ITransport(ITCPTransport, IConsumer):
    """
    A TCP connection of Twisted's.

    @ivar protocol: whom it tells of what happens. Who takes it over puts itself there, as in Twisted's C{startTLS}.
    """

    protocol: IProtocol


@implementer(IHalfCloseableProtocol)
class _FirstByte(Protocol):
    """
    Stands between a connection and its protocol until the first byte is there, and then no longer: whoever speaks
    without TLS has its protocol on the connection itself.
    """

    transport: _ITransport

    def __init__(self, door: OptionalFactory, plain: IProtocol, address: IAddress | None) -> None:
        """
        @param plain: the protocol for who speaks without TLS, an L{IHalfCloseableProtocol}.
        """
        self._door = door
        self._plain = plain
        self._address = address

    def connectionMade(self) -> None:
        """
        It is one without TLS until it says otherwise.
        """
        self._plain.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        if data[0] == HANDSHAKE:
            self._protect(data)
        else:
            self._stepAside()
            self._plain.dataReceived(data)

    def readConnectionLost(self) -> None:
        """
        See L{IHalfCloseableProtocol.readConnectionLost}.
        """
        self._stepAside()
        IHalfCloseableProtocol(self._plain).readConnectionLost()

    def writeConnectionLost(self) -> None:
        """
        See L{IHalfCloseableProtocol.writeConnectionLost}. What comes now is of no interest, whatever it begins with.
        """
        self._stepAside()
        IHalfCloseableProtocol(self._plain).writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        self._plain.connectionLost(reason)

    def _stepAside(self) -> None:
        self.transport.protocol = self._plain

    def _protect(self, data: bytes) -> None:
        """
        Have TLS on this connection, from its first byte on.
        """
        self.transport.unregisterProducer()
        self._plain.connectionLost(connectionDone)
        protected = self._door.protected.buildProtocol(self._address)
        if protected is None:
            self.transport.protocol = Protocol()
            self.transport.abortConnection()
        else:
            self.transport.protocol = protected
            protected.makeConnection(self.transport)
            protected.dataReceived(data)


class OptionalFactory(ServerFactory):
    """
    Makes what looks at the first byte.

    @ivar protected: makes what speaks TLS.
    """

    noisy = False

    def __init__(self, plain: ServerFactory, protected: ServerFactory) -> None:
        """
        @param plain: makes the protocols of those who speak without TLS. It is started and stopped.
        """
        self.protected = protected
        self._plain = plain

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]
        """
        See L{twisted.internet.interfaces.IProtocolFactory.buildProtocol}. Whoever is only told that there is no place
        is told so at once, as long as nobody knows what it speaks.
        """
        plain = self._plain.buildProtocol(addr)
        return _FirstByte(self, plain, addr) if IHalfCloseableProtocol.providedBy(plain) else plain

    def doStart(self) -> None:
        """
        See L{twisted.internet.protocol.Factory.doStart}.
        """
        self._plain.doStart()

    def doStop(self) -> None:
        """
        See L{twisted.internet.protocol.Factory.doStop}.
        """
        self._plain.doStop()
