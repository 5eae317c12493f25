"""
The simulated network: hosts, who listens on them, and what the ways between them are like.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from errno import EADDRINUSE, EMFILE
from os import strerror
from random import Random
from typing import Final, NamedTuple, cast

from twisted.internet.address import IPv4Address
from twisted.internet.error import (
    CannotListenError,
    ConnectBindError,
    ConnectError,
    ConnectionRefusedError,  # noqa: A004
    TimeoutError,  # noqa: A004
    UserError,
)
from twisted.internet.interfaces import IConnector, IDelayedCall, IListeningPort
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.testing.cluster.connection import Connection
from replkv.testing.cluster.end import BUFFER_BYTES
from replkv.testing.cluster.names import NameServer
from replkv.testing.cluster.process import Process
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace

USUAL_LATENCY: Final = Span(0.0005, 0.002)
"""
The least and the most seconds that a way takes where all is well.
"""

_FIRST_EPHEMERAL_PORT: Final = 32768


class _Listener(NamedTuple):
    """
    Who accepts connections on a port.
    """

    process: Process
    factory: Factory


class Network:
    """
    @ivar latency: how long a way normally takes.
    @ivar fragmentation: how often, from 0 to 1, what is sent arrives in more than one piece.
    @ivar sendBuffer: so many bytes of what waits to be sent are the system's already, and go out even if the process
        closes, or ends; a producer is asked for more when no more than that waits.
    @ivar connections: those that are open, in the order in which they were made.
    @ivar names: tells hosts the addresses of names.
    """

    def __init__(self, timeline: Timeline, random: Random, trace: Trace) -> None:
        self.latency = USUAL_LATENCY
        self.fragmentation = 0.1
        self.sendBuffer = BUFFER_BYTES
        self.connections: dict[Connection, None] = {}
        self.names = NameServer(timeline)
        self.timeline = timeline
        self.random = random
        self.trace = trace
        self._listening: dict[tuple[str, int], _Listener] = {}
        self._blocked: Counter[tuple[str, str]] = Counter()
        self._slowness: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._starved: Counter[str] = Counter()
        self._gone: set[str] = set()
        self._nextPort = _FIRST_EPHEMERAL_PORT

    # The ways, for whoever makes faults. A way has a direction.

    def block(self, sender: str, to: str) -> None:
        """
        Let nothing through: what is sent waits, as TCP would have it wait, and connections are not made. Blocked twice,
        a way has to be opened twice.
        """
        self._blocked[sender, to] += 1

    def unblock(self, sender: str, to: str) -> None:
        """
        Undo one L{block}.
        """
        self._blocked[sender, to] -= 1
        if not self.isBlocked(sender, to):
            for connection in list(self.connections):
                connection.wake(sender, to)

    def isBlocked(self, sender: str, to: str) -> bool:
        """
        Whether nothing gets through.
        """
        return self._blocked[sender, to] > 0

    def slow(self, sender: str, to: str, seconds: float) -> None:
        """
        Have a way take so much longer, until L{unslow} undoes it.
        """
        self._slowness[sender, to].append(seconds)

    def unslow(self, sender: str, to: str, seconds: float) -> None:
        """
        Undo one L{slow}.
        """
        self._slowness[sender, to].remove(seconds)

    def reset(self, one: str, other: str) -> None:
        """
        Lose the connections between two hosts, and what is on its way on them. Both sides are told.
        """
        for connection in list(self.connections):
            if connection.isBetween(one, other):
                connection.reset()

    def kill(self, one: str, other: str) -> None:
        """
        Have the connections between two hosts let nothing through any more, as when something on the way has forgotten
        them. Nobody is told. New ones work.
        """
        for connection in list(self.connections):
            if connection.isBetween(one, other):
                connection.die()

    def starve(self, host: str) -> None:
        """
        Have a host without descriptors: whoever connects to it is turned away, and it connects to nobody. The
        connections that it has go on. Starved twice, it has to be fed twice.
        """
        self._starved[host] += 1

    def feed(self, host: str) -> None:
        """
        Undo one L{starve}.
        """
        self._starved[host] -= 1

    def isStarved(self, host: str) -> bool:
        """
        Whether a host has no descriptors.
        """
        return self._starved[host] > 0

    def delay(self, sender: str, to: str) -> float:
        """
        How many seconds something takes that is sent now.
        """
        return self.latency.draw(self.random) + sum(self._slowness[sender, to])

    # Processes.

    def listen(self, process: Process, port: int, factory: Factory) -> IListeningPort:
        """
        Have a process accept connections.
        """
        place = (process.host, port or self.newPort())
        if place in self._listening:
            raise CannotListenError(process.host, port, OSError(EADDRINUSE, strerror(EADDRINUSE)))
        factory.doStart()
        self._listening[place] = _Listener(process, factory)
        return cast(IListeningPort, _Port(self, *place))

    def close(self, host: str, port: int) -> None:
        """
        Accept no more connections.
        """
        listener = self._listening.pop((host, port), None)
        if listener is not None:
            listener.factory.doStop()

    def connect(self, process: Process, host: str, port: int, factory: ClientFactory, timeout: float) -> IConnector:
        """
        Have a process connect.
        """
        attempt = _Attempt(self, process, host, port, factory, timeout)
        attempt.connect()
        return cast(IConnector, attempt)

    def isGone(self, host: str) -> bool:
        """
        Whether there is not even a host, which could say that nobody listens.
        """
        return host in self._gone

    def listener(self, host: str, port: int) -> _Listener | None:
        """
        Who accepts connections there.
        """
        return self._listening.get((host, port))

    def ended(self, process: Process, silently: bool) -> None:
        """
        A process has ended, and its connections with it.

        @param silently: whether its host has gone with it, so that nobody tells the other sides. They are told when
            they hear of the host again, see L{returned}.
        """
        if silently:
            self._gone.add(process.host)
        for place, listener in list(self._listening.items()):
            if listener.process is process:
                del self._listening[place]
        for connection in list(self.connections):
            connection.processEnded(process, silently)

    def returned(self, host: str) -> None:
        """
        A host is there again: it knows nothing of the connections that it had.
        """
        self._gone.discard(host)
        for connection in list(self.connections):
            connection.hostReturned(host)

    def newPort(self) -> int:
        """
        A port for the connecting side of a connection.
        """
        self._nextPort += 1
        return self._nextPort


class _Port:
    """
    What listens.
    """

    def __init__(self, network: Network, host: str, port: int) -> None:
        self._network = network
        self._host = host
        self._port = port

    def stopListening(self) -> None:
        """
        See L{IListeningPort.stopListening}.
        """
        self._network.close(self._host, self._port)

    def getHost(self) -> IPv4Address:
        """
        See L{IListeningPort.getHost}.
        """
        return IPv4Address("TCP", self._host, self._port)


@implementer(IConnector)
class _Attempt:
    """
    An attempt to connect.
    """

    def __init__(
        self, network: Network, process: Process, host: str, port: int, factory: ClientFactory, timeout: float
    ) -> None:
        self._network = network
        self._process = process
        self._host = host
        self._port = port
        self._factory = factory
        self._timeout = timeout
        self._timeoutCall: IDelayedCall | None = None
        self._knocks = 0
        self._over = False
        self._connection: Connection | None = None

    def connect(self) -> None:
        """
        See L{IConnector.connect}: knock at the port.
        """
        self._over = False
        self._connection = None
        self._factory.doStart()
        self._timeoutCall = self._process.callLater(self._timeout, self._fail, TimeoutError())
        self._knocks += 1
        if self._network.isStarved(self._process.host):
            self._process.callLater(0, self._fail, ConnectBindError(EMFILE, strerror(EMFILE)))
        else:
            self._go(self._process.host, self._host, self._knock, self._knocks)
        self._factory.startedConnecting(self)

    def stopConnecting(self) -> None:
        """
        See L{IConnector.stopConnecting}.
        """
        self._fail(UserError())

    def disconnect(self) -> None:
        """
        See L{IConnector.disconnect}.
        """
        if self._connection is None:
            self.stopConnecting()
        else:
            self._connection.connecting.loseConnection()

    def getDestination(self) -> IPv4Address:
        """
        See L{IConnector.getDestination}.
        """
        return IPv4Address("TCP", self._host, self._port)

    def _go(self, sender: str, to: str, arrive: Callable[[int], None], knock: int) -> None:
        network = self._network
        if not network.isBlocked(sender, to):
            network.timeline.callLater(network.delay(sender, to), arrive, knock)

    def _knock(self, knock: int) -> None:
        if not self._network.isGone(self._host):
            self._go(self._host, self._process.host, self._answered, knock)

    def _answered(self, knock: int) -> None:
        self._process.perform(self._connect, knock)

    def _connect(self, knock: int) -> None:
        if self._over or knock != self._knocks:
            return
        listener = self._network.listener(self._host, self._port)
        if listener is None:
            self._fail(ConnectionRefusedError())
            return
        self._finish()
        process, factory = listener
        mine = IPv4Address("TCP", self._process.host, self._network.newPort())
        theirs = IPv4Address("TCP", self._host, self._port)
        protocol = cast("Protocol | None", self._factory.buildProtocol(theirs))
        self._connection = Connection(self._network, self._process, mine, process, theirs, self._lost)
        self._connection.open(
            protocol or Protocol(),
            lambda: (
                None if self._network.isStarved(self._host) else cast("Protocol | None", factory.buildProtocol(mine))
            ),
        )
        if protocol is None:
            self._connection.connecting.loseConnection()

    def _lost(self, reason: Failure) -> None:
        self._factory.clientConnectionLost(self, reason)
        self._factory.doStop()

    def _fail(self, error: ConnectError | UserError) -> None:
        if not self._over:
            self._finish()
            self._factory.clientConnectionFailed(self, Failure(error))
            self._factory.doStop()

    def _finish(self) -> None:
        self._over = True
        if self._timeoutCall is not None and self._timeoutCall.active():
            self._timeoutCall.cancel()
