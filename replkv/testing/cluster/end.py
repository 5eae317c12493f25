"""
One end of a simulated TCP connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.sending import DirectTransport
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.socketoptions import SocketOptions

if TYPE_CHECKING:
    from replkv.testing.cluster.network import Network

BUFFER_BYTES: Final = 64 * 1024
"""
So much may wait at the other side to be read, and so much is read at once.
"""


@implementer(ITCPTransport, IConsumer, IPushProducer)
class End(SocketOptions, DirectTransport):
    """
    The transport of one end's protocol. It does what Twisted's does on a real socket, also where that is no kindness:
    see the methods.

    @ivar process: whose it is.
    @ivar other: the other end.
    @ivar protocol: whose transport this is; C{None} where it is nobody's, or no longer.
    @ivar bufferSize: how many bytes it reads at once.
    @ivar isOver: whether the process is through with it. What it had sent by then may still be on its way.
    """

    other: End

    def __init__(
        self,
        network: Network,
        process: Process,
        address: IPv4Address,
        lost: Callable[[Failure], None],
        over: Callable[[], None],
    ) -> None:
        """
        @param lost: called when the protocol was told that the connection is lost.
        @param over: called when L{isOver} becomes true.
        """
        self.process = process
        self.protocol: Protocol | None = None
        self.bufferSize = BUFFER_BYTES
        self.isOver = False
        self.disconnecting = False
        self._network = network
        self._address = address
        self._lost = lost
        self._tellOver = over
        self._unsent = bytearray()
        self._unread = bytearray()
        self._sending = False
        self._stalled = False
        self._halfClosing = False
        self._finishing = False  # Nothing is written any more, and the other side is told when it has all.
        self._finished = self._inputEnded = False
        self._reading = True
        self._resetting = False
        self._powerless = False
        self._dead = False
        self._producer: Any = None
        self._producerStreams = False
        self._producerWaits = False  # For the system to have all that was written.

    @property
    def backlog(self) -> int:
        """
        How many bytes were written that the other side has not read.
        """
        return len(self._unsent) + len(self.other._unread)

    def begin(self, protocol: Protocol) -> None:
        """
        Connect the protocol.
        """
        self.protocol = protocol
        protocol.makeConnection(self)

    # ITransport and ITCPTransport

    def write(self, data: bytes) -> None:
        """
        See L{ITCPTransport.write}.
        """
        if self.isOver or self._finishing or not data:
            return
        self._unsent += data
        self._send()
        if self._producer is None or self._producerWaits:
            return
        if not self._producerStreams:
            self._producerWaits = True
            self.process.callLater(0, self._handedOver)
        elif len(self._unsent) > self._network.sendBuffer:
            self._producerWaits = True
            self._producer.pauseProducing()

    def send(self, data: bytes) -> bool:
        """
        See L{DirectTransport.send}. The system takes as much as may wait to be sent.
        """
        fits = len(self._unsent) + len(data) <= self._network.sendBuffer
        takesAll = fits and not (self._producerWaits or self.isOver)
        if not takesAll:
            self.write(data)
        elif not self._finishing:
            self._unsent += data
            self._send()
        return takesAll

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See L{ITCPTransport.writeSequence}.
        """
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """
        See L{ITCPTransport.loseConnection}. Nothing more is read.
        """
        if self.isOver or self.disconnecting:
            return
        self.disconnecting = True
        self._reading = False
        if self._finishing:
            self._end(ConnectionDone())
        else:
            self.process.callLater(0, self._handedOver)

    def loseWriteConnection(self) -> None:
        """
        See L{ITCPTransport.loseWriteConnection}.
        """
        self._halfClosing = True
        self.process.callLater(0, self._handedOver)

    def abortConnection(self) -> None:
        """
        See L{ITCPTransport.abortConnection}.
        """
        if not self.isOver:
            self._reading = False
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

    # IConsumer and IPushProducer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See L{IConsumer.registerProducer}. A producer is asked for more when the system has all that was written; one
        that streams is told to pause before that. As long as there is one that waits, or pulls, nothing is closed but
        by force.
        """
        if self.isOver:
            producer.stopProducing()
            return
        self._producer = producer
        self._producerStreams = streaming
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        """
        See L{IConsumer.unregisterProducer}.
        """
        self._producer = None
        self._producerWaits = False
        if self.disconnecting or self._halfClosing:
            self.process.callLater(0, self._handedOver)

    def pauseProducing(self) -> None:
        """
        See L{IPushProducer.pauseProducing}.
        """
        self._reading = False

    def resumeProducing(self) -> None:
        """
        See L{IPushProducer.resumeProducing}. A half-closed connection's end is found again each time.
        """
        if not self._reading and not self.isOver and not self.disconnecting:
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
        This end's process has ended. The system sends what it has got already, and closes.

        @param silently: whether the system is gone too.
        """
        if silently:
            self._powerless = True
            self.protocol = None
        elif not self.isOver:
            self.protocol = None
            self._end(ConnectionDone())

    def die(self) -> None:
        """
        Have nothing arrive any more that this end sends, nor that it has closed.
        """
        self._dead = True

    def hostReturned(self) -> None:
        """
        The system is there again, and knows nothing of the connection.
        """
        if self._powerless:
            self._powerless = False
            self._resetOther()
            self.wake()
            self._over()

    def _resetOther(self) -> None:
        self._unsent.clear()
        self._resetting = True
        # It needs no room at the other side.
        self.wake()
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
        size = int(min(len(self._unsent), other._room))
        if self._powerless or self._dead or network.isBlocked(sender, to) or (self._unsent and size <= 0):
            self._stalled = True
            return
        self._sending = False
        if other.isOver:
            if self._unsent:
                # There, the system knows the connection no more, and says so.
                self._unsent.clear()
                other._resetOther()
            return
        if self._resetting:
            other.lose(ConnectionLost())
            return
        if self._unsent:
            if size > 1 and network.random.random() < network.fragmentation:
                size = network.random.randrange(1, size)
            data = bytes(self._unsent[:size])
            del self._unsent[:size]
            network.trace.step(network.timeline.seconds(), sender, to, size, crc32(data))
            other._unread += data
            other.process.perform(other._readOn)
            self.process.perform(self._handedOver)
        elif not self._finished:
            self._finished = True
            other._inputEnded = True
            other.process.perform(other._readOn)
        self._send()

    def _handedOver(self) -> None:
        """
        The system may have taken enough of what was written.
        """
        if self._producerWaits and len(self._unsent) <= self._network.sendBuffer:
            self._producerWaits = False
            self._producer.resumeProducing()
        isHeld = self._producer is not None and (self._producerWaits or not self._producerStreams)
        if self.isOver or self._finishing or isHeld or len(self._unsent) > self._network.sendBuffer:
            return
        if self.disconnecting:
            self._end(ConnectionDone())
        elif self._halfClosing:
            self._finishing = True
            self._send()
            if IHalfCloseableProtocol.providedBy(self.protocol):
                IHalfCloseableProtocol(self.protocol).writeConnectionLost()

    # From the other end to this one.

    @property
    def _room(self) -> float:
        """
        How many bytes may arrive. What is read at once needs no room.
        """
        isReading = self._reading and self.protocol is not None and not self.process.paused
        return inf if isReading else BUFFER_BYTES - len(self._unread)

    def _readOn(self) -> None:
        """
        Give the protocol what has come, as far as it wants it.
        """
        while self._unread and self.protocol is not None and self._reading:
            data = bytes(self._unread[: self.bufferSize])
            del self._unread[: self.bufferSize]
            self.other.wake()
            self.protocol.dataReceived(data)
        if self._inputEnded and self.protocol is not None and self._reading:
            self._reading = False
            if IHalfCloseableProtocol.providedBy(self.protocol):
                IHalfCloseableProtocol(self.protocol).readConnectionLost()
            else:
                self._end(ConnectionDone())

    def _end(self, error: Exception) -> None:
        """
        Close, and tell the protocol that the connection is lost.
        """
        if self.isOver:
            return
        if isinstance(error, ConnectionDone) and not self._unread:
            self._finishing = True
            del self._unsent[self._network.sendBuffer :]
            self._send()
        elif not self._resetting:
            # A socket that is closed before all is read that has come resets the connection.
            self._resetOther()
        protocol, producer = self.protocol, self._producer
        self._over()
        if protocol is not None:
            if producer is not None:
                producer.stopProducing()
            reason = Failure(error)
            protocol.connectionLost(reason)
            self._lost(reason)

    def _over(self) -> None:
        self.isOver = True
        self.protocol = None
        self._producer = None
        self._producerWaits = False
        self._unread.clear()
        self._tellOver()
