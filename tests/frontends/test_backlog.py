"""
Tests for what was read from connections and waits.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.backlog import Backlog
from replkv.frontends.limits import CONNECTION_LIMITS, IntakeLimits, MemoryLimits
from tests.frontends.text.session import Served

LIMITS = MemoryLimits(waitingBytes=800_000, shortReadBytes=1000)


class BacklogTests(SynchronousTestCase):
    """
    Tests for how much is read at once.
    """

    def test_readBytes(self) -> None:
        """
        Where too much waits, little is read at once, until an eighth of it has gone; it is told once each time.
        """
        told: list[int] = []
        backlog = Backlog(told.append, LIMITS)
        backlog.hold(800_000)
        self.assertEqual((backlog.readBytes, told), (LIMITS.readBytes, []))
        backlog.hold(1)
        backlog.hold(1)
        self.assertEqual((backlog.readBytes, told), (1000, [1000]))
        backlog.hold(-100_001)
        self.assertEqual((backlog.readBytes, told), (1000, [1000]))
        backlog.hold(-1)
        backlog.hold(-1)
        self.assertEqual((backlog.readBytes, told), (LIMITS.readBytes, [1000, LIMITS.readBytes]))


class ServedTests(SynchronousTestCase):
    """
    Tests for a server whose clients send more than it takes.
    """

    def test_room(self) -> None:
        """
        What waits for room does not grow with the number of clients, but for little; all of it is carried out, and then
        nothing waits, and clients are read from as before.
        """
        served = Served(memory=LIMITS)
        served.backend.holding = True
        clients = [served.connect() for _ in range(50)]
        for client in clients:
            client.send(b"get k\r\n" * 20_000)
        each = CONNECTION_LIMITS.pendingCommands * len(b"get k\r\n") + LIMITS.shortReadBytes
        most = LIMITS.waitingBytes + LIMITS.readBytes + len(clients) * each
        total = served.clients.backlog.total
        self.assertGreater(total, LIMITS.waitingBytes)
        self.assertLess(total, most)
        late = served.connect()
        late.send(b"get k\r\n" * 20_000)
        self.assertLess(served.clients.backlog.total, total + each)
        served.backend.holding = False
        served.answer()
        for client in [*clients, late]:
            self.assertEqual(len(client.taken()), 20_000 * len(b"ERRNOTFOUND\r\n"))
            self.assertEqual(client.transport.other.bufferSize, LIMITS.readBytes)
        self.assertEqual(served.clients.backlog.total, 0)

    def test_turns(self) -> None:
        """
        So it is with what waits for its turn; and what a client leaves behind does not count.
        """
        clock = Clock()
        served = Served(memory=LIMITS, limits=IntakeLimits(turnCommands=1), turns=clock)
        clients = [served.connect() for _ in range(50)]
        for client in clients:
            client.send(b"get k\r\n" * 20_000)
        total = served.clients.backlog.total
        self.assertGreater(total, LIMITS.waitingBytes)
        self.assertLess(total, LIMITS.waitingBytes + 2 * LIMITS.readBytes + 2 * len(clients) * LIMITS.shortReadBytes)
        for client in clients:
            client.abort()
        self.assertEqual(served.clients.backlog.total, 0)
