"""
Tests for L{replkv.client.protocol}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.trial.unittest import SynchronousTestCase

from replkv.client.errors import Unavailable
from replkv.client.limits import CLIENT_LIMITS
from replkv.client.protocol import CommandProtocol
from replkv.commands.results import Found, NotFound, Result, Stored
from replkv.wire.replyparser import ProtocolError
from tests.client.network import HOST, Network
from tests.network import dial


class Recorder:
    """
    Takes note of what a connection tells.
    """

    def __init__(self) -> None:
        self.answers = 0
        self.reasons: list[str | None] = []

    def answered(self, connection: CommandProtocol) -> None:
        """
        See L{replkv.client.protocol.Owner.answered}.
        """
        self.answers += 1

    def left(self, connection: CommandProtocol, reason: str | None) -> None:
        """
        See L{replkv.client.protocol.Owner.left}.
        """
        self.reasons.append(reason)


class CommandProtocolTests(SynchronousTestCase):
    """
    Tests for L{CommandProtocol}.
    """

    def setUp(self) -> None:
        """
        Connect.
        """
        self.network = Network()
        self.reactor = self.network.reactor
        self.owner = Recorder()
        self.protocol = CommandProtocol(self.reactor, 2.0, self.owner, CLIENT_LIMITS)
        dial(self.protocol, self.reactor, HOST, 1)
        self.wire = self.network.accept(1)

    def test_socketOptions(self) -> None:
        """
        Commands are not delayed, and a host that has gone is noticed.
        """
        transport = self.wire.transport.other
        self.assertTrue(transport.getTcpNoDelay())
        self.assertTrue(transport.getTcpKeepAlive())

    def test_pipelined(self) -> None:
        """
        Commands go out without waiting for answers, and each gets the reply that stands in its place.
        """
        first, second, third = (self.read(b"get %d\r\n" % number) for number in range(3))
        self.assertEqual(self.wire.taken(), b"get 0\r\nget 1\r\nget 2\r\n")
        self.wire.send(b"VALUE 1\r\na\r\nERRNOTFOUND\r\n")
        self.assertEqual(self.successResultOf(first), Found(0, 0, b"a"))
        self.assertEqual(self.successResultOf(second), NotFound())
        self.assertNoResult(third)

    def test_cancelled(self) -> None:
        """
        The reply to a command that nobody waits for any longer is dropped, and no other command gets it.
        """
        first, second = self.read(), self.read()
        first.cancel()
        self.failureResultOf(first)
        self.wire.send(b"OK 1\r\nOK 2\r\n")
        self.assertEqual(self.successResultOf(second), Stored(2))

    def test_lost(self) -> None:
        """
        When the connection is lost, what waits for its reply fails, and the owner is told, once.
        """
        waiting = [self.read() for _ in range(2)]
        self.wire.close()
        for result in waiting:
            self.failureResultOf(result, ConnectionDone)
        self.assertEqual(self.owner.reasons, ["it closed the connection"])

    def test_close(self) -> None:
        """
        To close the connection aborts it; what waits for its reply fails.
        """
        waiting = self.read()
        self.protocol.close()
        self.failureResultOf(waiting, Unavailable)
        self.assertTrue(self.wire.isReset)
        self.wire.close()
        self.assertEqual(self.owner.reasons, ["the connection was given up"])

    def test_notAReply(self) -> None:
        """
        What is no reply ends the connection.
        """
        waiting = self.read()
        self.wire.send(b"VALUE x\r\n")
        self.failureResultOf(waiting, ProtocolError)
        self.assertTrue(self.wire.isReset)

    def test_replyToNothing(self) -> None:
        """
        A reply that answers no command ends the connection.
        """
        self.wire.send(b"OK 1\r\n")
        self.assertTrue(self.wire.isReset)

    def test_room(self) -> None:
        """
        There is room for so many commands, and for so many bytes of them; and again as they are answered.
        """
        for _ in range(CLIENT_LIMITS.sent - 1):
            self.read()
        self.assertTrue(self.protocol.hasRoom)
        self.read()
        self.assertFalse(self.protocol.hasRoom)
        self.wire.send(b"OK 1\r\n")
        self.assertTrue(self.protocol.hasRoom)
        self.write(bytes(CLIENT_LIMITS.sentBytes))
        self.wire.send(b"OK 1\r\n")
        self.assertFalse(self.protocol.hasRoom)
        self.wire.send(b"OK 1\r\n" * (CLIENT_LIMITS.sent - 1))
        self.assertTrue(self.protocol.hasRoom)
        self.assertEqual(self.owner.answers, 3)

    def test_cancelledHoldsItsPlace(self) -> None:
        """
        A command that nobody waits for takes up room until the server has answered it.
        """
        commands = [self.read() for _ in range(CLIENT_LIMITS.sent)]
        for command in commands:
            command.cancel()
            self.failureResultOf(command, CancelledError)
        self.assertEqual((self.protocol.hasRoom, self.protocol.isAwaited), (False, False))
        self.wire.send(b"OK 1\r\n")
        self.assertEqual((self.protocol.hasRoom, self.owner.answers), (True, 1))

    def test_silent(self) -> None:
        """
        When nothing at all has come for too long, reads fail, and nothing more is sent; a write is waited for, and the
        connection ends after it.
        """
        read, write = self.read(), self.write()
        self.network.advance(1.9)
        self.assertNoResult(read)
        self.network.advance(0.1)
        self.failureResultOf(read, Unavailable)
        self.assertNoResult(write)
        self.assertEqual(self.owner.reasons, ["no reply in 2 s"])
        self.assertEqual((self.protocol.isUsable, self.protocol.hasRoom), (False, False))
        self.network.advance(60)
        self.assertFalse(self.wire.isReset)
        self.wire.send(b"VALUE 5\r\nstale\r\nOK 1\r\n")
        self.assertEqual(self.successResultOf(write), Stored(1))
        self.assertTrue(self.wire.isReset)
        self.assertEqual(self.owner.reasons, ["no reply in 2 s"])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_slow(self) -> None:
        """
        A server that sends anything, a part of a value or another command's reply, is not silent.
        """
        read, last = self.read(), self.read()
        for piece in (b"VALUE 4\r\n", b"ab", b"cd\r\n"):
            self.network.advance(1.9)
            self.wire.send(piece)
        self.assertEqual(self.successResultOf(read), Found(0, 0, b"abcd"))
        self.network.advance(1.9)
        self.assertNoResult(last)
        self.network.advance(0.1)
        self.failureResultOf(last, Unavailable)

    def test_silenceBegins(self) -> None:
        """
        Silence counts from when something was asked, however long nothing had been.
        """
        first = self.read()
        self.wire.send(b"OK 1\r\n")
        self.successResultOf(first)
        self.network.advance(1.5)
        second = self.read()
        self.network.advance(1.9)
        self.assertNoResult(second)
        self.network.advance(0.1)
        self.failureResultOf(second, Unavailable)

    def test_silentToNobody(self) -> None:
        """
        A silent connection on which nobody waits any longer ends.
        """
        reply = self.write()
        reply.cancel()
        self.failureResultOf(reply, CancelledError)
        self.network.advance(2)
        self.assertTrue(self.wire.isReset)
        self.assertEqual(self.owner.reasons, ["no reply in 2 s"])

    def test_closedByAnAnswer(self) -> None:
        """
        Whoever gets a reply may close the connection; further replies that came with it are of no interest.
        """
        first, second = self.read(), self.read()
        first.addCallback(lambda _: self.protocol.close())
        self.wire.send(b"OK 1\r\nOK 2\r\n")
        self.failureResultOf(second, Unavailable)

    def read(self, command: bytes = b"get a\r\n") -> Deferred[Result]:
        """
        Send something that changes nothing.
        """
        return self.protocol.send(command, changes=False)

    def write(self, command: bytes = b"delete a\r\n") -> Deferred[Result]:
        """
        Send something that changes something.
        """
        return self.protocol.send(command, changes=True)
