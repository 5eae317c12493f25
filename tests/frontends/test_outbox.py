"""
Tests for the connections that have something to write.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.limits import CONNECTION_LIMITS
from replkv.frontends.request import Request
from tests.frontends.text.session import Served

NOT_FOUND = b"ERRNOTFOUND\r\n"


class FlushTests(SynchronousTestCase):
    """
    Tests for L{replkv.frontends.outbox.Outbox.flush}.
    """

    def setUp(self) -> None:
        """
        Make a server whose backend flushes after each answer.
        """
        self.served = Served()
        carryOut = self.served.backend.carryOut

        def carryOutAndFlush(request: Request) -> None:
            carryOut(request)
            self.served.outbox.flush()

        self.patch(self.served.backend, "carryOut", carryOutAndFlush)

    def test_fromWithin(self) -> None:
        """
        A backend that flushes as it answers does no harm: the replies leave in order, each once.
        """
        client = self.served.connect()
        client.send(b"set k 0 1\r\nx\r\n" * 1000)
        self.assertEqual(client.taken(), b"".join(b"OK %d\r\n" % version for version in range(1, 1001)))

    def test_manyConnections(self) -> None:
        """
        Many connections that go on with their commands as they are written to do not nest in each other.
        """
        self.served.backend.holding = True
        clients = [self.served.connect() for _ in range(300)]
        for client in clients:
            client.send(b"get k\r\n" * (CONNECTION_LIMITS.pendingCommands + 1))
        self.served.backend.holding = False
        self.served.answer()
        for client in clients:
            self.assertEqual(client.taken(), NOT_FOUND * (CONNECTION_LIMITS.pendingCommands + 1))
