"""
Tests for L{replkv.client.client}: what it does where a server leads no longer, is lost, or keeps silent.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from replkv.client.client import Client
from replkv.client.errors import Closed, OutcomeUnknown, Unavailable
from tests.client.connected import ClientCase, searched


class FailoverTests(ClientCase):
    """
    What the client does when the server that it asks cannot help.
    """

    def test_redirect(self) -> None:
        """
        A redirect is followed at once, a write's too, and remembered.
        """
        stored = self.client.set(b"k", b"v")
        self.connected().send(b"ERR_REDIRECT db 3\r\n")
        wire = self.connected(3)
        self.assertEqual(wire.taken(), b"set k 0 1\r\nv\r\n")
        wire.send(b"OK 5\r\n")
        self.assertEqual(self.successResultOf(stored), 5)
        self.client.get(b"k")
        self.assertEqual(wire.taken(), b"get k\r\n")
        self.assertEqual(self.client.leader, ("db", 3))

    def test_redirectsInACircle(self) -> None:
        """
        Servers that redirect to each other are asked again only after a pause, and not for ever.
        """
        got = self.client.get(b"k")
        one = self.connected(1)
        one.taken()
        one.send(b"ERR_REDIRECT db 2\r\n")
        two = self.connected(2)
        asked = 1
        for _ in range(1100):
            for wire, other in ((one, 2), (two, 1)):
                while wire.taken():
                    asked += 1
                    wire.send(b"ERR_REDIRECT db %d\r\n" % other)
            self.network.advance(0.01)
        self.failureResultOf(got, Unavailable)
        self.assertGreater(asked, 100)
        self.assertLess(asked, 500)

    def test_redirectToNowhere(self) -> None:
        """
        A redirect that names no server is an error.
        """
        for words in (b"", b"db", b"db x", b"db 0", b"db 65536"):
            client = Client(self.reactor, [("db", 1)])
            got = client.get(b"k")
            self.connected().send(b"ERR_REDIRECT " + words + b"\r\n")
            self.failureResultOf(got, Unavailable)

    def test_refused(self) -> None:
        """
        When a server that leads cannot be connected to any more, another one is found: for a write too, since nothing
        was sent.
        """
        stored = self.client.set(b"k", b"v")
        self.network.asked()
        one = self.network.accept(1)
        self.network.refuse(1)
        one.send(searched("leader"))
        wire = self.connected(2)
        self.assertEqual(wire.taken(), b"set k 0 1\r\nv\r\n")
        wire.send(b"OK 5\r\n")
        self.assertEqual(self.successResultOf(stored), 5)

    def test_allRefused(self) -> None:
        """
        When no server can be connected to, all are tried again and again, until the time is over.
        """
        stored = self.client.set(b"k", b"v")
        self.network.refuse(1, 2, 3)
        self.network.advance(20)
        self.failureResultOf(stored, Unavailable)
        tried = self.network.asked()
        self.assertEqual(tried[:6], [1, 2, 3, 1, 2, 3])
        self.assertGreater(len(tried), 20)

    def test_readRetriedWhenLost(self) -> None:
        """
        A read whose connection is lost is asked of the next server.
        """
        got = self.client.get(b"k")
        self.connected().close()
        self.network.advance(0.1)
        self.connected(2).send(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_readRetriedAfterInternalError(self) -> None:
        """
        A read that a server could not answer is asked of the next one.
        """
        got = self.client.get(b"k")
        self.connected().send(b"ERR_INTERNAL\r\n")
        self.network.advance(0.1)
        self.connected(2).send(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_readRetriedWhenSilent(self) -> None:
        """
        A read that a stopped server does not answer is asked of the next one; its late answer changes nothing.
        """
        got = self.client.get(b"k")
        stopped = self.connected()
        self.network.advance(Client.PATIENCE)
        self.network.advance(Client.RETRY_DELAY)
        other = self.connected(2)
        stopped.send(b"VALUE 5\r\nstale\r\n")
        self.assertNoResult(got)
        other.send(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_writeLost(self) -> None:
        """
        A write whose connection is lost after it was sent has an unknown outcome, and is not sent again.
        """
        writes = [self.client.set(b"k", b"v"), self.client.cas(b"k", 1, b"v"), self.client.delete(b"k")]
        self.connected().close()
        for write in writes:
            self.failureResultOf(write, OutcomeUnknown)
        self.network.advance(5)
        self.assertEqual(self.network.asked(), [])

    def test_writeInternalError(self) -> None:
        """
        A write that a server cannot tell the outcome of is not sent again.
        """
        stored = self.client.set(b"k", b"v")
        wire = self.connected()
        wire.taken()
        wire.send(b"ERR_INTERNAL\r\n")
        self.failureResultOf(stored, OutcomeUnknown)
        self.network.advance(5)
        self.assertEqual((wire.taken(), self.network.asked()), (b"", []))

    def test_writeInternalErrorNext(self) -> None:
        """
        After such a write the next one goes to another server: this one may be a leader that is cut off from the rest.
        """
        stored = self.client.set(b"k", b"v")
        self.connected().send(b"ERR_INTERNAL\r\n")
        self.failureResultOf(stored, OutcomeUnknown)
        self.client.set(b"k", b"v")
        self.assertEqual(self.connected(2).taken(), b"set k 0 1\r\nv\r\n")

    def test_writeSilent(self) -> None:
        """
        A write that is not answered is waited for as long as there is time, and has then an unknown outcome.
        """
        stored = self.client.set(b"k", b"v")
        self.connected()
        self.network.advance(9.9)
        self.assertNoResult(stored)
        self.network.advance(0.2)
        self.failureResultOf(stored, OutcomeUnknown)

    def test_writeSilentNext(self) -> None:
        """
        After a write that was not answered, the next one goes to another server.
        """
        stored = self.client.set(b"k", b"v")
        self.connected()
        self.network.advance(10.1)
        self.failureResultOf(stored, OutcomeUnknown)
        self.client.set(b"k", b"v")
        self.assertEqual(self.connected(2).taken(), b"set k 0 1\r\nv\r\n")

    def test_nonsense(self) -> None:
        """
        A reply that does not fit its command is no success.
        """
        stored, got = self.client.set(b"k", b"v"), self.client.get(b"k")
        self.connected().send(b"DELETED\r\nOK 1\r\n")
        self.failureResultOf(stored, OutcomeUnknown)
        self.failureResultOf(got, Unavailable)

    def test_reconnects(self) -> None:
        """
        A connection that was lost while nothing waited is made again for the next command.
        """
        got = self.client.get(b"k")
        wire = self.connected()
        wire.send(b"ERRNOTFOUND\r\n")
        wire.close()
        self.assertIsNone(self.successResultOf(got))
        self.client.get(b"k")
        self.assertEqual(self.connected().taken(), b"get k\r\n")

    def test_cancel(self) -> None:
        """
        A command that is cancelled is not tried elsewhere.
        """
        got, waiting = self.client.get(b"k"), self.client.get(b"k")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        wire = self.connected()
        self.assertEqual(wire.taken(), b"get k\r\n")
        got.cancel()
        self.failureResultOf(got, CancelledError)
        self.network.advance(5)
        self.assertEqual(self.network.asked(), [])

    def test_close(self) -> None:
        """
        To close the client ends its connections; what waits fails and is not tried again.
        """
        stored, got = self.client.set(b"k", b"v"), self.client.get(b"k")
        wire = self.connected()
        connecting = self.client.stats("db", 2)
        self.client.close()
        self.failureResultOf(stored, OutcomeUnknown)
        self.failureResultOf(connecting, Closed)
        self.assertTrue(wire.isReset)
        self.failureResultOf(got, Closed)
        for asked in (self.client.get(b"k"), self.client.set(b"k", b"v"), self.client.stats("db", 3)):
            self.failureResultOf(asked, Closed)
        self.assertEqual(self.network.asked(), [2])

    def test_connectionsAreBounded(self) -> None:
        """
        Redirects cannot make the client open connections without end.
        """
        for port in range(1, 66):
            self.client.stats("db", port).addErrback(lambda _: None)
        self.assertEqual(len(self.network.asked()), 64)
