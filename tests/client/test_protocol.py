"""
Tests for L{replkv.client.protocol}.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionDone
from twisted.trial.unittest import SynchronousTestCase

from replkv.client.errors import ProtocolError, Unavailable
from replkv.client.protocol import ClientProtocol
from replkv.client.replies import Reply
from tests.client.network import Wire


class ClientProtocolTests(SynchronousTestCase):
    """
    Tests for L{ClientProtocol}.
    """

    def setUp(self) -> None:
        """
        Connect.
        """
        self.lost: list[None] = []
        self.protocol = ClientProtocol(lambda: self.lost.append(None))
        self.wire = Wire()
        self.wire.protocol = self.protocol
        self.protocol.makeConnection(self.wire)

    def test_pipelined(self) -> None:
        """
        Commands go out without waiting for answers, and each gets the reply that stands in its place.
        """
        first, second, third = (self.protocol.send(b"get %d\r\n" % number) for number in range(3))
        self.assertEqual(self.wire.taken(), b"get 0\r\nget 1\r\nget 2\r\n")
        self.wire.reply(b"VALUE 1\r\na\r\nERRNOTFOUND\r\n")
        self.assertEqual(self.successResultOf(first).value, b"a")
        self.assertEqual(self.successResultOf(second), Reply(b"ERRNOTFOUND"))
        self.assertNoResult(third)

    def test_cancelled(self) -> None:
        """
        The reply to a command that nobody waits for any longer is dropped, and no other command gets it.
        """
        first, second = self.protocol.send(b"get a\r\n"), self.protocol.send(b"get b\r\n")
        first.cancel()
        self.failureResultOf(first)
        self.wire.reply(b"OK 1\r\nOK 2\r\n")
        self.assertEqual(self.successResultOf(second), Reply(b"OK 2"))

    def test_lost(self) -> None:
        """
        When the connection is lost, what waits for its reply fails, and the owner is told, once.
        """
        waiting = [self.protocol.send(b"get a\r\n") for _ in range(2)]
        self.wire.drop()
        for result in waiting:
            self.failureResultOf(result, ConnectionDone)
        self.assertEqual(self.lost, [None])

    def test_close(self) -> None:
        """
        To close the connection aborts it; what waits for its reply fails.
        """
        waiting = self.protocol.send(b"get a\r\n")
        self.protocol.close()
        self.failureResultOf(waiting, ConnectionDone)
        self.assertTrue(self.wire.aborted)
        self.wire.drop()
        self.assertEqual(self.lost, [None])

    def test_notAReply(self) -> None:
        """
        What is no reply ends the connection.
        """
        waiting = self.protocol.send(b"get a\r\n")
        self.wire.reply(b"VALUE x\r\n")
        self.failureResultOf(waiting, ProtocolError)
        self.assertTrue(self.wire.aborted)

    def test_replyToNothing(self) -> None:
        """
        A reply that answers no command ends the connection.
        """
        self.wire.reply(b"OK 1\r\n")
        self.assertTrue(self.wire.aborted)

    def test_bound(self) -> None:
        """
        No more than so many commands wait for their replies; the next one is refused and not sent.
        """
        for _ in range(ClientProtocol.MAX_PENDING):
            self.protocol.send(b"x")
        self.wire.clear()
        self.assertRaises(Unavailable, self.protocol.send, b"get a\r\n")
        self.assertEqual(self.wire.value(), b"")
