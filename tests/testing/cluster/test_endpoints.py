"""
Tests for what Twisted and its users build on a reactor, on a simulated one.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.application.internet import ClientService, StreamServerEndpointService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionRefusedError, TimeoutError  # noqa: A004
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, ReconnectingClientFactory
from twisted.protocols.amp import AMP, Command, Integer
from twisted.trial.unittest import SynchronousTestCase

from tests.testing.cluster.hosts import PORT, Hosts, Recorder, Server


class EndpointTests(SynchronousTestCase):
    """
    Tests for endpoints.
    """

    def setUp(self) -> None:
        """
        Have two hosts, of which one listens.
        """
        self.hosts = Hosts()
        self.server = Server()
        listening: Deferred[IListeningPort] = TCP4ServerEndpoint(self.hosts.far, PORT).listen(self.server)
        self.port = self.successResultOf(listening)

    def test_connect(self) -> None:
        """
        Endpoints connect, by address and by name.
        """
        for number, kind in enumerate((TCP4ClientEndpoint, HostnameEndpoint), 1):
            recorder = Recorder()
            connecting = connectProtocol(kind(self.hosts.near, "far", PORT), recorder)
            self.assertNoResult(connecting)
            self.hosts.run()
            self.assertIs(self.successResultOf(connecting), recorder)
            self.assertEqual(len(self.server.accepted), number)
            recorder.transport.loseConnection()
            self.hosts.run()
            self.assertEqual(recorder.events, ["ConnectionDone"])

    def test_fail(self) -> None:
        """
        They tell why they could not connect.
        """
        for kind in (TCP4ClientEndpoint, HostnameEndpoint):
            refused = connectProtocol(kind(self.hosts.near, "far", PORT + 1), Recorder())
            self.hosts.run()
            self.failureResultOf(refused, ConnectionRefusedError)
            self.hosts.block()
            late = connectProtocol(kind(self.hosts.near, "far", PORT, timeout=2), Recorder())
            self.hosts.run(1.9)
            self.assertNoResult(late)
            self.hosts.run(0.2)
            self.failureResultOf(late, TimeoutError)
            self.hosts.unblock()

    def test_nameResolver(self) -> None:
        """
        Who looks up names can be replaced.
        """
        other = self.hosts.far.nameResolver
        before = self.hosts.near.installNameResolver(other)
        self.assertIs(before, self.hosts.near)
        self.assertIs(self.hosts.near.nameResolver, other)
        named = connectProtocol(HostnameEndpoint(self.hosts.near, "far", PORT), Recorder())
        self.hosts.run()
        self.successResultOf(named)

    def test_cancel(self) -> None:
        """
        Who has lost patience cancels.
        """
        for kind in (TCP4ClientEndpoint, HostnameEndpoint):
            recorder = Recorder()
            connecting = connectProtocol(kind(self.hosts.near, "far", PORT), recorder)
            connecting.cancel()
            self.failureResultOf(connecting, ConnectingCancelledError, CancelledError, ConnectError)
            self.hosts.run(100)
            self.assertFalse(recorder.connected)
        self.assertEqual(self.server.accepted, [])

    def test_serverService(self) -> None:
        """
        The service of a server stops listening.
        """
        self.port.stopListening()
        service = StreamServerEndpointService(TCP4ServerEndpoint(self.hosts.far, PORT), self.server)
        service.startService()
        connecting = connectProtocol(TCP4ClientEndpoint(self.hosts.near, "far", PORT), Recorder())
        self.hosts.run()
        self.successResultOf(connecting)
        self.successResultOf(service.stopService())
        connecting = connectProtocol(TCP4ClientEndpoint(self.hosts.near, "far", PORT), Recorder())
        self.hosts.run()
        self.failureResultOf(connecting, ConnectionRefusedError)


class ReconnectTests(SynchronousTestCase):
    """
    Tests for what connects again by itself.
    """

    def setUp(self) -> None:
        """
        Have two hosts, of which one listens.
        """
        self.hosts = Hosts()
        self.server = Server()
        self.port = self.hosts.far.listenTCP(PORT, self.server)

    def restartServer(self) -> None:
        """
        End the process that listens, and start another one after a while.
        """
        self.hosts.far.end()
        self.hosts.network.ended(self.hosts.far, False)
        self.hosts.run(5)
        self.hosts.far = self.hosts.process("far")
        self.hosts.far.listenTCP(PORT, self.server)

    def test_clientService(self) -> None:
        """
        A client service connects again when the connection is lost, as long as it takes, and is then stopped.
        """
        endpoint = TCP4ClientEndpoint(self.hosts.near, "far", PORT)
        attempts: list[int] = []

        def delay(attempt: int) -> float:
            attempts.append(attempt)
            return 0.5

        service = ClientService(endpoint, Factory.forProtocol(Recorder), retryPolicy=delay, clock=self.hosts.near)
        service.startService()
        self.hosts.run()
        first = self.successResultOf(service.whenConnected())
        self.hosts.network.reset("near", "far")
        self.hosts.run()
        self.assertIsNot(self.successResultOf(service.whenConnected()), first)
        attempts.clear()
        self.restartServer()
        self.assertGreater(len(attempts), 5)
        self.hosts.run()
        last = self.successResultOf(service.whenConnected())
        stopping = service.stopService()
        self.hosts.run()
        self.successResultOf(stopping)
        assert isinstance(last, Recorder)
        self.assertEqual(last.events, ["ConnectionDone"])
        self.hosts.run(100)
        self.assertEqual(len(self.server.accepted), 3)

    def test_factory(self) -> None:
        """
        A reconnecting factory does so too, until it is told not to.
        """
        protocols: list[Recorder] = []

        class Reconnecting(ReconnectingClientFactory):
            noisy = False
            clock = self.hosts.near  # type: ignore[assignment]
            jitter = 0.0

            def buildProtocol(self, addr: object) -> Recorder:
                self.resetDelay()
                protocols.append(Recorder())
                return protocols[-1]

        factory = Reconnecting()
        self.hosts.near.connectTCP("far", PORT, factory)
        self.hosts.run()
        self.assertEqual(len(protocols), 1)
        self.restartServer()
        self.hosts.run(10)
        self.assertEqual([protocol.events for protocol in protocols], [["ConnectionDone"], []])
        factory.stopTrying()
        protocols[-1].transport.loseConnection()
        self.hosts.run(100)
        self.assertEqual(len(protocols), 2)


class Double(Command):
    """
    Asks for twice a number.
    """

    arguments: ClassVar = [(b"number", Integer())]
    response: ClassVar = [(b"number", Integer())]


class Doubling(AMP):
    """
    Answers.
    """

    @Double.responder
    def double(self, number: int) -> dict[str, int]:
        """
        Double it.
        """
        return {"number": 2 * number}


class AMPTests(SynchronousTestCase):
    """
    Tests for AMP.
    """

    def test_amp(self) -> None:
        """
        Boxes arrive whole over a network that cuts up all that is sent.
        """
        hosts = Hosts()
        hosts.network.fragmentation = 0.9
        hosts.far.listenTCP(PORT, Factory.forProtocol(Doubling))
        connecting = connectProtocol(TCP4ClientEndpoint(hosts.near, "far", PORT), AMP())
        hosts.run()
        amp = self.successResultOf(connecting)
        answers = [amp.callRemote(Double, number=number) for number in range(20)]
        hosts.run(10)
        self.assertEqual([self.successResultOf(answer)["number"] for answer in answers], list(range(0, 40, 2)))
