"""
Tests for one connection: the order of its replies, its limits, and its end.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

import replkv.protocol.connection
from replkv.protocol.connection import (
    FIRST_READ_BYTES,
    LINGER_SECONDS,
    MAX_PENDING_BYTES,
    MAX_PENDING_COMMANDS,
    ClientProtocol,
)
from replkv.protocol.parser import CommandParser
from replkv.protocol.request import UNAVAILABLE
from tests.protocol.session import READ_SIZE, Served

NOT_FOUND = b"ERRNOTFOUND\r\n"


class RepliesTests(SynchronousTestCase):
    """
    Tests for the order in which replies leave, and how they are written.
    """

    def test_inOrder(self) -> None:
        """
        A reply waits for all that were asked for before it.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get a\r\nget b\r\nversion\r\n")
        first, second = served.backend.held
        second.notFound()
        served.factory.flush()
        self.assertEqual(client.readAll(), b"")
        first.found(1, 0, b"x")
        served.factory.flush()
        self.assertEqual(client.readAll().split(b"VERSION")[0], b"VALUE 1\r\nx\r\n" + NOT_FOUND)

    def test_oneWritePerBatch(self) -> None:
        """
        Answers of one batch leave in one write, when the batch is flushed and not before.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        written: list[bytes] = []
        self.patch(client, "write", written.append)
        ready: list[ClientProtocol] = []
        repliesReady = served.factory.repliesReady

        def noteReady(connection: ClientProtocol) -> None:
            ready.append(connection)
            repliesReady(connection)

        self.patch(served.factory, "repliesReady", noteReady)
        client.send(b"get a\r\n" * 5)
        served.backend.answerHeld()
        self.assertEqual(ready, [client.protocol])
        self.assertEqual(written, [])
        served.factory.flush()
        self.assertEqual(written, [NOT_FOUND * 5])

    def test_answersAtOnce(self) -> None:
        """
        Any number of commands that are answered at once is carried out without recursion, 64 KiB of them in few writes.
        """
        client = Served().connect()
        client.send(b"get k\r\n" * 50_000)
        self.assertEqual(client.readAll(), NOT_FOUND * 50_000)

    def test_socketOptions(self) -> None:
        """
        Replies are not delayed, and dead clients are found.
        """
        self.assertEqual(Served().connect().options, {"nodelay": True, "keepalive": True})

    def test_lastIndex(self) -> None:
        """
        The node may note on a request's connection what that connection wrote.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"set k 0 1\r\nx\r\nget k\r\n")
        write, read = served.backend.held
        self.assertEqual(write.connection.lastIndex, 0)
        write.connection.lastIndex = 17
        self.assertEqual(read.connection.lastIndex, 17)


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
        self.assertEqual(len(served.backend.held), MAX_PENDING_COMMANDS)
        self.assertEqual(client.producerState, "paused")
        self.assertEqual(len(client.unread), 10_000_000 - READ_SIZE)

        for _ in range(MAX_PENDING_COMMANDS // 2):
            served.backend.held.popleft().notFound()
        served.factory.flush()
        self.assertEqual(len(served.backend.held), MAX_PENDING_COMMANDS // 2)
        served.backend.held.popleft().notFound()
        served.factory.flush()
        self.assertEqual(len(served.backend.held), MAX_PENDING_COMMANDS)

    def test_reads(self) -> None:
        """
        Reads of large values are few at a time, from the first; once they are seen to be small, they are many.
        """
        served = Served()
        client = served.connect()
        client.send(b"set k 0 1048576 noreply\r\n" + bytes(1024 * 1024) + b"\r\nset s 0 1 noreply\r\nx\r\n")
        served.backend.holding = True
        client.send(b"get k\r\n" * 100)
        self.assertEqual(len(served.backend.held), MAX_PENDING_BYTES // FIRST_READ_BYTES)
        while served.backend.held:
            served.answer()
            self.assertLessEqual(len(served.backend.held), MAX_PENDING_BYTES // 1024 // 1024)
        self.assertEqual(client.readAll(), (b"VALUE 1048576\r\n" + bytes(1024 * 1024) + b"\r\n") * 100)

        client.send(b"get s\r\n" * 1000)
        most = 0
        while served.backend.held:
            served.answer()
            most = max(most, len(served.backend.held))
        self.assertEqual(most, MAX_PENDING_COMMANDS)
        self.assertEqual(client.readAll(), b"VALUE 1\r\nx\r\n" * 1000)

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
            received += len(client.readAll())
        self.assertEqual(received, 30_000 * len(NOT_FOUND))
        self.assertEqual(client.producerState, "producing")

    def test_bytes(self) -> None:
        """
        No more than so many bytes of values are pending, give or take one value; it goes on when half are stored.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        value = b"v" * 1024 * 1024
        client.send(b"set k 0 %d\r\n%b\r\n" % (len(value), value) * 12)
        limit = MAX_PENDING_BYTES // len(value)
        self.assertEqual(len(served.backend.held), limit)
        self.assertEqual(client.producerState, "paused")
        received = b""
        while served.backend.held:
            self.assertLessEqual(len(served.backend.held), limit)
            served.backend.carryOut(served.backend.held.popleft())
            served.factory.flush()
            received += client.readAll()
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
        self.assertGreater(len(client.unread), 0)
        served.answer()
        self.assertEqual(client.readAll().count(b"VERSION"), 20_000)


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
        client.reads = False
        client.send(b"get k\r\n" * 1_000_000)
        self.assertEqual(client.producerState, "paused")
        self.assertLess(len(client.value()), 2 * READ_SIZE + MAX_PENDING_COMMANDS * 1100)
        self.assertGreater(len(client.unread), 7_000_000 - 2 * READ_SIZE)

    def test_allIsCarriedOutAsItReads(self) -> None:
        """
        Bit by bit, a client that reads slowly gets everything.
        """
        client = Served().connect()
        client.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        client.reads = False
        client.send(b"get k\r\n" * 2000)
        self.assertGreater(2000 * 1013, len(client.value()))
        self.assertEqual(client.readAll(), (b"VALUE 1000\r\n" + b"v" * 1000 + b"\r\n") * 2000)

    def test_unwrittenIsBounded(self) -> None:
        """
        What the transport does not take is counted over all connections. Where it is too much, reads are answered that
        the server is overloaded; what waits leaves in its order when the client reads, and then there is room again.
        """
        self.patch(replkv.protocol.connection, "MAX_UNWRITTEN_BYTES", 4000)
        served = Served()
        writer, slow, quick = served.connect(), served.connect(), served.connect()
        writer.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        served.backend.holding = True
        slow.send(b"get k\r\n" * 10)
        slow.protocol.pauseProducing()
        served.answer()
        value = b"VALUE 1000\r\n" + b"v" * 1000 + b"\r\n"
        self.assertEqual(slow.value(), b"")
        served.backend.holding = False
        quick.send(b"get k\r\n")
        self.assertEqual(quick.readAll(), UNAVAILABLE)
        slow.protocol.resumeProducing()
        self.assertEqual(slow.readAll(), value * 3 + UNAVAILABLE * 7)
        self.assertEqual(served.factory.unwritten, 0)
        quick.send(b"get k\r\n")
        self.assertEqual(quick.readAll(), value)

    def test_crowd(self) -> None:
        """
        Where much is pending on all connections together, each goes on with one command at a time; all that clients who
        read have asked for is answered, however much it is.
        """
        self.patch(replkv.protocol.connection, "MAX_RESERVED_BYTES", 2 * FIRST_READ_BYTES)
        served = Served()
        writer = served.connect()
        writer.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        served.backend.holding = True
        clients = [served.connect() for _ in range(4)]
        for client in clients:
            client.send(b"get k\r\n" * 20)
        self.assertEqual(len(served.backend.held), 5)
        self.assertEqual(clients[3].producerState, "paused")
        while served.backend.held:
            served.answer()
        for client in clients:
            self.assertEqual(client.readAll(), (b"VALUE 1000\r\n" + b"v" * 1000 + b"\r\n") * 20)
        self.assertEqual((served.factory.reserved, served.factory.unwritten), (0, 0))

    def test_lostClientsReplies(self) -> None:
        """
        The replies of a client that is gone are counted no longer.
        """
        served = Served()
        slow = served.connect()
        served.backend.holding = True
        slow.send(b"get k\r\n")
        slow.protocol.pauseProducing()
        served.answer()
        self.assertEqual(served.factory.unwritten, len(NOT_FOUND))
        slow.disconnect()
        self.assertEqual((served.factory.reserved, served.factory.unwritten), (0, 0))

    def test_othersGoOn(self) -> None:
        """
        Another client is not slowed down.
        """
        served = Served()
        slow, quick = served.connect(), served.connect()
        slow.reads = False
        slow.send(b"help\r\n" * 100_000)
        self.assertEqual(slow.producerState, "paused")
        quick.send(b"get k\r\n")
        self.assertEqual(quick.readAll(), NOT_FOUND)


class EndTests(SynchronousTestCase):
    """
    Tests for the end of a connection.
    """

    def test_quit(self) -> None:
        """
        C{quit} lets the replies to what came before go out, then closes; nothing after it is run.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get a\r\nquit\r\nget b\r\n")
        self.assertEqual(len(served.backend.held), 1)
        self.assertFalse(client.serverEnded)
        served.answer()
        self.assertEqual(client.readAll(), NOT_FOUND)
        self.assertTrue(client.serverEnded)
        self.assertEqual(len(served.backend.seen), 1)

    def test_quitAlone(self) -> None:
        """
        C{quit} has no reply.
        """
        client = Served().connect()
        client.send(b"quit\r\n")
        self.assertEqual(client.readAll(), b"")
        self.assertTrue(client.serverEnded)

    def test_lingering(self) -> None:
        """
        A closing server reads and drops what the client still sends, so that its last replies are not lost, until the
        client closes.
        """
        served = Served()
        client = served.connect()
        client.send(b"quit\r\n")
        kept: list[bytes] = []
        self.patch(CommandParser, "feed", kept.append)
        client.send(b"get k\r\n" * 100_000)
        self.assertEqual(client.unread, b"")
        self.assertEqual(kept, [])
        self.assertEqual(served.backend.seen, [])
        self.assertIsNone(client.lost)
        client.shutdownWriting()
        self.assertIsNotNone(client.lost)
        self.assertEqual(served.clock.getDelayedCalls(), [])

    def test_lingeringEnds(self) -> None:
        """
        It does not do so for long.
        """
        served = Served()
        client = served.connect()
        client.send(b"quit\r\n")
        served.clock.advance(LINGER_SECONDS - 0.01)
        self.assertIsNone(client.lost)
        served.clock.advance(0.01)
        self.assertIsNotNone(client.lost)

    def test_lingeringDropsThoughTheClientDoesNotRead(self) -> None:
        """
        What is dropped is not kept, though the client has not read its replies.
        """
        client = Served().connect()
        client.reads = False
        client.send(b"set k 0 100000 noreply\r\n" + b"v" * 100_000 + b"\r\nget k\r\nquit\r\n")
        client.send(b"get k\r\n" * 100_000)
        self.assertEqual(client.unread, b"")
        self.assertEqual(client.protocol.clearLineBuffer(), b"")

    def test_halfClose(self) -> None:
        """
        A client that sends nothing more still gets all its replies; then the connection is closed.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get k\r\n" * 1000 + b"get unfinis")
        client.shutdownWriting()
        received = b""
        while served.backend.held:
            self.assertIsNone(client.lost)
            served.answer()
            received += client.readAll()
        self.assertEqual(received, NOT_FOUND * 1000)
        self.assertIsNotNone(client.lost)

    def test_halfCloseOfIdle(self) -> None:
        """
        A client that has all its replies and sends nothing more is closed at once.
        """
        client = Served().connect()
        client.send(b"get k\r\n")
        self.assertEqual(client.readAll(), NOT_FOUND)
        client.shutdownWriting()
        self.assertIsNotNone(client.lost)

    def test_halfCloseWhileNotReading(self) -> None:
        """
        A client that sends nothing more and reads late gets everything too.
        """
        client = Served().connect()
        client.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        client.reads = False
        client.send(b"get k\r\n" * 500)
        client.shutdownWriting()
        self.assertIsNone(client.lost)
        self.assertEqual(len(client.readAll()), 500 * 1014)
        self.assertIsNotNone(client.lost)

    def test_endBeforeAllIsTaken(self) -> None:
        """
        Where the end of the input is found before all commands are taken, they are still carried out, and nothing
        more is read.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 200)
        client.endSeen = True
        client.protocol.readConnectionLost()
        served.answer()
        self.assertIsNone(client.lost)
        served.answer()
        self.assertEqual(client.readAll(), NOT_FOUND * 200)
        self.assertIsNotNone(client.lost)

    def test_lost(self) -> None:
        """
        Answers for a client that has gone are dropped, and no more of its commands are taken.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 200)
        client.disconnect()
        served.answer()
        self.assertEqual(client.value(), b"")
        self.assertEqual(len(served.backend.seen), MAX_PENDING_COMMANDS)

    def test_lostBetweenAnswerAndFlush(self) -> None:
        """
        So are answers that were about to be written.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 200)
        served.backend.answerHeld()
        client.disconnect()
        served.factory.flush()
        self.assertEqual(client.value(), b"")
        self.assertEqual(len(served.backend.seen), MAX_PENDING_COMMANDS)
