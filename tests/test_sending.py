"""
Tests for sending at once.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.main import CONNECTION_LOST
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.trial.unittest import SynchronousTestCase

from replkv.sending import DirectTransport, send


class Writers:
    """
    A reactor that is told who waits to write.
    """

    def __init__(self) -> None:
        self.waiting: list[object] = []

    def addWriter(self, writer: object) -> None:
        """
        See L{twisted.internet.interfaces.IReactorFDSet.addWriter}.
        """
        self.waiting.append(writer)

    def removeWriter(self, writer: object) -> None:
        """
        See L{twisted.internet.interfaces.IReactorFDSet.removeWriter}.
        """
        self.waiting = [waiting for waiting in self.waiting if waiting is not writer]


class Plain:
    """
    Any transport.

    @ivar written: what was written.
    """

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """
        See L{twisted.internet.interfaces.ITransport.write}.
        """
        self.written.append(data)


class Own(Plain, DirectTransport):
    """
    One that can tell whether the system has what it was given.
    """

    def send(self, data: bytes) -> bool:
        """
        See L{DirectTransport.send}.
        """
        self.written.append(b"sent " + data)
        return len(data) < 3


class Wrapper:
    """
    What stands before a connection, as TLS does.
    """

    def __init__(self, transport: Own) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """
        See L{twisted.internet.interfaces.ITransport.write}.
        """
        self._transport.write(b"protected " + data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Slow(Connection):
    """
    A connection that sends little at once.
    """

    SEND_LIMIT = 100


class SendTests(SynchronousTestCase):
    """
    Tests for L{send}.
    """

    def setUp(self) -> None:
        """
        There is a connection.
        """
        self.reactor = Writers()
        self.connection = self.connect(Connection)

    def connect(self, kind: type[Connection]) -> Connection:
        """
        Make a connection, to which C{theirs} is the other side.
        """
        ours, self.theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.theirs.close)
        self.theirs.settimeout(0)
        connection = kind(ours, Protocol(), self.reactor)  # type: ignore[arg-type]
        connection.connected = 1
        return connection

    def fill(self) -> bytes:
        """
        Send until the system takes no more.

        @return: all that was sent.
        """
        sent = b""
        while True:
            piece = b"%d " % len(sent) * 4096
            sent += piece
            if not send(self.connection, piece):
                return sent

    def received(self) -> bytes:
        """
        Read what has come to the other side.
        """
        pieces = []
        try:
            while piece := self.theirs.recv(1 << 20):
                pieces.append(piece)
        except BlockingIOError:
            pass
        return b"".join(pieces)

    def test_atOnce(self) -> None:
        """
        Where nothing waits, the system has it at once, and the reactor is not asked for anything.
        """
        self.assertTrue(send(self.connection, b"some"))
        self.assertTrue(send(self.connection, b"more"))
        self.assertEqual((self.received(), self.reactor.waiting), (b"somemore", []))

    def test_full(self) -> None:
        """
        What the system does not take, the transport sends when it does; and what comes behind that waits for it.
        """
        sent = self.fill()
        self.assertIn(self.connection, self.reactor.waiting)
        self.assertFalse(send(self.connection, b"the end"))
        received = self.received()
        while self.reactor.waiting:
            self.assertIsNone(self.connection.doWrite())
            received += self.received()
        self.assertEqual(received, sent + b"the end")
        self.assertTrue(send(self.connection, b"another"))

    def test_partly(self) -> None:
        """
        Also when the transport has begun to send what waits.
        """
        self.connection = self.connect(Slow)
        sent = self.fill()
        received = self.received()
        self.connection.doWrite()
        self.assertFalse(send(self.connection, b"the end"))
        while self.reactor.waiting:
            self.connection.doWrite()
            received += self.received()
        self.assertEqual(received, sent + b"the end")

    def test_lost(self) -> None:
        """
        That the connection is lost is found out as always.
        """
        self.theirs.close()
        self.assertFalse(send(self.connection, b"some"))
        self.assertIs(self.connection.doWrite(), CONNECTION_LOST)

    def test_notConnected(self) -> None:
        """
        What is sent when there is no connection any more is dropped.
        """
        self.connection.connected = 0
        self.assertFalse(send(self.connection, b"some"))
        self.assertEqual((self.received(), self.reactor.waiting), (b"", []))

    def test_anyTransport(self) -> None:
        """
        Any other transport is written to.
        """
        transport = Plain()
        self.assertFalse(send(transport, b"some"))
        self.assertEqual(transport.written, [b"some"])

    def test_ownWay(self) -> None:
        """
        One that knows how sends by itself.
        """
        transport = Own()
        self.assertEqual([send(transport, b"so"), send(transport, b"some")], [True, False])
        self.assertEqual(transport.written, [b"sent so", b"sent some"])

    def test_wrapped(self) -> None:
        """
        Nothing passes by what stands before a connection, though that has its method too.
        """
        transport = Own()
        self.assertFalse(send(Wrapper(transport), b"so"))
        self.assertEqual(transport.written, [b"protected so"])
