"""
Simulated TCP connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.testing.cluster.process import Process

if TYPE_CHECKING:
    from replkv.testing.cluster.network import Network

BUFFER_BYTES: Final = 64 * 1024
"""
When so much waits to be sent, a producer is paused; and so much may wait at the other side to be read.
"""


class Connection:
    """
    @ivar connecting: the end that asked for it.
    @ivar accepting: the end that listened.
    """

    def __init__(
        self,
        network: Network,
        connecting: Process,
        connectingAddress: IPv4Address,
        accepting: Process,
        acceptingAddress: IPv4Address,
        lost: Callable[[Failure], None],
    ) -> None:
        """
        @param lost: called when the connecting end was told that the connection is lost.
        """
        self.connecting = End(network, self, connecting, connectingAddress, lost)
        self.accepting = End(network, self, accepting, acceptingAddress, lambda reason: None)
        self.connecting.other = self.accepting
        self.accepting.other = self.connecting
        self._ends = (self.connecting, self.accepting)
        self._network = network
        network.connections[self] = None

    def open(self, protocol: Protocol, accept: Callable[[], Protocol | None]) -> None:
        """
        Begin.

        @param protocol: the connecting side's.
        @param accept: makes the accepting side's.
        """
        self.accepting.process.perform(self._accept, accept)
        self.connecting.begin(protocol)

    def _accept(self, accept: Callable[[], Protocol | None]) -> None:
        protocol = accept()
        if protocol is None:
            self.accepting.abortConnection()
        else:
            self.accepting.begin(protocol)

    def isBetween(self, one: str, other: str) -> bool:
        """
        Whether it is between these hosts.
        """
        return {one, other} == {end.process.host for end in self._ends}

    def wake(self, sender: str, to: str) -> None:
        """
        The way from C{sender} to C{to} is open again.
        """
        for end in self._ends:
            if end.process.host == sender and end.other.process.host == to:
                end.wake()

    def reset(self) -> None:
        """
        Lose it.
        """
        for end in self._ends:
            end.lose(ConnectionLost())

    def processEnded(self, process: Process, silently: bool) -> None:
        """
        A process has ended.
        """
        for end in self._ends:
            if end.process is process:
                end.vanish(silently)

    def hostReturned(self, host: str) -> None:
        """
        A host that had gone is there again.
        """
        for end in self._ends:
            if end.process.host == host and not end.process.alive:
                end.vanish(False)

    def settle(self) -> None:
        """
        Forget the connection when both ends are through with it.
        """
        if all(end.isOver for end in self._ends):
            self._network.connections.pop(self, None)


@implementer(ITCPTransport, IConsumer, IPushProducer)
class End:
    """
    One end: the transport of its protocol.

    @ivar process: whose it is.
    @ivar other: the other end.
    @ivar isOver: whether nothing comes from it or goes to it any more.
    """

    other: End

    def __init__(
        self,
        network: Network,
        connection: Connection,
        process: Process,
        address: IPv4Address,
        lost: Callable[[Failure], None],
    ) -> None:
        self.process = process
        self.isOver = False
        self.disconnecting = False
        self._network = network
        self._connection = connection
        self._address = address
        self._lost = lost
        self._protocol: Protocol | None = None
        self._unsent = bytearray()
        self._unread = bytearray()
        self._sending = False
        self._stalled = False
        self._finishing = False  # Nothing is written any more, and the other side is told when it has all.
        self._finished = False
        self._inputEnded = False
        self._reading = True
        self._resetting = False
        self._producer: Any = None
        self._producerPaused = False

    def begin(self, protocol: Protocol) -> None:
        """
        Connect the protocol.
        """
        self._protocol = protocol
        protocol.makeConnection(self)
        self._readOn()

    # ITransport and ITCPTransport

    def write(self, data: bytes) -> None:
        """
        See L{ITCPTransport.write}.
        """
        if self.isOver or self._finishing or not data:
            return
        self._unsent += data
        self._send()
        if self._producer is not None and len(self._unsent) > BUFFER_BYTES and not self._producerPaused:
            self._producerPaused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See L{ITCPTransport.writeSequence}.
        """
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """
        See L{ITCPTransport.loseConnection}.
        """
        if not self.isOver:
            self.disconnecting = True
            self._finishing = True
            self._send()

    def loseWriteConnection(self) -> None:
        """
        See L{ITCPTransport.loseWriteConnection}.
        """
        self._finishing = True
        self._send()

    def abortConnection(self) -> None:
        """
        See L{ITCPTransport.abortConnection}.
        """
        if not self.isOver:
            self._resetOther()
            self.process.callLater(0, self._end, ConnectionAborted())

    def getPeer(self) -> IPv4Address:
        """
        See L{ITCPTransport.getPeer}.
        """
        return self.other._address

    def getHost(self) -> IPv4Address:
        """
        See L{ITCPTransport.getHost}.
        """
        return self._address

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        See L{ITCPTransport.setTcpNoDelay}. Nothing is delayed anyway.
        """

    def getTcpNoDelay(self) -> bool:
        """
        See L{ITCPTransport.getTcpNoDelay}.
        """
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        See L{ITCPTransport.setTcpKeepAlive}. What it does comes after hours, which no simulation lasts.
        """

    def getTcpKeepAlive(self) -> bool:
        """
        See L{ITCPTransport.getTcpKeepAlive}.
        """
        return True

    # IConsumer and IPushProducer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See L{IConsumer.registerProducer}. Only push producers are known.
        """
        assert streaming
        self._producer = producer

    def unregisterProducer(self) -> None:
        """
        See L{IConsumer.unregisterProducer}.
        """
        self._producer = None
        self._producerPaused = False

    def pauseProducing(self) -> None:
        """
        See L{IPushProducer.pauseProducing}.
        """
        self._reading = False

    def resumeProducing(self) -> None:
        """
        See L{IPushProducer.resumeProducing}.
        """
        if not self._reading and not self.isOver:
            self._reading = True
            self.process.callLater(0, self._readOn)

    def stopProducing(self) -> None:
        """
        See L{twisted.internet.interfaces.IProducer.stopProducing}.
        """
        self.loseConnection()

    # From this end to the other.

    def wake(self) -> None:
        """
        The way to the other end may be open.
        """
        if self._stalled:
            self._stalled = self._sending = False
            self._send()

    def lose(self, error: Exception) -> None:
        """
        The connection is lost, as this end finds out.
        """
        if self.process.alive:
            self.process.perform(self._end, error)
        else:
            self._over()

    def vanish(self, silently: bool) -> None:
        """
        This end's process has ended.
        """
        self._unsent.clear()
        self._protocol = None
        if silently:
            return
        self._resetOther()
        self._over()

    def _resetOther(self) -> None:
        self._unsent.clear()
        self._resetting = True
        self._send()

    def _send(self) -> None:
        """
        Have what waits arrive, as soon as a way's delay is over.
        """
        if self._sending or not (self._unsent or self._resetting or (self._finishing and not self._finished)):
            return
        self._sending = True
        sender, to = self.process.host, self.other.process.host
        self._network.timeline.callLater(self._network.delay(sender, to), self._arrive)

    def _arrive(self) -> None:
        network, other = self._network, self.other
        sender, to = self.process.host, other.process.host
        if network.isBlocked(sender, to) or (self._unsent and len(other._unread) > BUFFER_BYTES):
            self._stalled = True
            return
        self._sending = False
        if other.isOver:
            return
        if self._resetting:
            other.lose(ConnectionLost())
            return
        if self._unsent:
            size = len(self._unsent)
            if size > 1 and network.random.random() < network.fragmentation:
                size = network.random.randrange(1, size)
            data = bytes(self._unsent[:size])
            del self._unsent[:size]
            network.trace.step(network.timeline.seconds(), sender, to, size, crc32(data))
            other._unread += data
            other.process.perform(other._readOn)
            if self._producerPaused and len(self._unsent) <= BUFFER_BYTES // 2:
                self.process.perform(self._resumeProducer)
        elif self._finishing and not self._finished:
            self._finished = True
            other._inputEnded = True
            other.process.perform(other._readOn)
            if self.disconnecting:
                self.process.perform(self._end, ConnectionDone())
        self._send()

    def _resumeProducer(self) -> None:
        if self._producerPaused and self._producer is not None:
            self._producerPaused = False
            self._producer.resumeProducing()

    # From the other end to this one.

    def _readOn(self) -> None:
        """
        Give the protocol what has come, as far as it wants it.
        """
        if self.isOver or self._protocol is None or not self._reading:
            return
        if self._unread:
            data = bytes(self._unread)
            self._unread.clear()
            self.other.wake()
            self._protocol.dataReceived(data)
        if self._inputEnded and self._reading and not self._unread and not self.isOver:
            self._inputEnded = False
            if IHalfCloseableProtocol.providedBy(self._protocol) and not self.disconnecting:
                IHalfCloseableProtocol(self._protocol).readConnectionLost()
            else:
                self._end(ConnectionDone())

    def _end(self, error: Exception) -> None:
        """
        Tell the protocol that the connection is lost.
        """
        if self.isOver:
            return
        protocol = self._protocol
        if isinstance(error, ConnectionDone):
            self._finishing = True
            self._send()
        elif not self._resetting:
            self._resetOther()
        self._over()
        if protocol is not None:
            reason = Failure(error)
            protocol.connectionLost(reason)
            self._lost(reason)

    def _over(self) -> None:
        self.isOver = True
        self._protocol = None
        self._producer = None
        self._unread.clear()
        self._connection.settle()
