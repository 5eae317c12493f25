"""
Connections that begin with TLS, as who is connected to sees them: nobody is there before the handshake is over.
"""

from __future__ import annotations

from typing import Final, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHandshakeListener,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.handshakes import handshakeMistake
from replkv.outside import OutsideLog
from replkv.tls.transport import TlsTransport

HANDSHAKE_TIMEOUT: Final = 5.0
"""
Seconds within which a handshake has to be over.
"""

MAX_HANDSHAKES: Final = 64
"""
How many may be under way at once. Beyond that the oldest is given up: strangers must not keep anybody out.
"""

MAX_CONNECTED: Final = 2 * MAX_HANDSHAKES
"""
How many are there at the most, with those that were given up and are about to go.
"""


@implementer(IHandshakeListener)
class _Stranger(Protocol):
    """
    Somebody, until the handshake is over. Then the protocol is made that it is all for.

    @ivar isClosing: whether it was given up.
    """

    transport: ITCPTransport

    def __init__(self, door: AcceptingFactory, address: IAddress | None) -> None:
        self.isClosing = False
        self._door = door
        self._address = address
        self._protocol: IProtocol | None = None
        self._timeout: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """
        Wait, but not for ever.
        """
        self._timeout = self._door.clock.callLater(HANDSHAKE_TIMEOUT, self.giveUp)
        self._door.begun(self)

    def handshakeCompleted(self) -> None:
        """
        See L{IHandshakeListener.handshakeCompleted}.
        """
        self._ended()
        self._protocol = self._door.factory.buildProtocol(self._address)
        if self._protocol is None:
            self.giveUp()
        else:
            self._protocol.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        if self._protocol is not None:
            self._protocol.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        self._ended()
        if self._protocol is not None:
            self._protocol.connectionLost(reason)
        else:
            self._door.refused(self._address, reason)

    def giveUp(self) -> None:
        """
        Close now.
        """
        self.isClosing = True
        self.transport.abortConnection()

    def _ended(self) -> None:
        if self._timeout is not None and self._timeout.active():
            self._timeout.cancel()
        self._door.ended(self)


class AcceptingFactory(ServerFactory):
    """
    Makes what stands between TLS and the protocols of another factory.

    @ivar factory: that one. It is asked for a protocol when the handshake is over.
    @ivar clock: tells the time.
    """

    noisy = False
    _logger = Logger()

    def __init__(self, factory: ServerFactory, clock: IReactorTime) -> None:
        self.factory = factory
        self.clock = clock
        self._outside = OutsideLog(clock, self._logger)
        self._underWay: dict[_Stranger, None] = {}

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        See L{twisted.internet.interfaces.IProtocolFactory.buildProtocol}.
        """
        return _Stranger(self, addr) if len(self._underWay) < MAX_CONNECTED else None

    def doStart(self) -> None:
        """
        See L{twisted.internet.protocol.Factory.doStart}.
        """
        self.factory.doStart()

    def doStop(self) -> None:
        """
        See L{twisted.internet.protocol.Factory.doStop}.
        """
        self.factory.doStop()

    def begun(self, stranger: _Stranger) -> None:
        """
        Somebody has connected.
        """
        self._underWay[stranger] = None
        waiting = [each for each in self._underWay if not each.isClosing]
        if len(waiting) > MAX_HANDSHAKES:
            waiting[0].giveUp()

    def ended(self, stranger: _Stranger) -> None:
        """
        A handshake is over, or its connection.
        """
        self._underWay.pop(stranger, None)

    def refused(self, address: object, reason: Failure) -> None:
        """
        A connection has ended with its handshake.
        """
        mistake = handshakeMistake(reason.value)
        if mistake is not None:
            host = address.host if isinstance(address, IPv4Address | IPv6Address) else address
            self._outside.say("refusal", f"refused a connection from {host}: {mistake}")


def accepting(creator: IOpenSSLServerConnectionCreator, factory: ServerFactory, clock: IReactorTime) -> ServerFactory:
    """
    Have the connections that are made to a factory begin with TLS.
    """
    return cast(ServerFactory, _TlsFactory(creator, False, AcceptingFactory(factory, clock), clock))


class _TlsFactory(TLSMemoryBIOFactory):
    """
    Twisted's, but that no protocol is none, and not one around nothing.
    """

    noisy = False
    protocol = TlsTransport

    def buildProtocol(self, addr: IAddress | None) -> TlsTransport | None:  # type: ignore[override]
        """
        See L{twisted.internet.interfaces.IProtocolFactory.buildProtocol}.
        """
        wrapped = self.wrappedFactory.buildProtocol(addr)
        return None if wrapped is None else self.protocol(self, wrapped)
