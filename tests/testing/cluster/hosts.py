"""
Hosts on a simulated network, and protocols that write down what happens to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from twisted.internet.interfaces import IAddress, IConnector, IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.testing.cluster.end import End
from replkv.testing.cluster.network import Network
from replkv.testing.cluster.process import Process
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace

PORT = 7


class Recorder(Protocol):
    """
    @ivar events: what has happened, in order: bytes, and the names of all else.
    """

    transport: End

    def __init__(self) -> None:
        self.events: list[str | bytes] = []

    @property
    def received(self) -> bytes:
        """
        All bytes.
        """
        return b"".join([event for event in self.events if isinstance(event, bytes)])

    @property
    def ending(self) -> Sequence[str]:
        """
        All else.
        """
        return [event for event in self.events if isinstance(event, str)]

    def dataReceived(self, data: bytes) -> None:
        """
        Write it down.
        """
        self.events.append(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        Write down how.
        """
        self.events.append(nameOf(reason))


@implementer(IHalfCloseableProtocol)
class HalfCloseable(Recorder):
    """
    One that may go on in one direction.
    """

    def readConnectionLost(self) -> None:
        """
        Write it down.
        """
        self.events.append("input ended")

    def writeConnectionLost(self) -> None:
        """
        Write it down.
        """
        self.events.append("output ended")


@implementer(IPushProducer)
class Producer:
    """
    @ivar asked: what it was asked to do, in order.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        """
        Write it down.
        """
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        """
        Write it down.
        """
        self.asked.append("more")

    def stopProducing(self) -> None:
        """
        Write it down.
        """
        self.asked.append("stop")


class Building(Factory):
    """
    @ivar events: when it was started and stopped, and what else has happened.
    """

    noisy = False

    def __init__(self, build: Callable[[], Protocol | None] = Recorder) -> None:
        self.events: list[str] = []
        self._build = build

    def startFactory(self) -> None:
        """
        Write it down.
        """
        self.events.append("start")

    def stopFactory(self) -> None:
        """
        Write it down.
        """
        self.events.append("stop")


class Server(Building):
    """
    @ivar accepted: the protocols that it has built.
    """

    def __init__(self, build: Callable[[], Protocol | None] = Recorder) -> None:
        super().__init__(build)
        self.accepted: list[Protocol] = []

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Build one.
        """
        protocol = self._build()
        if protocol is not None:
            self.accepted.append(protocol)
        return protocol


class Client(Building, ClientFactory):
    """
    Connects.
    """

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Build one.
        """
        self.events.append("connected")
        return self._build()

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """
        Write down how.
        """
        self.events.append(nameOf(reason))

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
        """
        Write down how.
        """
        self.events.append(nameOf(reason))


def nameOf(reason: Failure | None) -> str:
    """
    The name of an error.
    """
    assert reason is not None
    assert reason.type is not None
    return reason.type.__name__


class Hosts:
    """
    Two hosts and the network between them, on which all that is sent arrives within 2 ms, in one piece.

    @ivar near: a process on the one.
    @ivar far: a process on the other.
    """

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.trace = Trace()
        self.network = Network(self.timeline, Random(0), self.trace)
        self.network.fragmentation = 0.0
        self.near = self.process("near")
        self.far = self.process("far")

    def process(self, host: str) -> Process:
        """
        A process on a host.
        """
        return Process(self.timeline, self.network, host)

    def run(self, seconds: float = 1.0) -> None:
        """
        Let time pass.
        """
        self.timeline.advance(seconds)

    def connect(self, near: type[Recorder] = Recorder, far: type[Recorder] = Recorder) -> tuple[Recorder, Recorder]:
        """
        Connect the near process to the far one.

        @return: the protocol of each.
        """
        connecting, accepting = near(), far()
        listening = self.far.listenTCP(PORT, Server(lambda: accepting))
        self.near.connectTCP("far", PORT, Client(lambda: connecting))
        self.run()
        listening.stopListening()
        return connecting, accepting

    def block(self) -> None:
        """
        Let nothing through, in neither direction.
        """
        self.network.block("near", "far")
        self.network.block("far", "near")

    def unblock(self) -> None:
        """
        Undo L{block}.
        """
        self.network.unblock("near", "far")
        self.network.unblock("far", "near")
