"""
Tests for the values that have not arrived whole.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.arrivals import Arrivals
from replkv.frontends.limits import MemoryLimits
from tests.frontends.text.session import Served

MIB = 1 << 20


class Sender:
    """
    A connection.

    @ivar isRefused: whether its value was.
    """

    isRefused = False

    def refuseValue(self) -> None:
        """
        See L{replkv.frontends.arrivals.Receiver.refuseValue}.
        """
        self.isRefused = True


class ArrivalsTests(SynchronousTestCase):
    """
    Tests for which of them are refused.
    """

    def setUp(self) -> None:
        """
        There is room for 800 bytes.
        """
        self.clock = Clock()
        self.arrivals = Arrivals(self.clock, MemoryLimits(arrivingBytes=800))
        self.senders = [Sender() for _ in range(4)]

    def refused(self) -> list[int]:
        """
        Whose values were refused.
        """
        return [number for number, sender in enumerate(self.senders) if sender.isRefused]

    def test_total(self) -> None:
        """
        What each has counts once, and no longer when the value is whole or the connection gone.
        """
        first, second, *_ = self.senders
        self.arrivals.hold(first, 100)
        self.arrivals.hold(first, 300)
        self.arrivals.hold(second, 500)
        self.assertEqual((self.arrivals.total, self.refused()), (800, []))
        self.arrivals.hold(first, 0)
        self.arrivals.hold(second, 0)
        self.arrivals.hold(second, 0)
        self.assertEqual(self.arrivals.total, 0)

    def test_worst(self) -> None:
        """
        Where there is no room, those go that have had much for long: neither one that has little, though it is the
        oldest, nor one that came just now.
        """
        for sender, size in zip(self.senders, (1, 300, 350), strict=False):
            self.arrivals.hold(sender, size)
            self.clock.advance(1)
        self.arrivals.hold(self.senders[3], 400)
        self.assertEqual((self.refused(), self.arrivals.total), ([1, 2], 401))

    def test_dropByDrop(self) -> None:
        """
        To send a little more from time to time is of no help.
        """
        for _ in range(10):
            self.arrivals.hold(self.senders[0], 390)
            self.arrivals.hold(self.senders[0], 391)
            self.clock.advance(1)
        self.arrivals.hold(self.senders[1], 300)
        self.clock.advance(1)
        self.arrivals.hold(self.senders[1], 400)
        self.arrivals.hold(self.senders[2], 300)
        self.assertEqual(self.refused(), [0])

    def test_oneAfterTheOther(self) -> None:
        """
        A connection that is sent one value after the other is not taken for one whose value takes long.
        """
        self.arrivals.hold(self.senders[0], 300)
        self.clock.advance(10)
        self.arrivals.hold(self.senders[0], 200)
        self.arrivals.hold(self.senders[1], 400)
        self.clock.advance(1)
        self.arrivals.hold(self.senders[2], 250)
        self.assertEqual(self.refused(), [1])


class ConnectionTests(SynchronousTestCase):
    """
    Tests for connections whose values are refused.
    """

    def test_refused(self) -> None:
        """
        Clients that stop in the middle of large values get room for so many. The others are refused, in the order of
        their commands, and what they send of it later is not run as commands.
        """
        served = Served(memory=MemoryLimits(arrivingBytes=8 * MIB))
        clients = [served.connect() for _ in range(20)]
        for client in clients:
            client.send(b"get k\r\nset k 0 %d\r\n" % MIB + b"get k\r\n" * 140_000)
            served.network.advance(0.1)
            self.assertLessEqual(served.clients.arrivals.total, 8 * MIB)
        self.assertEqual(served.budget.unread, 0)
        refused = [client for client in clients if b"ERR_INTERNAL" in client.value()]
        self.assertGreaterEqual(len(refused), 12)
        for client in clients:
            client.send(b"x" * (MIB - 980_000) + b"\r\nget k2\r\n")
        for client in clients:
            reply = b"ERR_INTERNAL" if client in refused else b"OK "
            self.assertTrue(client.value().startswith(b"ERRNOTFOUND\r\n" + reply), client.value())
            self.assertEqual(client.taken().count(b"\r\n"), 3)
        self.assertEqual(served.clients.arrivals.total, 0)

    def test_withoutItsEnd(self) -> None:
        """
        A value without its line's end has not arrived whole; what was refused then is refused once.
        """
        served = Served(memory=MemoryLimits(arrivingBytes=2 * MIB))
        clients = [served.connect() for _ in range(4)]
        for client in clients:
            client.send(b"set k 0 %d\r\n" % MIB + bytes(MIB))
            served.network.advance(0.1)
        self.assertLessEqual(served.clients.arrivals.total, 2 * MIB)
        self.assertEqual(clients[0].taken(), b"ERR_INTERNAL\r\n")
        clients[0].send(b"\r\nget k\r\n")
        self.assertEqual(clients[0].taken(), b"ERRNOTFOUND\r\n")

    def test_gone(self) -> None:
        """
        What a client had sent by the time it went does not count any more.
        """
        served = Served()
        client = served.connect()
        client.send(b"set k 0 100\r\nabc")
        self.assertEqual(served.clients.arrivals.total, 3)
        client.abort()
        self.assertEqual(served.clients.arrivals.total, 0)
