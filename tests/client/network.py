"""
A network in memory: servers whose every connection the test holds in its hands.
"""

from __future__ import annotations

from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.error import (
    ConnectionDone,
    ConnectionRefusedError,  # noqa: A004
)
from twisted.internet.interfaces import IConnector, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(ITCPTransport)
class Wire(StringTransport):
    """
    The transport of one connection.
    """

    protocol: Protocol
    aborted = False

    def abortConnection(self) -> None:
        """
        See L{ITCPTransport.abortConnection}.
        """
        self.aborted = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        See L{ITCPTransport.setTcpNoDelay}.
        """

    def getTcpNoDelay(self) -> bool:
        """
        See L{ITCPTransport.getTcpNoDelay}.
        """
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        See L{ITCPTransport.setTcpKeepAlive}.
        """

    def getTcpKeepAlive(self) -> bool:
        """
        See L{ITCPTransport.getTcpKeepAlive}.
        """
        return True

    def loseWriteConnection(self) -> None:
        """
        See L{ITCPTransport.loseWriteConnection}.
        """

    def taken(self) -> bytes:
        """
        What was written since this was last asked.
        """
        written: bytes = self.value()
        self.clear()
        return written

    def reply(self, data: bytes) -> None:
        """
        The server sends this.
        """
        self.protocol.dataReceived(data)

    def drop(self) -> None:
        """
        The server ends the connection.
        """
        self.protocol.connectionLost(Failure(ConnectionDone("gone")))


class Network:
    """
    Sees every attempt to connect, and decides what comes of it.

    @ivar reactor: the reactor to give to what is tested.
    """

    def __init__(self, reactor: MemoryReactorClock | None = None) -> None:
        self.reactor = reactor or MemoryReactorClock()
        self._seen = 0

    def attempts(self) -> list[int]:
        """
        The ports that were connected to since this was last asked, in order.
        """
        ports = [client[1] for client in self.reactor.tcpClients[self._seen :]]
        self._seen = len(self.reactor.tcpClients)
        return ports

    def accept(self, port: int) -> Wire:
        """
        Let the latest attempt to connect to this port succeed.
        """
        host, _, factory = next(client for client in reversed(self.reactor.tcpClients) if client[1] == port)[:3]
        wire = Wire()
        protocol = factory.buildProtocol(IPv4Address("TCP", host, port))
        assert protocol is not None
        protocol.makeConnection(wire)
        wire.protocol = protocol  # type: ignore[assignment]
        return wire

    def refuse(self, port: int) -> None:
        """
        Let the latest attempt to connect to this port fail.
        """
        factory = next(client for client in reversed(self.reactor.tcpClients) if client[1] == port)[2]
        connector = cast(IConnector, None)  # HostnameEndpoint does not look at it.
        factory.clientConnectionFailed(connector, Failure(ConnectionRefusedError()))
        # A host may have further addresses: HostnameEndpoint looks once more before it gives up.
        self.reactor.advance(0.1)
