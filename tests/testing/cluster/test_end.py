"""
Tests for the ends of simulated connections: what they carry. All of it is as on a real socket.
"""

from __future__ import annotations

from random import Random

from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from zope.interface.verify import verifyObject

from replkv.sending import send
from replkv.testing.cluster.end import BUFFER_BYTES
from tests.testing.cluster.ends import EndCase
from tests.testing.cluster.hosts import Hosts, Producer, Recorder


class BytesTests(EndCase):
    """
    Tests for what is sent.
    """

    def test_interfaces(self) -> None:
        """
        An end does all that a transport does.
        """
        for interface in (ITCPTransport, IConsumer, IPushProducer):
            verifyObject(interface, self.near.transport)

    def test_bothWays(self) -> None:
        """
        What is sent on one side arrives on the other, after a while.
        """
        self.near.transport.write(b"to far")
        self.far.transport.writeSequence([b"to", b" ", b"near"])
        self.assertEqual((self.near.events, self.far.events), ([], []))
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), ([b"to near"], [b"to far"]))

    def test_addresses(self) -> None:
        """
        Each end knows both addresses.
        """
        self.assertEqual(self.near.transport.getPeer().host, "far")
        self.assertEqual(self.near.transport.getPeer(), self.far.transport.getHost())
        self.assertEqual(self.far.transport.getPeer(), self.near.transport.getHost())

    def test_fragments(self) -> None:
        """
        However it is cut up on its way, all arrives in order.
        """
        self.hosts.network.fragmentation = 0.9
        random = Random(1)
        sent = b""
        for _ in range(100):
            piece = random.randbytes(random.randrange(300))
            sent += piece
            self.near.transport.write(piece)
            self.hosts.run(random.choice([0.0, 0.0005, 0.005]))
        self.hosts.run(10)
        self.assertEqual(self.far.received, sent)
        self.assertGreater(len(self.far.events), 100)
        self.near.transport.write(b"1")
        self.hosts.run()
        self.assertEqual(self.far.events[-1], b"1")

    def test_wholeWithoutFragments(self) -> None:
        """
        Where nothing is cut up, what is sent at once arrives at once.
        """
        self.near.transport.write(b"a" * 1000)
        self.near.transport.write(b"b")
        self.hosts.run()
        self.assertEqual(self.far.events, [b"a" * 1000 + b"b"])

    def test_changingDelay(self) -> None:
        """
        What is sent when a way has become fast does not overtake what was sent when it was slow.
        """
        network = self.hosts.network
        network.slow("near", "far", 5.0)
        self.near.transport.write(b"slow")
        network.unslow("near", "far", 5.0)
        self.hosts.run(1)
        self.near.transport.write(b" and fast")
        self.hosts.run(3.9)
        self.assertEqual(self.far.events, [])
        self.hosts.run(1)
        self.assertEqual(self.far.received, b"slow and fast")

    def test_largeReads(self) -> None:
        """
        No more is read at once than a reactor reads.
        """
        self.near.transport.write(bytes(3 * BUFFER_BYTES + 1))
        self.hosts.run()
        self.assertEqual([len(event) for event in self.far.events], [BUFFER_BYTES] * 3 + [1])

    def test_large(self) -> None:
        """
        However much it is, it takes no longer than the way does, if it is read at once.
        """
        self.hosts.network.slow("near", "far", 1.0)
        self.near.transport.write(bytes(100 * BUFFER_BYTES))
        self.hosts.run(1.01)
        self.assertEqual(len(self.far.received), 100 * BUFFER_BYTES)

    def test_trace(self) -> None:
        """
        The trace depends on what arrives, and on when it does.
        """

        def digest(data: bytes, seconds: float) -> str:
            hosts = Hosts()
            near, _ = hosts.connect()
            hosts.run(seconds)
            near.transport.write(data)
            hosts.run()
            return hosts.trace.digest

        self.assertEqual(digest(b"a", 1.0), digest(b"a", 1.0))
        self.assertNotEqual(digest(b"a", 1.0), digest(b"b", 1.0))
        self.assertNotEqual(digest(b"a", 1.0), digest(b"a", 1.1))


class BackPressureTests(EndCase):
    """
    Tests for sides of which one is faster than the other.
    """

    def test_producer(self) -> None:
        """
        A producer is asked for more at first, and each time when the system has all that was written.
        """
        self.hosts.network.fragmentation = 0.9
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        self.assertEqual(producer.asked, ["more"])
        self.hosts.block()
        self.near.transport.write(bytes(BUFFER_BYTES))
        self.assertEqual(producer.asked, ["more"])
        self.hosts.run(10)
        self.assertEqual(producer.asked, ["more"] * 2)
        self.near.transport.write(b"one byte")
        self.near.transport.write(b"too many")
        self.hosts.run(10)
        self.assertEqual(producer.asked, ["more"] * 2)
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(producer.asked, ["more"] * 3)

    def test_sentAtOnce(self) -> None:
        """
        A system with little memory to spare takes less at once; what it has not taken it tells a producer of.
        """
        self.hosts.network.sendBuffer = 10
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        self.hosts.block()
        self.assertTrue(send(self.near.transport, bytes(10)))
        self.assertFalse(send(self.near.transport, b"."))
        self.hosts.run()
        self.assertEqual(producer.asked, ["more"])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(producer.asked, ["more"] * 2)
        self.assertEqual(self.far.received, bytes(10) + b".")

    def test_streaming(self) -> None:
        """
        One that streams is asked for nothing at first. It is paused when much waits to be sent, once, and asked for
        more when little does, once.
        """
        producer = Producer()
        self.near.transport.registerProducer(producer, True)
        self.hosts.block()
        self.near.transport.write(bytes(BUFFER_BYTES))
        self.hosts.run(10)
        self.assertEqual(producer.asked, [])
        self.near.transport.write(b"more")
        self.near.transport.write(b"and more")
        self.hosts.run(10)
        self.assertEqual(producer.asked, ["pause"])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(producer.asked, ["pause", "more"])

    def test_unregistered(self) -> None:
        """
        Who is not registered any more is not asked for anything.
        """
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        self.near.transport.write(bytes(2 * BUFFER_BYTES))
        self.near.transport.unregisterProducer()
        self.hosts.run()
        self.near.transport.write(bytes(2 * BUFFER_BYTES))
        self.hosts.run()
        self.assertEqual(producer.asked, ["more"])

    def test_closing(self) -> None:
        """
        As long as there is a producer, the connection is not closed.
        """
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        self.near.transport.write(b"last")
        self.near.transport.loseConnection()
        self.hosts.run(10)
        self.assertEqual(self.far.events, [b"last"])
        self.near.transport.unregisterProducer()
        self.hosts.run()
        self.assertEqual((self.near.ending, self.far.ending), (["ConnectionDone"], ["ConnectionDone"]))

    def test_reader(self) -> None:
        """
        Who does not read gets nothing, and what was sent comes when it reads on. Meanwhile the sender can get rid of
        only so much.
        """
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        self.far.transport.pauseProducing()
        sent = Random(0).randbytes(2 * BUFFER_BYTES + 10)
        self.near.transport.write(sent)
        self.hosts.run(10)
        self.assertEqual(self.far.events, [])
        self.assertEqual(producer.asked, ["more"])
        self.far.transport.resumeProducing()
        self.assertEqual(self.far.events, [])
        self.hosts.run(10)
        self.assertEqual(self.far.received, sent)
        self.assertEqual(producer.asked, ["more", "more"])

    def test_readerInBetween(self) -> None:
        """
        A reader that stops in the middle is given nothing more.
        """

        class Choosy(Recorder):
            def dataReceived(self, data: bytes) -> None:
                super().dataReceived(data)
                self.transport.pauseProducing()

        near, far = self.hosts.connect(Recorder, Choosy)
        near.transport.write(bytes(3 * BUFFER_BYTES))
        self.hosts.run()
        near.transport.write(b"more")
        near.transport.loseConnection()
        for count in (1, 2, 3):
            self.hosts.run()
            self.assertEqual(far.events, [bytes(BUFFER_BYTES)] * count)
            far.transport.resumeProducing()
        self.hosts.run()
        self.assertEqual(far.events[3:], [b"more"])
        far.transport.resumeProducing()
        self.hosts.run()
        self.assertEqual(far.ending, ["ConnectionDone"])

    def test_pausedProcess(self) -> None:
        """
        What a paused process is sent waits for it; and it can be sent only so much.
        """
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        sent = Random(0).randbytes(4 * BUFFER_BYTES)
        self.hosts.far.pause()
        self.near.transport.write(sent)
        self.hosts.run(10)
        self.assertEqual(self.far.events, [])
        self.assertEqual(producer.asked, ["more"])
        self.hosts.far.resume()
        self.hosts.run()
        self.assertEqual(self.far.received, sent)

    def test_pausedSender(self) -> None:
        """
        What a paused process has sent arrives, and it is asked to go on when it goes on.
        """
        producer = Producer()
        self.near.transport.registerProducer(producer, False)
        self.near.transport.write(bytes(BUFFER_BYTES + 1))
        self.hosts.near.pause()
        self.hosts.run()
        self.assertEqual(len(self.far.received), BUFFER_BYTES + 1)
        self.assertEqual(producer.asked, ["more"])
        self.hosts.near.resume()
        self.assertEqual(producer.asked, ["more", "more"])
