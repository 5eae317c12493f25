"""
One direction of a connection through a proxy.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

MOST_HELD: Final = 256 * 1024
"""
When so many bytes wait, nothing more is read, and who sends them meets a full buffer.
"""

_PIECE: Final = 16 * 1024


class Transport(Protocol):
    """
    What Twisted's TCP transports have: see L{ITransport<twisted.internet.interfaces.ITransport>}, L{IConsumer
    <twisted.internet.interfaces.IConsumer>} and L{IPushProducer}.
    """

    def write(self, data: bytes) -> None:
        """
        Send something.
        """

    def loseConnection(self) -> None:
        """
        Close, when all is sent.
        """

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """
        Be told when the other side reads less than is sent.
        """

    def unregisterProducer(self) -> None:
        """
        Be told no more.
        """

    def pauseProducing(self) -> None:
        """
        Read nothing more.
        """

    def resumeProducing(self) -> None:
        """
        Read again.
        """


@dataclass
class Way:
    """
    How it goes in one direction, on all connections of a link.

    @ivar hangs: whether nothing is delivered, neither bytes nor the end of a connection.
    @ivar delay: the seconds that everything takes.
    @ivar rate: the bytes per second that a connection carries.
    """

    hangs: bool = False
    delay: float = 0.0
    rate: float = inf

    def heal(self) -> None:
        """
        Let all be well again.
        """
        self.hangs, self.delay, self.rate = False, 0.0, inf


@implementer(IPushProducer)
class Stream:
    """
    Carries what one end sends to the other, all of it and in order, but not before its time.

    @ivar source: the end that sends; C{None} while it is not there.
    @ivar sink: the end that gets it, likewise.
    @ivar held: how many bytes wait.
    """

    def __init__(self, clock: IReactorTime, way: Way) -> None:
        self.source: Transport | None = None
        self.sink: Transport | None = None
        self.held = 0
        self._clock = clock
        self._way = way
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._call: IDelayedCall | None = None
        self._free = 0.0
        self._ending = False
        self._sourceWaits = False
        self._sinkIsFull = False

    def attach(self, sink: Transport) -> None:
        """
        The other end is there.
        """
        self.sink = sink
        sink.registerProducer(self, True)
        self.go()

    def arrived(self, data: bytes) -> None:
        """
        The source has sent something.
        """
        self._waiting.append((self._clock.seconds(), data))
        self.held += len(data)
        if self.held >= MOST_HELD and self.source is not None:
            self._sourceWaits = True
            self.source.pauseProducing()
        self.go()

    def ended(self) -> None:
        """
        The source has closed.
        """
        self.source = None
        self._ending = True
        self.go()

    def stop(self) -> None:
        """
        Carry nothing any more.
        """
        self._stopWaiting()
        self._waiting.clear()
        self.source = self.sink = None

    def go(self) -> None:
        """
        Deliver what may be delivered now. To be called whenever it may be more than before.
        """
        self._stopWaiting()
        while self.sink is not None and self._waiting and not self._sinkIsFull and not self._way.hangs:
            arrival, data = self._waiting[0]
            wait = max(arrival + self._way.delay, self._free) - self._clock.seconds()
            if wait > 0:
                self._call = self._clock.callLater(wait, self._due)
                return
            self._deliver(arrival, data)
        if self.sink is not None and self._ending and not self._waiting and not self._way.hangs:
            sink, self.sink = self.sink, None
            sink.unregisterProducer()
            sink.loseConnection()

    def _deliver(self, arrival: float, data: bytes) -> None:
        assert self.sink is not None
        piece, rest = data[:_PIECE], data[_PIECE:]
        self._waiting.popleft()
        if rest:
            self._waiting.appendleft((arrival, rest))
        self.held -= len(piece)
        self._free = self._clock.seconds() + len(piece) / self._way.rate
        self.sink.write(piece)
        if self._sourceWaits and self.held < MOST_HELD and self.source is not None:
            self._sourceWaits = False
            self.source.resumeProducing()

    def _due(self) -> None:
        self._call = None
        self.go()

    def _stopWaiting(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    # What the sink says.

    def pauseProducing(self) -> None:
        """
        See L{IPushProducer.pauseProducing}.
        """
        self._sinkIsFull = True

    def resumeProducing(self) -> None:
        """
        See L{IPushProducer.resumeProducing}.
        """
        self._sinkIsFull = False
        self.go()

    def stopProducing(self) -> None:
        """
        See L{IPushProducer.stopProducing}. The sink is lost; whoever has both ends learns it too.
        """
