"""
Tests on real sockets, of what no transport in memory shows: half-closed connections, resets and full buffers.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort, IReactorTCP, IReactorTime
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread

from replkv.frontends.clients import Clients
from replkv.frontends.door import Door
from replkv.frontends.intake import Intake
from replkv.frontends.outbox import Outbox
from replkv.frontends.text.dialect import TextDialect
from tests.frontends.text.session import TIMEOUT, MemoryBackend, NoBackups

NOT_FOUND = b"ERRNOTFOUND\r\n"


def readToEnd(client: socket.socket) -> bytes:
    """
    Read until the server has closed.
    """
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


async def converse(client: Callable[[socket.socket], bytes]) -> bytes:
    """
    Have C{client} talk to a fresh server, in a thread. Closing connections linger until the client closes: no test
    depends on how fast the machine is.

    @param client: uses a blocking socket.
    @return: what it returns.
    """
    from twisted.internet import reactor

    backend = MemoryBackend()
    outbox = Outbox()
    intake = Intake(cast(IReactorTime, reactor), outbox, TIMEOUT)
    clients = Clients(backend, outbox, intake, backend.statistics, backend.members, NoBackups(), Clock())
    listening: IListeningPort = cast(IReactorTCP, reactor).listenTCP(
        0, Door(clients, TextDialect()), interface="127.0.0.1"
    )
    port = cast(IPv4Address, listening.getHost()).port

    def connectAndTalk() -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connected:
            return client(connected)

    try:
        return await deferToThread(connectAndTalk)
    finally:
        await maybeDeferred(listening.stopListening)
        await clients.drain()


def onReactor(test: Callable[[], Coroutine[Deferred[Any], Any, None]]) -> Callable[[], Any]:
    """
    Run a test that is a coroutine.
    """
    return cast(Callable[[], Any], pytest_twisted.ensureDeferred(test))


@onReactor
async def test_halfClose() -> None:
    """
    A client that shuts down its writing side gets all its replies, and then the end.
    """

    def client(connected: socket.socket) -> bytes:
        connected.sendall(b"set k 0 1\r\nx\r\n" + b"get k\r\n" * 20_000)
        connected.shutdown(socket.SHUT_WR)
        return readToEnd(connected)

    assert await converse(client) == b"OK 1\r\n" + b"VALUE 1\r\nx\r\n" * 20_000


@onReactor
async def test_replyToWhatIsGivenUp() -> None:
    """
    A client that sends far too long a line is not cut off before it has read the error.
    """

    def client(connected: socket.socket) -> bytes:
        connected.sendall(b"x" * 8 * 1024 * 1024)
        return readToEnd(connected)

    assert await converse(client) == b"ERRCMDERR\r\n"


@onReactor
async def test_quitBeforeMoreInput() -> None:
    """
    Replies to what came before C{quit} are not lost because more input came behind it.
    """

    def client(connected: socket.socket) -> bytes:
        connected.sendall(b"get k\r\n" * 1000 + b"quit\r\n" + b"get k\r\n" * 100_000)
        return readToEnd(connected)

    assert await converse(client) == NOT_FOUND * 1000


@onReactor
async def test_slowReader() -> None:
    """
    A client that reads only when it has sent everything gets everything, though it fills all buffers between.
    """
    value = b"v" * 65_536

    def client(connected: socket.socket) -> bytes:
        connected.sendall(b"set k 0 65536\r\n" + value + b"\r\n" + b"get k\r\n" * 500 + b"quit\r\n")
        return readToEnd(connected)

    assert await converse(client) == b"OK 1\r\n" + (b"VALUE 65536\r\n" + value + b"\r\n") * 500
