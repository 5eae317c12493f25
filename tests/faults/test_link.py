"""
Tests of the proxies, on real sockets.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from tests.faults.link import Link
from tests.processes.cluster import HOST, onReactor, until


class Peer(Protocol):
    """
    An end of a connection that takes note of what it gets.
    """

    transport: ITCPTransport

    def __init__(self) -> None:
        self.received = b""
        self.isLost = False

    def dataReceived(self, data: bytes) -> None:
        """
        Take note.
        """
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Take note.
        """
        self.isLost = True


class Ends:
    """
    A server, a link to it, and those who connect.

    @ivar accepted: the server's ends of the connections.
    """

    def __init__(self, reactor: Any) -> None:
        self.accepted: list[Peer] = []
        self._reactor = reactor
        self._made: list[Peer] = []
        self._listening = reactor.listenTCP(0, Factory.forProtocol(self._accept), interface=HOST)
        self.link = Link(reactor, self._listening.getHost().port)

    async def connect(self) -> Peer:
        """
        Connect, and wait until the link takes the connection.
        """
        endpoint = TCP4ClientEndpoint(self._reactor, HOST, self.link.port)
        peer = cast(Peer, await endpoint.connect(Factory.forProtocol(Peer)))
        self._made.append(peer)
        return peer

    async def pair(self) -> tuple[Peer, Peer]:
        """
        Connect, and wait until the server takes the connection.
        """
        count = len(self.accepted)
        client = await self.connect()
        await until(lambda: len(self.accepted) > count, "the server has the connection")
        return client, self.accepted[-1]

    async def close(self) -> None:
        """
        End everything.
        """
        await self.link.close()
        await maybeDeferred(self._listening.stopListening)
        for peer in self._made + self.accepted:
            peer.transport.abortConnection()
        await until(lambda: all(peer.isLost for peer in self._made + self.accepted), "all connections are closed")

    def _accept(self) -> Peer:
        self.accepted.append(Peer())
        return self.accepted[-1]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """
    Ends that are closed with the test.
    """
    from twisted.internet import reactor

    made = Ends(reactor)
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.close()))


async def gets(peer: Peer, data: bytes) -> None:
    """
    Wait until a peer has got all of C{data}.
    """
    await until(lambda: len(peer.received) >= len(data), "all has arrived")
    assert peer.received == data


@onReactor
async def test_carries(ends: Ends) -> None:
    """
    Both ends get what the other sends, much of it too, and learn that the other closes.
    """
    client, server = await ends.pair()
    data = bytes(range(256)) * 20_000
    client.transport.write(data)
    server.transport.write(b"x" + data)
    await gets(server, data)
    await gets(client, b"x" + data)
    client.transport.write(b"last")
    client.transport.loseConnection()
    await until(lambda: server.isLost, "the server's end is closed")
    assert server.received == data + b"last"


@onReactor
async def test_serverCloses(ends: Ends) -> None:
    """
    The one who has connected gets what the server sent before it closed.
    """
    client, server = await ends.pair()
    server.transport.write(b"last")
    server.transport.loseConnection()
    await until(lambda: client.isLost, "the client's end is closed")
    assert client.received == b"last"


@onReactor
async def test_cut(ends: Ends) -> None:
    """
    A link that is cut closes its connections and refuses others, until it is healed.
    """
    client, server = await ends.pair()
    ends.link.cut()
    await until(lambda: client.isLost and server.isLost, "both ends are closed")
    with pytest.raises(Refused):
        await ends.connect()
    ends.link.heal()
    client, server = await ends.pair()
    client.transport.write(b"a")
    await gets(server, b"a")


@onReactor
async def test_flaps(ends: Ends) -> None:
    """
    A link that is cut and healed again before it could stop to listen listens.
    """
    for _ in range(3):
        ends.link.cut()
        ends.link.heal()
    await ends.pair()


@onReactor
async def test_hangsOneWay(ends: Ends) -> None:
    """
    In the direction that hangs, nothing arrives, and in the other all does. When all is well again, what was sent
    meanwhile arrives.
    """
    client, server = await ends.pair()
    ends.link.forward.hangs = True
    ends.link.changed()
    client.transport.write(b"a")
    # On another connection, too; and this one's way is no shorter.
    other, _ = await ends.pair()
    other.transport.write(b"b")
    for number in range(20):
        server.transport.write(b"x")
        await gets(client, b"x" * (number + 1))
    assert [peer.received for peer in ends.accepted] == [b"", b""]
    ends.link.heal()
    await gets(server, b"a")
    await gets(ends.accepted[1], b"b")


@onReactor
async def test_endIsNotTold(ends: Ends) -> None:
    """
    An end that closes while the link hangs is not missed by the other before all is well again.
    """
    client, server = await ends.pair()
    ends.link.forward.hangs = True
    ends.link.changed()
    client.transport.write(b"last")
    client.transport.loseConnection()
    await until(lambda: client.isLost, "the client's end is closed")
    await ends.pair()
    assert not server.isLost
    ends.link.heal()
    await until(lambda: server.isLost, "the server's end is closed")
    assert server.received == b"last"


@onReactor
async def test_targetIsDown(ends: Ends) -> None:
    """
    Where nobody listens behind the link, its connections are closed.
    """
    from twisted.internet import reactor

    link = Link(reactor, ends.link.port)
    ends.link.cut()
    endpoint = TCP4ClientEndpoint(reactor, HOST, link.port)
    client = cast(Peer, await endpoint.connect(Factory.forProtocol(Peer)))
    await until(lambda: client.isLost, "the client's end is closed")
    await link.close()


@onReactor
async def test_keepsItsPort(ends: Ends) -> None:
    """
    The port of a link that is cut cannot be had by anyone else.
    """
    ends.link.cut()
    with pytest.raises(Refused):
        await ends.connect()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, ends.link.port))
