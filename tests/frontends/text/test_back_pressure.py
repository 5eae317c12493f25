"""
Tests for back-pressure: what may be pending on a connection, and what a client that does not read its replies costs.
"""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import NotFound
from replkv.frontends.budget import Budget
from replkv.frontends.limits import CONNECTION_LIMITS, MemoryLimits
from replkv.frontends.replies import FIRST_READ_BYTES, Replies
from replkv.frontends.watch import Watch
from replkv.testing.cluster.end import BUFFER_BYTES
from tests.frontends.text.session import Served

NOT_FOUND = b"ERRNOTFOUND\r\n"
UNAVAILABLE = b"ERR_INTERNAL\r\n"
MIB = 1 << 20
VALUE = bytes(range(256)) * 4096 * 8


class PendingTests(SynchronousTestCase):
    """
    Tests for the limit on what waits for an answer.
    """

    def test_commands(self) -> None:
        """
        No more than so many commands are pending: the rest is left unread, and goes on when half are answered.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 1_000_000)
        self.assertEqual(len(served.backend.held), CONNECTION_LIMITS.pendingCommands)
        self.assertEqual(client.transport.backlog, 10_000_000 - BUFFER_BYTES)

        for _ in range(CONNECTION_LIMITS.pendingCommands // 2):
            served.backend.held.popleft().answer(NotFound())
        served.outbox.flush()
        self.assertEqual(len(served.backend.held), CONNECTION_LIMITS.pendingCommands // 2)
        served.backend.held.popleft().answer(NotFound())
        served.outbox.flush()
        self.assertEqual(len(served.backend.held), CONNECTION_LIMITS.pendingCommands)

    def test_reads(self) -> None:
        """
        Reads of large values are few at a time, from the first; once they are seen to be small, they are many.
        """
        served = Served()
        client = served.connect()
        client.send(b"set k 0 1048576 noreply\r\n" + bytes(1024 * 1024) + b"\r\nset s 0 1 noreply\r\nx\r\n")
        served.backend.holding = True
        client.send(b"get k\r\n" * 100)
        self.assertEqual(len(served.backend.held), CONNECTION_LIMITS.pendingBytes // FIRST_READ_BYTES)
        while served.backend.held:
            served.answer()
            self.assertLessEqual(len(served.backend.held), CONNECTION_LIMITS.pendingBytes // 1024 // 1024)
        self.assertEqual(client.taken(), (b"VALUE 1048576\r\n" + bytes(1024 * 1024) + b"\r\n") * 100)

        client.send(b"get s\r\n" * 1000)
        most = 0
        while served.backend.held:
            served.answer()
            most = max(most, len(served.backend.held))
        self.assertEqual(most, CONNECTION_LIMITS.pendingCommands)
        self.assertEqual(client.taken(), b"VALUE 1\r\nx\r\n" * 1000)

    def test_everythingIsAnswered(self) -> None:
        """
        With the limits reached time and again, each command is answered once.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get k\r\n" * 30_000)
        received = 0
        while served.backend.held:
            served.answer()
            received += len(client.taken())
        self.assertEqual(received, 30_000 * len(NOT_FOUND))
        client.send(b"get k\r\n")
        self.assertEqual(client.transport.backlog, 0)

    def test_bytes(self) -> None:
        """
        No more than so many bytes of values are pending, give or take one value; it goes on when half are stored.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        value = b"v" * 1024 * 1024
        client.send(b"set k 0 %d\r\n%b\r\n" % (len(value), value) * 12)
        limit = CONNECTION_LIMITS.pendingBytes // len(value)
        self.assertEqual(len(served.backend.held), limit)
        self.assertGreater(client.transport.backlog, 0)
        received = b""
        while served.backend.held:
            self.assertLessEqual(len(served.backend.held), limit)
            served.backend.carryOut(served.backend.held.popleft())
            served.outbox.flush()
            received += client.taken()
        self.assertEqual(received, b"".join(b"OK %d\r\n" % version for version in range(1, 13)))

    def test_answeredBehindTheHead(self) -> None:
        """
        Replies that wait for one before them count as pending.
        """
        served = Served()
        client = served.connect()
        served.backend.holding = True
        client.send(b"get k\r\n")
        client.send(b"version\r\n" * 20_000)
        self.assertEqual(client.value(), b"")
        self.assertGreater(client.transport.backlog, 0)
        served.answer()
        self.assertEqual(client.taken().count(b"VERSION"), 20_000)


class SlowReaderTests(SynchronousTestCase):
    """
    Tests for a client that does not read its replies.
    """

    def test_nothingMoreIsTaken(self) -> None:
        """
        A client that sends a million commands and reads nothing has a bounded number carried out, and the rest of its
        input left unread; as it reads, all are.
        """
        served = Served()
        client = served.connect()
        client.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        client.transport.pauseProducing()
        client.send(b"get k\r\n" * 1_000_000)
        written = client.transport.other.backlog
        self.assertLess(written, 2 * BUFFER_BYTES + CONNECTION_LIMITS.pendingCommands * 1100)
        self.assertGreater(client.transport.backlog, 7_000_000 - 2 * BUFFER_BYTES)

    def test_allIsCarriedOutAsItReads(self) -> None:
        """
        Bit by bit, a client that reads slowly gets everything.
        """
        client = Served().connect()
        client.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        client.transport.pauseProducing()
        client.send(b"get k\r\n" * 2000)
        self.assertGreater(2000 * 1013, client.transport.other.backlog)
        client.transport.resumeProducing()
        self.assertEqual(client.taken(), (b"VALUE 1000\r\n" + b"v" * 1000 + b"\r\n") * 2000)

    def test_unreadIsBounded(self) -> None:
        """
        What clients leave unread is counted over all connections. Where it is too much, reads are answered that the
        server is overloaded; what waits comes in its order when the client reads, and then there is room again.
        """
        served = Served(memory=MemoryLimits(unreadBytes=400_000))
        slow, quick = served.connect(), served.connect()
        quick.send(b"set k 0 100000 noreply\r\n" + b"v" * 100_000 + b"\r\n")
        value = b"VALUE 100000\r\n" + b"v" * 100_000 + b"\r\n"
        served.backend.holding = True
        slow.send(b"get k\r\n" * 10)
        slow.transport.pauseProducing()
        served.answer()
        served.backend.holding = False
        quick.send(b"get k\r\n")
        self.assertEqual(quick.taken(), UNAVAILABLE)
        slow.transport.resumeProducing()
        self.assertEqual(slow.taken(), value * 3 + UNAVAILABLE * 7)
        self.assertEqual(served.budget.unread, 0)
        quick.send(b"get k\r\n")
        self.assertEqual(quick.taken(), value)

    def test_oneReplyEach(self) -> None:
        """
        Clients that do not read one large reply each are all counted, though each transport was given its reply: that
        has it in memory.
        """
        served = Served(memory=MemoryLimits(unreadBytes=10 * MIB))
        served.connect().send(b"set k 0 %d noreply\r\n%b\r\n" % (MIB, bytes(MIB)))
        clients = [served.connect() for _ in range(20)]
        for client in clients:
            client.transport.pauseProducing()
            client.send(b"get k\r\n")
        self.assertGreater(served.budget.unread, 8 * MIB)
        self.assertLess(sum(client.transport.other.backlog for client in clients), 10 * MIB)
        for client in clients:
            client.transport.resumeProducing()
        answers = [client.taken() for client in clients]
        # Each has a reply and a piece of it, so there is no room for a ninth.
        self.assertEqual(sum(answer.startswith(b"VALUE ") for answer in answers), 8)
        self.assertEqual(answers.count(UNAVAILABLE), 12)
        self.assertEqual(served.budget.unread, 0)

    def test_stuck(self) -> None:
        """
        Clients that read nothing keep others from being served for a moment only: where memory is short, they are
        disconnected, the largest first, and whoever reads is not, however slowly.
        """
        served = Served(memory=MemoryLimits(unreadBytes=10 * MIB))
        other = served.connect()
        other.send(b"set k 0 %d noreply\r\n%b\r\nset s 0 70 noreply\r\n%070d\r\n" % (MIB, bytes(MIB), 0))
        small, slow, *stuck = (served.connect() for _ in range(12))
        for client, command in ((small, b"get s\r\n" * 128), (slow, b"get k\r\n"), *((s, b"get k\r\n") for s in stuck)):
            client.transport.pauseProducing()
            client.send(command * 4)
        other.send(b"get k\r\n")
        self.assertEqual(other.taken(), UNAVAILABLE)
        read = slow.dataReceived

        def readOnce(data: bytes) -> None:
            read(data)
            slow.transport.pauseProducing()

        with patch.object(slow, "dataReceived", readOnce):
            for _ in range(8):
                served.network.advance(0.4)
                slow.transport.resumeProducing()
                served.network.settle()
        other.send(b"get k\r\n")
        self.assertEqual(len(other.taken()), MIB + 17)
        self.assertTrue(small.isUp and slow.isUp)
        self.assertFalse(all(client.isUp for client in stuck))
        self.assertTrue(any(client.isUp for client in stuck))

    def test_stuckBehindAnother(self) -> None:
        """
        So it is with replies that cannot be given to the client, since one before them is yet to come; whoever has few
        of them stays.
        """
        served = Served(memory=MemoryLimits(unreadBytes=10 * MIB))
        other, small, large = (served.connect() for _ in range(3))
        other.send(b"set k 0 %d noreply\r\n%b\r\nset s 0 70 noreply\r\n%070d\r\n" % (MIB, bytes(MIB), 0))
        served.backend.holding = True
        small.send(b"delete a\r\n" + b"get s\r\n" * 9)
        large.send(b"delete b\r\n" + b"get k\r\n" * 9)
        first, second = served.backend.held[0], served.backend.held[10]
        for request in served.backend.held:
            if request not in (first, second):
                served.backend.carryOut(request)
        served.backend.holding = False
        served.outbox.flush()
        self.assertGreater(served.budget.excess, 0)
        with capturedLogs() as events:
            for _ in range(8):
                self.assertTrue(large.isUp)
                other.send(b"get k\r\n")
                self.assertEqual(other.taken(), UNAVAILABLE)
                served.network.advance(0.3)
                if not large.isUp:
                    break
        other.send(b"get k\r\n")
        self.assertEqual(len(other.taken()), MIB + 17)
        self.assertEqual((small.isUp, large.isUp), (True, False))
        [event] = events
        self.assertIn("has replies behind one that is yet to come", str(formatEvent(event)))
        served.backend.carryOut(first)
        served.outbox.flush()
        self.assertEqual(small.taken().count(b"VALUE "), 9)

    def test_goesOn(self) -> None:
        """
        Whoever has just been given some of its replies, or has just taken some, has not waited yet for the others.
        """
        watch = Watch(Clock(), lambda: None, 60.0, None)
        replies = Replies(Budget(), watch, CONNECTION_LIMITS)
        stuck = []
        for look in (10, 12, 14):
            watch.now = look
            stuck.append(replies.stuckBytes)
            if look == 10:
                replies.hold(NOT_FOUND)
            else:
                replies.taken()
            stuck.append(replies.stuckBytes)
        self.assertEqual(stuck, [0, 0, len(NOT_FOUND), 0, len(NOT_FOUND), 0])

    def test_long(self) -> None:
        """
        What a command that is no read is answered with is bounded too.
        """
        served = Served(memory=MemoryLimits(unreadBytes=100_000))
        clients = [served.connect() for _ in range(10)]
        for client in clients:
            client.transport.pauseProducing()
            client.send(b"help\r\n" * 20_000)
        self.assertLess(served.budget.unread, 200_000)
        for client in clients:
            client.abort()
        self.assertEqual(served.budget.unread, 0)

    def test_inPieces(self) -> None:
        """
        A large reply is given to the transport a piece at a time, as the client reads.
        """
        served = Served(maxValueBytes=8 * MIB)
        client = served.connect()
        client.send(b"set k 0 %d noreply\r\n%b\r\n" % (8 * MIB, VALUE) * 2)
        client.transport.pauseProducing()
        client.send(b"get k\r\nget k\r\nget none\r\n")
        self.assertLessEqual(client.transport.other.backlog, CONNECTION_LIMITS.pieceBytes + 2 * BUFFER_BYTES)
        client.transport.resumeProducing()
        self.assertEqual(client.taken(), (b"VALUE %d\r\n%b\r\n" % (8 * MIB, VALUE)) * 2 + NOT_FOUND)
        self.assertEqual((served.budget.reserved, served.budget.unread), (0, 0))

    def test_crowd(self) -> None:
        """
        Where much is pending on all connections together, each goes on with one command at a time; all that clients who
        read have asked for is answered, however much it is.
        """
        served = Served(memory=MemoryLimits(reservedBytes=2 * FIRST_READ_BYTES))
        writer = served.connect()
        writer.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        served.backend.holding = True
        clients = [served.connect() for _ in range(4)]
        for client in clients:
            client.send(b"get k\r\n" * 20)
        self.assertEqual(len(served.backend.held), 5)
        clients[3].send(b"get k\r\n")
        self.assertGreater(clients[3].transport.backlog, 0)
        while served.backend.held:
            served.answer()
        for client, count in zip(clients, (20, 20, 20, 21), strict=True):
            self.assertEqual(client.taken(), (b"VALUE 1000\r\n" + b"v" * 1000 + b"\r\n") * count)
        self.assertEqual((served.budget.reserved, served.budget.unread), (0, 0))

    def test_lostClientsReplies(self) -> None:
        """
        The replies of a client that is gone are counted no longer.
        """
        served = Served()
        slow = served.connect()
        slow.send(b"set k 0 %d noreply\r\n%b\r\n" % (MIB, bytes(MIB)))
        slow.transport.pauseProducing()
        slow.send(b"get k\r\n" * 3)
        self.assertGreater(served.budget.unread, MIB)
        slow.abort()
        self.assertEqual((served.budget.reserved, served.budget.unread), (0, 0))

    def test_othersGoOn(self) -> None:
        """
        Another client is not slowed down.
        """
        served = Served()
        slow, quick = served.connect(), served.connect()
        slow.transport.pauseProducing()
        slow.send(b"help\r\n" * 100_000)
        self.assertGreater(slow.transport.backlog, 0)
        quick.send(b"get k\r\n")
        self.assertEqual(quick.taken(), NOT_FOUND)
