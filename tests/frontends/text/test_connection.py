"""
Tests for one connection: the order of its replies, and its end.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import Found, NotFound
from replkv.frontends.connection import (
    LINGER_SECONDS,
)
from replkv.frontends.limits import CONNECTION_LIMITS, IntakeLimits
from replkv.frontends.outbox import Writer
from replkv.wire.parser import CommandParser
from tests.frontends.text.session import Served, protocolOf

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
        second.answer(NotFound())
        served.outbox.flush()
        self.assertEqual(client.taken(), b"")
        first.answer(Found(1, 0, b"x"))
        served.outbox.flush()
        self.assertEqual(client.taken().split(b"VERSION")[0], b"VALUE 1\r\nx\r\n" + NOT_FOUND)

    def test_oneWritePerBatch(self) -> None:
        """
        Answers of one batch leave in one write, when the batch is flushed and not before.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        written: list[bytes] = []

        def noteWritten(data: bytes) -> bool:
            written.append(data)
            return True

        self.patch(client.transport.other, "send", noteWritten)
        ready: list[Writer] = []
        add = served.outbox.add

        def noteReady(connection: Writer) -> None:
            ready.append(connection)
            add(connection)

        self.patch(served.outbox, "add", noteReady)
        client.send(b"get a\r\n" * 5)
        served.backend.answerHeld()
        self.assertEqual(ready, [protocolOf(client)])
        self.assertEqual(written, [])
        served.outbox.flush()
        self.assertEqual(written, [NOT_FOUND * 5])

    def test_answersAtOnce(self) -> None:
        """
        Any number of commands that are answered at once is carried out without recursion, 64 KiB of them in few writes.
        """
        client = Served().connect()
        client.send(b"get k\r\n" * 50_000)
        self.assertEqual(client.taken(), NOT_FOUND * 50_000)

    def test_socketOptions(self) -> None:
        """
        Replies are not delayed, and dead clients are found.
        """
        accepted = Served().connect().transport.other
        self.assertTrue(accepted.getTcpNoDelay())
        self.assertTrue(accepted.getTcpKeepAlive())

    def test_session(self) -> None:
        """
        All requests of a connection are of one session, on which the node may note what it wrote.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"set k 0 1\r\nx\r\nget k\r\n")
        write, read = served.backend.held
        self.assertEqual(write.session.lastIndex, 0)
        write.session.lastIndex = 17
        self.assertEqual(read.session.lastIndex, 17)


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
        self.assertFalse(client.hasEnded)
        served.answer()
        self.assertEqual(client.taken(), NOT_FOUND)
        self.assertTrue(client.hasEnded)
        self.assertEqual(len(served.backend.seen), 1)

    def test_quitAlone(self) -> None:
        """
        C{quit} has no reply.
        """
        client = Served().connect()
        client.send(b"quit\r\n")
        self.assertEqual(client.taken(), b"")
        self.assertTrue(client.hasEnded)

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
        self.assertEqual(client.transport.backlog, 0)
        self.assertEqual(kept, [])
        self.assertEqual(served.backend.seen, [])
        self.assertTrue(client.isUp)
        client.endWriting()
        self.assertFalse(client.isUp)
        self.assertEqual(served.process.getDelayedCalls(), [])

    def test_lingeringEnds(self) -> None:
        """
        It does not do so for long.
        """
        served = Served()
        client = served.connect()
        client.send(b"quit\r\n")
        served.network.advance(LINGER_SECONDS - 0.01)
        self.assertTrue(client.isUp)
        served.network.advance(0.01)
        self.assertFalse(client.isUp)

    def test_lingeringDropsThoughTheClientDoesNotRead(self) -> None:
        """
        What is dropped is not kept, though the client has not read its replies.
        """
        client = Served().connect()
        client.transport.pauseProducing()
        client.send(b"set k 0 100000 noreply\r\n" + b"v" * 100_000 + b"\r\nget k\r\nquit\r\n")
        client.send(b"get k\r\n" * 100_000)
        self.assertEqual(client.transport.backlog, 0)
        self.assertEqual(protocolOf(client).clearLineBuffer(), b"")

    def test_halfClose(self) -> None:
        """
        A client that sends nothing more still gets all its replies; then the connection is closed.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get k\r\n" * 1000 + b"get unfinis")
        client.endWriting()
        received = b""
        while served.backend.held:
            self.assertTrue(client.isUp)
            served.answer()
            received += client.taken()
        self.assertEqual(received, NOT_FOUND * 1000)
        self.assertFalse(client.isUp)

    def test_halfCloseOfIdle(self) -> None:
        """
        A client that has all its replies and sends nothing more is closed at once.
        """
        client = Served().connect()
        client.send(b"get k\r\n")
        self.assertEqual(client.taken(), NOT_FOUND)
        client.endWriting()
        self.assertFalse(client.isUp)

    def test_halfCloseWhileNotReading(self) -> None:
        """
        A client that sends nothing more and reads late gets everything too.
        """
        client = Served().connect()
        client.send(b"set k 0 1000 noreply\r\n" + b"v" * 1000 + b"\r\n")
        client.transport.pauseProducing()
        client.send(b"get k\r\n" * 500)
        client.endWriting()
        self.assertTrue(client.isUp)
        client.transport.resumeProducing()
        self.assertEqual(len(client.taken()), 500 * 1014)
        self.assertFalse(client.isUp)

    def test_endBeforeAllIsTaken(self) -> None:
        """
        Where the end of the input is found before all commands are taken, they are still carried out, and nothing
        more is read.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 200)
        protocolOf(client).readConnectionLost()
        self.patch(client.transport.other, "resumeProducing", lambda: self.fail("nothing more is to be read"))
        served.answer()
        self.assertTrue(client.isUp)
        served.answer()
        self.assertEqual(client.taken(), NOT_FOUND * 200)
        self.assertFalse(client.isUp)

    def test_lost(self) -> None:
        """
        Answers for a client that has gone are dropped, and no more of its commands are taken.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 200)
        client.abort()
        served.answer()
        self.assertEqual((served.budget.reserved, served.budget.unread), (0, 0))
        self.assertEqual(len(served.backend.seen), CONNECTION_LIMITS.pendingCommands)

    def test_lostWhileWaiting(self) -> None:
        """
        Of a client that has gone while it waited for its turn, nothing is taken, and nothing counts: not the value that
        it had begun to send either.
        """
        turns = Clock()
        served = Served(limits=IntakeLimits(turnCommands=2), turns=turns)
        client, other = served.connect(), served.connect()
        client.send(b"set b 0 1000\r\n" + bytes(500))
        self.assertGreater(served.clients.arrivals.total, 0)
        other.send(b"get a\r\nget a\r\n")
        client.send(bytes(100))
        protocol = protocolOf(client)
        client.abort()
        served.network.settle()
        turns.advance(0)
        served.network.settle()
        self.assertEqual(served.clients.arrivals.total, 0)
        protocol.refuseValue()
        self.assertEqual(served.budget.excess, Served().budget.excess)

    def test_lostBetweenAnswerAndFlush(self) -> None:
        """
        So are answers that were about to be written.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"delete k\r\n" * 200)
        served.backend.answerHeld()
        protocol = protocolOf(client)
        client.abort()
        served.outbox.flush()
        self.assertEqual((protocol.replies.isOver, served.budget.unread), (True, 0))
        self.assertEqual(len(served.backend.seen), CONNECTION_LIMITS.pendingCommands)
