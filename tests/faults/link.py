"""
The way from one server to another: a proxy that can be told to misbehave.
"""

from __future__ import annotations

import socket
from typing import Any, Final, cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IListeningPort, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from tests.faults.stream import Stream, Transport, Way
from tests.processes.cluster import HOST

_CONNECT_TIMEOUT: Final = 5.0


class Link:
    """
    Listens for one server, and connects it to another.

    Where it hangs, neither end learns that the other has closed a connection; when all is well again, they get all that
    was sent, as after an outage that TCP has outlasted.

    @ivar port: where it listens. The port stays its own while it does not listen.
    @ivar forward: how it goes for what the server sends that connects.
    @ivar back: how it goes for what that one is sent.
    @ivar isOpen: whether it takes connections.
    @ivar pairs: the connections that there are.
    """

    def __init__(self, reactor: Any, target: int) -> None:
        """
        @param target: the port of the server that is connected to.
        """
        self.forward = Way()
        self.back = Way()
        self.reactor = reactor
        self.pairs: dict[Pair, None] = {}
        self._target = target
        self.isOpen = True
        self._listening: IListeningPort | None = None
        self._closing: Deferred[None] | None = None
        # Bound and no more: it keeps the port from anyone else, but does not accept.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((HOST, 0))
        self.port: int = self._reserved.getsockname()[1]
        self._factory = Factory.forProtocol(lambda: Pair(self).incoming)
        self._factory.noisy = False
        self._settle()

    def cut(self) -> None:
        """
        Close all connections, and refuse others.
        """
        self.isOpen = False
        for pair in list(self.pairs):
            pair.abort()
        self._settle()

    def heal(self) -> None:
        """
        Let all be well again.
        """
        self.isOpen = True
        self.forward.heal()
        self.back.heal()
        self._settle()
        self.changed()

    def changed(self) -> None:
        """
        Take note that L{forward} or L{back} was changed.
        """
        for pair in list(self.pairs):
            pair.go()

    async def close(self) -> None:
        """
        Close all.
        """
        self.cut()
        if self._closing is not None:
            await self._closing
        self._reserved.close()

    def accepted(self, pair: Pair) -> None:
        """
        A server has connected.
        """
        if not self.isOpen:
            pair.abort()
            return
        self.pairs[pair] = None
        factory = Factory.forProtocol(lambda: pair.outgoing)
        factory.noisy = False
        connected = TCP4ClientEndpoint(self.reactor, HOST, self._target, _CONNECT_TIMEOUT).connect(factory)
        # Here, too, a link that hangs does not tell.
        connected.addErrback(lambda _: pair.outgoing.connectionLost())

    def _settle(self) -> None:
        """
        Listen, or stop listening; one after the other, since either takes its time.
        """
        if self._closing is not None:
            return
        if self.isOpen and self._listening is None:
            self._listening = self.reactor.listenTCP(self.port, self._factory, interface=HOST)
        elif not self.isOpen and self._listening is not None:
            listening, self._listening = self._listening, None
            self._closing = maybeDeferred(listening.stopListening).addCallback(self._stopped)

    def _stopped(self, _: object) -> None:
        self._closing = None
        self._settle()


class Pair:
    """
    A connection through a link: one with the server that connects, and one with the other.
    """

    def __init__(self, link: Link) -> None:
        forward = Stream(link.reactor, link.forward)
        back = Stream(link.reactor, link.back)
        self.incoming = End(self, forward, back)
        self.outgoing = End(self, back, forward)
        self._link = link
        self._streams = (forward, back)
        self._isOver = False

    def go(self) -> None:
        """
        Deliver what may be delivered now.
        """
        for stream in self._streams:
            stream.go()

    def made(self, end: End) -> None:
        """
        One of the connections is made.
        """
        if end is self.incoming:
            self._link.accepted(self)
        elif self._isOver:
            end.transport.abortConnection()

    def lost(self) -> None:
        """
        One of the connections is lost.
        """
        if self.incoming.isLost and self.outgoing.isLost:
            self._forget()

    def abort(self) -> None:
        """
        Close both at once.
        """
        self._forget()
        for end in (self.incoming, self.outgoing):
            if end.connected:
                end.transport.abortConnection()

    def _forget(self) -> None:
        self._isOver = True
        self._link.pairs.pop(self, None)
        for stream in self._streams:
            stream.stop()


class End(Protocol):
    """
    One of the two connections.

    @ivar isLost: whether it is lost, or could not be made.
    """

    transport: ITCPTransport

    def __init__(self, pair: Pair, sent: Stream, received: Stream) -> None:
        """
        @param sent: takes what the server at the other end sends.
        @param received: carries what that server is sent.
        """
        self.isLost = False
        self._pair = pair
        self._sent = sent
        self._received = received

    def connectionMade(self) -> None:
        """
        Begin.
        """
        self.transport.setTcpNoDelay(True)
        transport = cast(Transport, self.transport)
        self._sent.source = transport
        self._received.attach(transport)
        self._pair.made(self)

    def dataReceived(self, data: bytes) -> None:
        """
        The server has sent something.
        """
        self._sent.arrived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The server has closed, or cannot be reached.
        """
        self.isLost = True
        self._received.sink = None
        self._sent.ended()
        self._pair.lost()
