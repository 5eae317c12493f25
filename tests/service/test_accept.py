"""
Tests for ports whose system has no descriptors left.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.service.accept import REST_SECONDS, TURN_ACCEPTS, RestingSockets
from tests.logged import logged


class RestingPortTests(SynchronousTestCase):
    """
    Tests for L{RestingPort<replkv.service.accept.RestingPort>}.
    """

    def setUp(self) -> None:
        """
        A port listens, and a client waits at it.
        """
        self.lines = logged(self)
        self.reactor = MemoryReactorClock()
        self.taken: list[Protocol] = []
        listening = socket.socket()
        self.addCleanup(listening.close)
        listening.bind(("127.0.0.1", 0))
        listening.listen(1024)
        listening.setblocking(False)
        factory = ServerFactory()
        factory.buildProtocol = self.build  # type: ignore[method-assign, assignment]
        factory.noisy = False
        self.port: Any = RestingSockets(self.reactor).adoptStreamPort(listening.fileno(), socket.AF_INET, factory)
        self.number = listening.getsockname()[1]
        self.addCleanup(self.close)
        self.client = socket.create_connection(("127.0.0.1", self.number))
        self.addCleanup(self.client.close)

    def build(self, address: object) -> Protocol:
        """
        Take a client.
        """
        self.taken.append(Protocol())
        return self.taken[-1]

    def close(self) -> None:
        """
        Close what is open.
        """
        for protocol in self.taken:
            protocol.transport.connectionLost(Failure(ConnectionDone()))  # type: ignore[union-attr]
        if self.port.connected:
            self.port.connectionLost(Failure(ConnectionDone()))

    def exhaust(self, number: int) -> None:
        """
        From now on the system refuses to open anything.
        """

        def refuse(*_: object) -> int:
            raise OSError(number, os.strerror(number))

        self.refusing = self.patch(os, "open", refuse)

    def test_manyAtOnce(self) -> None:
        """
        It takes so many clients in a turn and no more, though more and more come.
        """
        clients = [socket.create_connection(("127.0.0.1", self.number)) for _ in range(2 * TURN_ACCEPTS + 20)]
        for client in clients:
            self.addCleanup(client.close)
        for turn in range(1, 3):
            self.port.doRead()
            self.assertEqual(len(self.taken), turn * TURN_ACCEPTS)

    def test_takes(self) -> None:
        """
        Where all is well it does what any port does.
        """
        self.port.doRead()
        self.assertEqual(len(self.taken), 1)
        self.assertEqual(self.lines, [])

    def test_rests(self) -> None:
        """
        Where the system has no descriptors, or no memory, it does not try again and again, and says so once. When
        there are some again, whoever has waited is taken, and that is said too.
        """
        for number in (errno.ENFILE, errno.ENOMEM):
            self.lines.clear()
            self.exhaust(number)
            for _ in range(3):
                self.port.doRead()
                self.assertNotIn(self.port, self.reactor.getReaders())
                self.reactor.advance(REST_SECONDS)
                self.assertIn(self.port, self.reactor.getReaders())
            self.assertEqual(len(self.lines), 1)
            self.assertIn(f"port {self.number} takes no connections for now: {os.strerror(number)}", self.lines[0])
            self.refusing.restore()
            self.port.doRead()
            self.assertEqual(self.lines[1:], [f"port {self.number} takes connections again"])
        self.assertEqual(len(self.taken), 1)

    def test_turnsAway(self) -> None:
        """
        Where it is this process that has used up its descriptors, whoever waits is turned away at once: Twisted keeps
        one descriptor for that.
        """
        accept = self.port.socket.accept
        port = self.port

        class Socket:
            def __getattr__(self, name: str) -> Any:
                return getattr(port._preexisting, name)

            def accept(self) -> Any:
                if len(refusals) == 0:
                    refusals.append(1)
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
                return accept()

        refusals: list[int] = []
        port._preexisting = port.socket
        port.socket = Socket()
        self.exhaust(errno.EMFILE)
        port.doRead()
        self.refusing.restore()
        port.socket = port._preexisting
        self.assertEqual(self.taken, [])
        self.client.settimeout(5)
        self.assertEqual(self.client.recv(1), b"")
        self.assertEqual(len(self.lines), 1)

    def test_closedMeanwhile(self) -> None:
        """
        A port that is closed while it rests stays closed.
        """
        self.exhaust(errno.ENFILE)
        self.port.doRead()
        self.refusing.restore()
        self.port.stopListening()
        self.reactor.advance(REST_SECONDS)
        self.assertNotIn(self.port, self.reactor.getReaders())
        self.assertEqual(self.reactor.getDelayedCalls(), [])
