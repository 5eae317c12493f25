"""
Tests for how long clients are waited for.
"""

from __future__ import annotations

from unittest.mock import patch

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.watch import LOOKS, UNREAD_SECONDS
from tests.frontends.text.session import Served
from tests.network import FarEnd

MIB = 1 << 20
NOT_FOUND = b"ERRNOTFOUND\r\n"
LONGEST = UNREAD_SECONDS * (LOOKS + 1.01) / LOOKS


class UnreadTests(SynchronousTestCase):
    """
    Tests for clients that leave their replies unread.
    """

    def setUp(self) -> None:
        """
        A client reads nothing of what it has asked for.
        """
        self.served = Served()
        self.client = self.served.connect()
        self.client.send(b"set k 0 %d noreply\r\n%b\r\n" % (MIB, bytes(MIB)))
        self.client.transport.pauseProducing()
        self.client.send(b"get k\r\n" * 3)

    def test_never(self) -> None:
        """
        One that takes nothing for as long as that is allowed is disconnected, and the operator is told.
        """
        with capturedLogs() as events:
            self.served.network.advance(UNREAD_SECONDS - 0.01)
            self.assertTrue(self.client.isUp)
            self.served.network.advance(LONGEST - UNREAD_SECONDS)
        self.assertFalse(self.client.isUp)
        self.assertEqual((self.served.budget.unread, self.served.budget.reserved), (0, 0))
        self.assertIn("does not read its replies", events[0]["line"])

    def test_slowly(self) -> None:
        """
        One that takes a piece of it in such a time is not.
        """
        read = self.client.dataReceived

        def readOnce(data: bytes) -> None:
            read(data)
            self.client.transport.pauseProducing()

        with patch.object(self.client, "dataReceived", readOnce):
            for _ in range(30):
                self.served.network.advance(UNREAD_SECONDS * 0.3)
                self.client.transport.resumeProducing()
                self.served.network.settle()
                self.assertTrue(self.client.isUp)
        self.client.transport.resumeProducing()
        self.served.network.settle()
        self.assertEqual(len(self.client.taken()), 3 * (MIB + 17))

    def test_late(self) -> None:
        """
        The time counts from the reply, and not from the one before.
        """
        other = self.served.connect()
        for _ in range(5):
            self.served.network.advance(UNREAD_SECONDS * 0.9)
            other.send(b"get none\r\n")
            self.assertEqual(other.taken(), NOT_FOUND)
        other.transport.pauseProducing()
        other.send(b"get k\r\n" * 3)
        self.served.network.advance(UNREAD_SECONDS - 0.01)
        self.assertTrue(other.isUp)

    def test_closing(self) -> None:
        """
        One that says that it has done, and never reads what it is owed, is disconnected too.
        """
        self.client.send(b"quit\r\n")
        self.client.endWriting()
        self.served.network.advance(LONGEST)
        self.assertFalse(self.client.isUp)

    def test_noTimer(self) -> None:
        """
        Where no client is connected, nothing is looked at.
        """
        self.client.abort()
        self.assertEqual(self.served.process.getDelayedCalls(), [])


class IdleTests(SynchronousTestCase):
    """
    Tests for clients that send nothing.
    """

    def connect(self, idleSeconds: float | None) -> FarEnd:
        """
        Connect to a server that waits so long.
        """
        self.served = Served(idleSeconds=idleSeconds)
        return self.served.connect()

    def test_off(self) -> None:
        """
        They are waited for without end, where nobody says otherwise.
        """
        client = self.connect(None)
        self.served.network.advance(100_000)
        client.send(b"get k\r\n")
        self.assertEqual(client.taken(), NOT_FOUND)

    def test_idle(self) -> None:
        """
        One that sends nothing for so long is told that there is no more. One that sends something now and then is not.
        """
        client = self.connect(8.0)
        busy = self.served.connect()
        for _ in range(3):
            self.served.network.advance(3.9)
            busy.send(b"get k\r\n")
        self.assertTrue(client.hasEnded)
        self.served.network.advance(1.1)
        self.assertFalse(client.isUp)
        self.assertEqual(busy.taken(), NOT_FOUND * 3)
        self.assertFalse(busy.hasEnded)

    def test_inACommand(self) -> None:
        """
        Who has begun a command and does not go on is idle too.
        """
        client = self.connect(8.0)
        client.send(b"set k 0 100\r\nabc")
        self.served.network.advance(11)
        self.assertFalse(client.isUp)

    def test_waits(self) -> None:
        """
        Who waits for an answer is not idle, however long that takes.
        """
        client = self.connect(8.0)
        self.served.backend.holding = True
        client.send(b"get k\r\n")
        self.served.network.advance(100)
        self.served.answer()
        self.assertEqual(client.taken(), NOT_FOUND)
