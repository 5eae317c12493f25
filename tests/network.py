"""
The simulated network, as tests of one end of a connection use it: what is sent arrives at once and whole, and the test
holds the other end.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IAddress, IConnector, IHalfCloseableProtocol
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.testing.cluster import network
from replkv.testing.cluster.end import End
from replkv.testing.cluster.process import Process
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace
from tests.patience import patiently

_PORT: Final = 7

TURN: Final = 2e-6
"""
Seconds within which a process does what it has put off to its reactor's next turn.
"""


def settle(timeline: Timeline, advance: Callable[[float], object]) -> None:
    """
    Let all happen that happens without time passing.

    @param advance: lets so many seconds of the timeline pass.
    """
    for _ in patiently("all is settled"):
        due = timeline.next
        if due is None or due > timeline.seconds() + TURN:
            break
        advance(TURN)


class Network(network.Network):
    """
    A network on which all that is sent arrives at once, in one piece.

    @ivar attempts: the hosts and ports that were connected to, in order.
    """

    def __init__(self) -> None:
        super().__init__(Timeline(), Random(0), Trace())
        self.latency = Span(0.0, 0.0)
        self.fragmentation = 0.0
        self.attempts: list[tuple[str, int]] = []

    def process(self, host: str) -> Process:
        """
        A process on a host.
        """
        return Process(self.timeline, self, host)

    def connect(self, process: Process, host: str, port: int, factory: ClientFactory, timeout: float) -> IConnector:
        """
        Take note of an attempt, and make it.
        """
        self.attempts.append((host, port))
        return super().connect(process, host, port, factory, timeout)

    def join(self, connecting: Protocol, accepting: Protocol) -> None:
        """
        Connect two protocols, each in a process of its own.
        """
        self.process("far").listenTCP(_PORT, _Given(accepting))
        dial(connecting, self.process("near"), "far", _PORT)
        self.settle()

    def settle(self) -> None:
        """
        Let all happen that happens without time passing.
        """
        settle(self.timeline, self.timeline.advance)

    def advance(self, seconds: float) -> None:
        """
        Let time pass.
        """
        self.timeline.advance(seconds)
        self.settle()


@implementer(IHalfCloseableProtocol)
class FarEnd(Protocol):
    """
    An end of a connection that the test holds.
    """

    transport: End

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ended = False
        self._lost: Failure | None = None
        self._arrived = bytearray()

    def dataReceived(self, data: bytes) -> None:
        """
        Keep it.
        """
        self._arrived += data

    def readConnectionLost(self) -> None:
        """
        Take note of it.
        """
        self._ended = True

    def writeConnectionLost(self) -> None:
        """
        Leave it at that.
        """

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        Take note of it.
        """
        self._lost = reason

    def send(self, data: bytes) -> None:
        """
        Send this.
        """
        self.transport.write(data)
        self._network.settle()

    def value(self) -> bytes:
        """
        What has come since it was last taken.
        """
        self._network.settle()
        return bytes(self._arrived)

    def taken(self) -> bytes:
        """
        Take what has come.
        """
        value = self.value()
        self._arrived.clear()
        return value

    def endWriting(self) -> None:
        """
        Send nothing more, but go on reading.
        """
        self.transport.loseWriteConnection()
        self._network.settle()

    def close(self) -> None:
        """
        Read what has come, and close the connection.
        """
        self._network.settle()
        self.transport.loseConnection()
        self._network.settle()

    def abort(self) -> None:
        """
        Cut the connection off.
        """
        self.transport.abortConnection()
        self._network.settle()

    @property
    def hasEnded(self) -> bool:
        """
        Whether the other side writes nothing more.
        """
        self._network.settle()
        return self._ended

    @property
    def isUp(self) -> bool:
        """
        Whether the other side has not closed.
        """
        self._network.settle()
        return not self.transport.other.isOver

    @property
    def isReset(self) -> bool:
        """
        Whether the other side has cut the connection off.
        """
        self._network.settle()
        return self._lost is not None and self._lost.check(ConnectionLost) is not None


def dial(protocol: Protocol, process: Process, host: str, port: int) -> None:
    """
    Begin to connect a protocol.
    """
    TCP4ClientEndpoint(process, host, port).connect(_Given(protocol))


class _Given(Factory):
    """
    Has a protocol already.
    """

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """
        Give it.
        """
        return self._protocol


class Listening(Factory):
    """
    Has the test hold the ends of what connects.
    """

    noisy = False

    def __init__(self, network: Network) -> None:
        self._network = network
        self._accepted: list[FarEnd] = []

    def buildProtocol(self, addr: IAddress | None) -> FarEnd:
        """
        Take in a connection.
        """
        self._accepted.append(FarEnd(self._network))
        return self._accepted[-1]

    def accept(self) -> FarEnd:
        """
        The latest of the connections that came in since this was last asked.
        """
        self._network.settle()
        accepted, self._accepted = self._accepted, []
        assert accepted, "nobody has connected"
        return accepted[-1]
