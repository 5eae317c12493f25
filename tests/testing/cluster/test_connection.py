"""
Tests for simulated connections: how they begin, and ways on which nothing gets through.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.testing.cluster.hosts import PORT, Client, Hosts, Recorder, Server


class BlockTests(SynchronousTestCase):
    """
    Tests for ways on which nothing gets through.
    """

    def setUp(self) -> None:
        """
        Connect two hosts.
        """
        self.hosts = Hosts()
        self.near, self.far = self.hosts.connect()

    def test_waits(self) -> None:
        """
        What is sent on a blocked way waits, and so does what was on its way. All of it arrives when the way is open.
        """
        self.near.transport.write(b"before ")
        self.hosts.block()
        self.near.transport.write(b"after")
        self.hosts.run(100)
        self.assertEqual(self.far.events, [])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.received, b"before after")

    def test_nested(self) -> None:
        """
        A way that was blocked twice is open when it was opened twice.
        """
        self.hosts.block()
        self.hosts.block()
        self.near.transport.write(b"sent")
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.assertTrue(self.hosts.network.isBlocked("near", "far"))
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, [b"sent"])
        self.assertFalse(self.hosts.network.isBlocked("near", "far"))

    def test_oneWay(self) -> None:
        """
        The other way is another one.
        """
        self.hosts.network.block("near", "far")
        self.near.transport.write(b"to far")
        self.far.transport.write(b"to near")
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), ([b"to near"], []))

    def test_others(self) -> None:
        """
        Ways between other hosts are other ones.
        """
        self.hosts.network.block("near", "third")
        self.hosts.network.block("third", "far")
        self.near.transport.write(b"sent")
        self.hosts.run()
        self.assertEqual(self.far.events, [b"sent"])

    def test_opensAndShuts(self) -> None:
        """
        A way that was open too shortly for anything to arrive has lost nothing.
        """
        self.hosts.block()
        self.near.transport.write(b"sent")
        for _ in range(10):
            self.hosts.run()
            self.hosts.unblock()
            self.hosts.block()
        self.assertEqual(self.far.events, [])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, [b"sent"])


class AcceptTests(SynchronousTestCase):
    """
    Tests for how a connection begins.
    """

    def setUp(self) -> None:
        """
        Have two hosts.
        """
        self.hosts = Hosts()

    def test_refusing(self) -> None:
        """
        A server that builds no protocol closes the connection.
        """
        near, client = Recorder(), Client(lambda: near)
        self.hosts.far.listenTCP(PORT, Server(lambda: None))
        self.hosts.near.connectTCP("far", PORT, client)
        self.hosts.run()
        self.assertEqual(near.events, ["ConnectionDone"])
        self.assertEqual(client.events, ["start", "connected", "ConnectionDone", "stop"])
        self.assertEqual(self.hosts.network.connections, {})

    def test_refusingClient(self) -> None:
        """
        So does a client.
        """
        far, client = Recorder(), Client(lambda: None)
        self.hosts.far.listenTCP(PORT, Server(lambda: far))
        self.hosts.near.connectTCP("far", PORT, client)
        self.hosts.run()
        self.assertEqual(far.events, ["ConnectionDone"])
        self.assertEqual(client.events, ["start", "connected", "ConnectionDone", "stop"])
        self.assertEqual(self.hosts.network.connections, {})

    def test_pausedServer(self) -> None:
        """
        The system of a paused process connects, and takes what comes; the process gets it when it goes on.
        """
        near, server = Recorder(), Server()
        self.hosts.far.listenTCP(PORT, server)
        self.hosts.far.pause()
        self.hosts.near.connectTCP("far", PORT, Client(lambda: near))
        self.hosts.run()
        self.assertTrue(near.connected)
        self.assertEqual(server.accepted, [])
        near.transport.write(b"sent")
        near.transport.loseConnection()
        self.hosts.run()
        self.hosts.far.resume()
        (far,) = server.accepted
        assert isinstance(far, Recorder)
        self.assertEqual(far.events, [b"sent", "ConnectionDone"])

    def test_firstWords(self) -> None:
        """
        What either side says when it is connected is heard by the other.
        """

        class Greeter(Recorder):
            def connectionMade(self) -> None:
                self.transport.write(b"hello")

        near, far = self.hosts.connect(Greeter, Greeter)
        self.assertEqual((near.events, far.events), ([b"hello"], [b"hello"]))

    def test_closedAtOnce(self) -> None:
        """
        Either side may close at once.
        """

        class Refusal(Recorder):
            def connectionMade(self) -> None:
                self.transport.write(b"no")
                self.transport.loseConnection()

        for kinds in ((Recorder, Refusal), (Refusal, Recorder)):
            protocols = self.hosts.connect(*kinds)
            for kind, protocol in zip(kinds, protocols, strict=True):
                told: list[str | bytes] = [] if kind is Refusal else [b"no"]
                self.assertEqual(protocol.events, [*told, "ConnectionDone"])

    def test_sameHost(self) -> None:
        """
        A host can connect to itself.
        """
        near, server = Recorder(), Server()
        self.hosts.near.listenTCP(PORT, server)
        self.hosts.near.connectTCP("near", PORT, Client(lambda: near))
        self.hosts.run()
        near.transport.write(b"to myself")
        self.hosts.run()
        (accepted,) = server.accepted
        assert isinstance(accepted, Recorder)
        self.assertEqual(accepted.events, [b"to myself"])
