"""
Tests for the simulated network: who listens, and who connects.
"""

from __future__ import annotations

from random import Random

from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.cluster.network import Network
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace
from tests.testing.cluster.hosts import PORT, Client, Hosts, Recorder, Server


class ListenTests(SynchronousTestCase):
    """
    Tests for listening.
    """

    def setUp(self) -> None:
        """
        Have two hosts.
        """
        self.hosts = Hosts()

    def connect(self, port: int = PORT) -> list[str]:
        """
        Connect.

        @return: what came of it.
        """
        client = Client()
        self.hosts.near.connectTCP("far", port, client)
        self.hosts.run()
        return client.events[1:]

    def test_startAndStop(self) -> None:
        """
        A factory is started when it listens, and stopped when it does so no longer; then connections are refused.
        Those that there are stay.
        """
        server, recorder = Server(), Recorder()
        port = self.hosts.far.listenTCP(PORT, server)
        self.assertEqual(server.events, ["start"])
        self.hosts.near.connectTCP("far", PORT, Client(lambda: recorder))
        self.hosts.run()
        port.stopListening()
        port.stopListening()
        self.assertEqual(server.events, ["start", "stop"])
        self.assertEqual(self.connect(), ["ConnectionRefusedError", "stop"])
        self.assertEqual(recorder.events, [])

    def test_address(self) -> None:
        """
        A port knows where it is.
        """
        port = self.hosts.far.listenTCP(PORT, Server())
        self.assertEqual(port.getHost(), IPv4Address("TCP", "far", PORT))

    def test_anyPort(self) -> None:
        """
        Who does not care gets ports that differ.
        """
        addresses = [self.hosts.far.listenTCP(0, Server()).getHost() for _ in range(2)]
        self.assertNotEqual(*addresses)
        for address in addresses:
            assert isinstance(address, IPv4Address)
            self.assertEqual(self.connect(address.port), ["connected"])

    def test_inUse(self) -> None:
        """
        Two cannot listen on one port of one host, but on that of two hosts, and one after the other.
        """
        port = self.hosts.far.listenTCP(PORT, Server())
        self.assertRaises(CannotListenError, self.hosts.process("far").listenTCP, PORT, Server())
        self.hosts.near.listenTCP(PORT, Server())
        port.stopListening()
        self.hosts.process("far").listenTCP(PORT, Server())

    def test_ended(self) -> None:
        """
        A process that has ended listens no longer, and its successor can.
        """
        self.hosts.far.listenTCP(PORT, Server())
        self.hosts.far.end()
        self.hosts.network.ended(self.hosts.far, False)
        self.assertEqual(self.connect(), ["ConnectionRefusedError", "stop"])
        self.hosts.process("far").listenTCP(PORT, Server())
        self.assertEqual(self.connect(), ["connected"])

    def test_manyConnections(self) -> None:
        """
        Each connection has a port of its own.
        """
        server = Server()
        self.hosts.far.listenTCP(PORT, server)
        for _ in range(3):
            self.assertEqual(self.connect(), ["connected"])
        self.assertEqual(len({protocol.transport.getPeer() for protocol in server.accepted if protocol.transport}), 3)


class ConnectTests(SynchronousTestCase):
    """
    Tests for connecting.
    """

    def setUp(self) -> None:
        """
        Have two hosts, of which one listens.
        """
        self.hosts = Hosts()
        self.server = Server()
        self.hosts.far.listenTCP(PORT, self.server)
        self.client = Client()

    def connect(self, port: int = PORT, host: str = "far", timeout: float = 5.0) -> IConnector:
        """
        Begin to connect.
        """
        return self.hosts.near.connectTCP(host, port, self.client, timeout)

    def expect(self, *events: str) -> None:
        """
        This has happened to the connecting side since the last time.
        """
        self.assertEqual(self.client.events, list(events))
        self.client.events.clear()

    def test_connected(self) -> None:
        """
        It takes as long as the way there and back.
        """
        self.hosts.network.slow("near", "far", 1.0)
        self.hosts.network.slow("far", "near", 2.0)
        self.assertEqual(self.connect().getDestination(), IPv4Address("TCP", "far", PORT))
        self.hosts.run(2.99)
        self.expect("start")
        self.assertEqual(self.server.accepted, [])
        self.hosts.run(0.1)
        self.expect("connected")
        self.assertEqual(len(self.server.accepted), 1)
        self.hosts.run(100)
        self.expect()

    def test_refused(self) -> None:
        """
        Where nobody listens, the connection is refused.
        """
        self.connect(PORT + 1)
        self.hosts.run()
        self.expect("start", "ConnectionRefusedError", "stop")
        self.connect(host="nowhere")
        self.hosts.run()
        self.expect("start", "ConnectionRefusedError", "stop")
        self.hosts.run(100)
        self.expect()

    def test_blocked(self) -> None:
        """
        Where nothing gets through, be it only on the way back, it fails when its time is over.
        """
        for sender, to in (("near", "far"), ("far", "near")):
            self.hosts.network.block(sender, to)
            self.connect()
            self.hosts.run(4.9)
            self.expect("start")
            self.hosts.run(0.2)
            self.expect("TimeoutError", "stop")
            self.hosts.network.unblock(sender, to)
            self.hosts.run(100)
            self.expect()
        self.assertEqual(self.server.accepted, [])

    def test_tooSlow(self) -> None:
        """
        An answer that comes when the time is over is for nobody, also if there is another attempt then.
        """
        self.hosts.network.slow("near", "far", 6.0)
        connector = self.connect()
        self.hosts.run(5.5)
        self.expect("start", "TimeoutError", "stop")
        connector.connect()
        self.hosts.run(4)
        self.expect("start")
        self.assertEqual(self.server.accepted, [])
        self.hosts.run(2)
        self.expect("TimeoutError", "stop")

    def test_timeOfEach(self) -> None:
        """
        Each attempt has its own time.
        """
        connector = self.connect(PORT + 1)
        self.hosts.run(3)
        self.expect("start", "ConnectionRefusedError", "stop")
        self.hosts.far.listenTCP(PORT + 1, self.server)
        self.hosts.network.slow("near", "far", 4.0)
        connector.connect()
        self.hosts.run(3)
        self.expect("start")
        self.hosts.run(2)
        self.expect("connected")

    def test_noPower(self) -> None:
        """
        A host that has no power does not even refuse. When it is back, it does.
        """
        self.hosts.far.end()
        self.hosts.network.ended(self.hosts.far, True)
        self.connect()
        self.hosts.run(4.9)
        self.expect("start")
        self.hosts.run(0.2)
        self.expect("TimeoutError", "stop")
        self.hosts.network.returned("far")
        self.connect()
        self.hosts.run()
        self.expect("start", "ConnectionRefusedError", "stop")

    def test_cancelled(self) -> None:
        """
        An attempt can be given up, and has failed at once. Nothing comes of it any more.
        """
        self.connect().stopConnecting()
        self.expect("start", "UserError", "stop")
        self.connect().disconnect()
        self.expect("start", "UserError", "stop")
        self.hosts.run(100)
        self.expect()
        self.assertEqual(self.server.accepted, [])

    def test_cancelledWhilePaused(self) -> None:
        """
        When a process goes on that has missed both, the answer is not for an attempt that it gives up first.
        """
        self.hosts.network.slow("near", "far", 2.0)
        connector = self.connect()
        self.hosts.near.callLater(1, connector.stopConnecting)
        self.hosts.near.pause()
        self.hosts.run(3)
        self.hosts.near.resume()
        self.hosts.run(100)
        self.expect("start", "UserError", "stop")
        self.assertEqual(self.server.accepted, [])

    def test_disconnect(self) -> None:
        """
        A connector can close the connection, and connect again.
        """
        connector = self.connect()
        self.hosts.run()
        self.expect("start", "connected")
        connector.disconnect()
        self.hosts.run()
        self.expect("ConnectionDone", "stop")
        connector.connect()
        self.hosts.run()
        self.expect("start", "connected")
        connector.disconnect()
        self.hosts.run()
        self.expect("ConnectionDone", "stop")

    def test_againAtOnce(self) -> None:
        """
        A factory that connects again in the moment in which it has lost a connection is not stopped in between.
        """

        class Persistent(Client):
            def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:
                super().clientConnectionLost(connector, reason)
                connector.connect()

        self.client = Persistent()
        self.connect()
        self.hosts.run()
        self.hosts.network.reset("near", "far")
        self.hosts.run()
        self.expect("start", "connected", "ConnectionLost", "connected")

    def test_ended(self) -> None:
        """
        A process that has ended does not connect.
        """
        self.connect()
        self.hosts.near.end()
        self.hosts.network.ended(self.hosts.near, False)
        self.hosts.run(100)
        self.expect("start")
        self.assertEqual(self.server.accepted, [])

    def test_stoppedMeanwhile(self) -> None:
        """
        A port that is closed while somebody connects refuses.
        """
        port = self.hosts.far.listenTCP(PORT + 1, self.server)
        self.connect(PORT + 1)
        port.stopListening()
        self.hosts.run()
        self.expect("start", "ConnectionRefusedError", "stop")

    def test_paused(self) -> None:
        """
        A paused process finds when it goes on that it is connected.
        """
        self.connect()
        self.hosts.near.pause()
        self.hosts.run(3)
        self.expect("start")
        self.hosts.near.resume()
        self.hosts.run(100)
        self.expect("connected")

    def test_addresses(self) -> None:
        """
        Both factories are told whom they build a protocol for.
        """
        asked: list[object] = []

        class Asked(Server):
            def buildProtocol(self, addr: object) -> Protocol:
                asked.append(addr)
                return Recorder()

        self.hosts.far.listenTCP(PORT + 1, Asked())
        self.connect(PORT + 1)
        self.hosts.run()
        (connection,) = self.hosts.network.connections
        self.assertEqual(asked, [connection.connecting.getHost()])
        self.assertEqual(connection.connecting.getHost().host, "near")
        self.assertEqual(connection.accepting.getHost(), IPv4Address("TCP", "far", PORT + 1))


class DelayTests(SynchronousTestCase):
    """
    Tests for how long ways take.
    """

    def test_delay(self) -> None:
        """
        The usual time, and what was added to it, for that direction alone, until it is taken away.
        """
        network = Network(Timeline(), Random(0), Trace())
        network.latency = Span(0.25, 0.5)
        network.slow("a", "b", 10.0)
        slow = [network.delay("a", "b") for _ in range(100)]
        back = [network.delay("b", "a") for _ in range(100)]
        network.unslow("a", "b", 10.0)
        usual = [network.delay("a", "b") for _ in range(100)]
        for delays, least in ((slow, 10.25), (back, 0.25), (usual, 0.25)):
            self.assertTrue(all(least <= delay <= least + 0.25 for delay in delays))
            self.assertGreater(len(set(delays)), 50)
