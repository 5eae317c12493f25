"""
Tests for L{replkv.client.client}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from replkv.client.client import Client, Found
from replkv.client.errors import Closed, CommandError, NotFound, OutcomeUnknown, Unavailable, VersionMismatch
from tests.client.network import Network, Wire


def stats(role: str, term: int = 4, leader: int | str = 20, **more: str) -> bytes:
    """
    A server's reply to C{stats}.
    """
    values = {
        "role": role,
        "term": term,
        "leader": leader,
        "commit_index": 1234,
        "applied_index": 1233,
        "keys": 7,
    } | more
    return b"".join(b"STAT %b %b\r\n" % (n.encode(), str(v).encode()) for n, v in values.items()) + b"END\r\n"


class ClientCase(SynchronousTestCase):
    """
    A client of three servers, on ports 1, 2 and 3.
    """

    def setUp(self) -> None:
        """
        Make the client.
        """
        self.network = Network()
        self.clock = self.network.reactor
        self.client = Client(self.clock, [("db", 1), ("db", 2), ("db", 3)], timeout=10)

    def connected(self, port: int = 1) -> Wire:
        """
        Accept the connection that the client has just asked for, and no other. Where it searches for the leader, be
        found first.
        """
        attempts = self.network.attempts()
        wire = self.network.accept(port)
        if wire.value() == b"stats\r\n":
            self.assertIn(port, attempts)
            wire.reply(stats("leader"))
            attempts = self.network.attempts()
            wire = self.network.accept(port)
        self.assertEqual(attempts, [port])
        return wire


class CommandTests(ClientCase):
    """
    The commands, at a server that leads.
    """

    def test_get(self) -> None:
        """
        C{get} gives the value.
        """
        got = self.client.get(b"k")
        wire = self.connected()
        self.assertEqual(wire.taken(), b"get k\r\n")
        wire.reply(b"VALUE 3\r\n\r\n\0\r\n")
        self.assertEqual(self.successResultOf(got), b"\r\n\0")

    def test_getNothing(self) -> None:
        """
        C{get} and C{getm} of a key that is not there give C{None}, and C{delete} gives C{False}.
        """
        got, gotm, deleted = self.client.get(b"k"), self.client.getm(b"k"), self.client.delete(b"k")
        wire = self.connected()
        self.assertEqual(wire.taken(), b"get k\r\ngetm k\r\ndelete k\r\n")
        wire.reply(b"ERRNOTFOUND\r\n" * 3)
        self.assertIsNone(self.successResultOf(got))
        self.assertIsNone(self.successResultOf(gotm))
        self.assertIs(self.successResultOf(deleted), False)

    def test_getm(self) -> None:
        """
        C{getm} gives the value, its version and the time that it has left.
        """
        got = self.client.getm(b"k")
        self.connected().reply(b"VALUE 12 5 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), Found(b"v", 12, 5))

    def test_set(self) -> None:
        """
        C{set} sends the value and gives the new version.
        """
        stored = self.client.set(b"k", b"a\r\nb", exptime=9)
        wire = self.connected()
        self.assertEqual(wire.taken(), b"set k 9 4\r\na\r\nb\r\n")
        wire.reply(b"OK 18446744073709551615\r\n")
        self.assertEqual(self.successResultOf(stored), 18446744073709551615)

    def test_cas(self) -> None:
        """
        C{cas} sends the version that it expects and gives the new one.
        """
        stored = self.client.cas(b"k", 3, b"v", exptime=9)
        wire = self.connected()
        self.assertEqual(wire.taken(), b"cas k 9 3 1\r\nv\r\n")
        wire.reply(b"OK 4\r\n")
        self.assertEqual(self.successResultOf(stored), 4)

    def test_refusals(self) -> None:
        """
        What a server refuses is an exception.
        """
        for reply, error in [
            (b"ERR_VERSION\r\n", VersionMismatch),
            (b"ERRNOTFOUND\r\n", NotFound),
            (b"ERRCMDERR\r\n", CommandError),
        ]:
            client = Client(self.clock, [("db", 1)])
            stored = client.cas(b"k", 3, b"v")
            self.connected().reply(reply)
            self.failureResultOf(stored, error)

    def test_delete(self) -> None:
        """
        C{delete} tells that there was something to delete.
        """
        deleted = self.client.delete(b"k")
        self.connected().reply(b"DELETED\r\n")
        self.assertIs(self.successResultOf(deleted), True)

    def test_badKey(self) -> None:
        """
        A key that would not be one word of the command's line is never sent.
        """
        for key in (b"", b"a b", b"a\r\nset", b"\x7f", "é".encode(), b"k" * 251):
            self.failureResultOf(self.client.get(key), CommandError)
            self.failureResultOf(self.client.set(key, b""), CommandError)
            self.failureResultOf(self.client.delete(key), CommandError)
        self.assertEqual(self.network.attempts(), [])

    def test_hugeValue(self) -> None:
        """
        A value beyond what any server may be set to take is never sent.
        """
        self.failureResultOf(self.client.set(b"k", bytes((8 << 20) + 1)), CommandError)
        self.assertEqual(self.network.attempts(), [])

    def test_order(self) -> None:
        """
        Commands that are given at once go out in that order, over one connection.
        """
        results = [self.client.set(b"k", b"%d" % number) for number in range(3)]
        wire = self.connected()
        self.assertEqual(wire.taken(), b"set k 0 1\r\n0\r\nset k 0 1\r\n1\r\nset k 0 1\r\n2\r\n")
        wire.reply(b"OK 1\r\nOK 2\r\nOK 3\r\n")
        self.assertEqual([self.successResultOf(result) for result in results], [1, 2, 3])

    def test_stats(self) -> None:
        """
        C{stats} asks the one server that is meant.
        """
        stats = self.client.stats("db", 3)
        self.assertEqual(self.network.attempts(), [3])
        self.network.accept(3).reply(b"STAT role follower\r\nEND\r\n")
        self.assertEqual(self.successResultOf(stats), {"role": "follower"})

    def test_statsRefused(self) -> None:
        """
        Statistics of a server that is not there are unavailable, and no other is asked.
        """
        stats = self.client.stats("db", 3)
        self.network.attempts()
        self.network.refuse(3)
        self.failureResultOf(stats, Unavailable)
        self.clock.advance(1)
        self.assertEqual(self.network.attempts(), [])

    def test_statsSilent(self) -> None:
        """
        Statistics of a server that keeps silent are given up, before it connects and after.
        """
        stats = self.client.stats("db", 3, timeout=1)
        self.clock.advance(1)
        self.failureResultOf(stats, Unavailable)
        self.connected(3)
        stats = self.client.stats("db", 3, timeout=1)
        self.clock.advance(1)
        self.failureResultOf(stats, Unavailable)


class FailoverTests(ClientCase):
    """
    What the client does when the server that it asks cannot help.
    """

    def test_redirect(self) -> None:
        """
        A redirect is followed at once, a write's too, and remembered.
        """
        stored = self.client.set(b"k", b"v")
        self.connected().reply(b"ERR_REDIRECT db 3\r\n")
        wire = self.connected(3)
        self.assertEqual(wire.taken(), b"set k 0 1\r\nv\r\n")
        wire.reply(b"OK 5\r\n")
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
        one.clear()
        one.reply(b"ERR_REDIRECT db 2\r\n")
        two = self.connected(2)
        asked = 1
        for _ in range(1100):
            for wire, other in ((one, 2), (two, 1)):
                while wire.taken():
                    asked += 1
                    wire.reply(b"ERR_REDIRECT db %d\r\n" % other)
            self.clock.advance(0.01)
        self.failureResultOf(got, Unavailable)
        self.assertGreater(asked, 100)
        self.assertLess(asked, 500)

    def test_redirectToNowhere(self) -> None:
        """
        A redirect that names no server is an error.
        """
        for words in (b"", b"db", b"db x", b"db 0", b"db 65536"):
            client = Client(self.clock, [("db", 1)])
            got = client.get(b"k")
            self.connected().reply(b"ERR_REDIRECT " + words + b"\r\n")
            self.failureResultOf(got, Unavailable)

    def test_refused(self) -> None:
        """
        When a server that leads cannot be connected to any more, another one is found: for a write too, since nothing
        was sent.
        """
        stored = self.client.set(b"k", b"v")
        self.network.attempts()
        self.network.accept(1).reply(stats("leader"))
        self.assertEqual(self.network.attempts(), [1])
        self.network.refuse(1)
        wire = self.connected(2)
        self.assertEqual(wire.taken(), b"set k 0 1\r\nv\r\n")
        wire.reply(b"OK 5\r\n")
        self.assertEqual(self.successResultOf(stored), 5)

    def test_allRefused(self) -> None:
        """
        When no server can be connected to, all are tried again and again, until the time is over.
        """
        stored = self.client.set(b"k", b"v")
        tried = []
        for _ in range(200):
            for port in self.network.attempts():
                tried.append(port)
                self.network.refuse(port)
            self.clock.advance(0.1)
        self.failureResultOf(stored, Unavailable)
        self.assertEqual(tried[:6], [1, 2, 3, 1, 2, 3])
        self.assertGreater(len(tried), 20)

    def test_readRetriedWhenLost(self) -> None:
        """
        A read whose connection is lost is asked of the next server.
        """
        got = self.client.get(b"k")
        self.connected().drop()
        self.clock.advance(0.1)
        self.connected(2).reply(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_readRetriedAfterInternalError(self) -> None:
        """
        A read that a server could not answer is asked of the next one.
        """
        got = self.client.get(b"k")
        self.connected().reply(b"ERR_INTERNAL\r\n")
        self.clock.advance(0.1)
        self.connected(2).reply(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_readRetriedWhenSilent(self) -> None:
        """
        A read that a stopped server does not answer is asked of the next one; its late answer changes nothing.
        """
        got = self.client.get(b"k")
        stopped = self.connected()
        self.clock.advance(Client.PATIENCE)
        self.clock.advance(Client.RETRY_DELAY)
        other = self.connected(2)
        stopped.reply(b"VALUE 5\r\nstale\r\n")
        self.assertNoResult(got)
        other.reply(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_writeLost(self) -> None:
        """
        A write whose connection is lost after it was sent has an unknown outcome, and is not sent again.
        """
        writes = [self.client.set(b"k", b"v"), self.client.cas(b"k", 1, b"v"), self.client.delete(b"k")]
        self.connected().drop()
        for write in writes:
            self.failureResultOf(write, OutcomeUnknown)
        self.clock.advance(5)
        self.assertEqual(self.network.attempts(), [])

    def test_writeInternalError(self) -> None:
        """
        A write that a server cannot tell the outcome of is not sent again.
        """
        stored = self.client.set(b"k", b"v")
        wire = self.connected()
        wire.taken()
        wire.reply(b"ERR_INTERNAL\r\n")
        self.failureResultOf(stored, OutcomeUnknown)
        self.clock.advance(5)
        self.assertEqual((wire.taken(), self.network.attempts()), (b"", []))

    def test_writeInternalErrorNext(self) -> None:
        """
        After such a write the next one goes to another server: this one may be a leader that is cut off from the rest.
        """
        stored = self.client.set(b"k", b"v")
        self.connected().reply(b"ERR_INTERNAL\r\n")
        self.failureResultOf(stored, OutcomeUnknown)
        self.client.set(b"k", b"v")
        self.assertEqual(self.connected(2).taken(), b"set k 0 1\r\nv\r\n")

    def test_writeSilent(self) -> None:
        """
        A write that is not answered is waited for as long as there is time, and has then an unknown outcome.
        """
        stored = self.client.set(b"k", b"v")
        self.connected()
        self.clock.advance(9.9)
        self.assertNoResult(stored)
        self.clock.advance(0.2)
        self.failureResultOf(stored, OutcomeUnknown)

    def test_writeSilentNext(self) -> None:
        """
        After a write that was not answered, the next one goes to another server.
        """
        stored = self.client.set(b"k", b"v")
        self.connected()
        self.clock.advance(10.1)
        self.failureResultOf(stored, OutcomeUnknown)
        self.client.set(b"k", b"v")
        self.assertEqual(self.connected(2).taken(), b"set k 0 1\r\nv\r\n")

    def test_nonsense(self) -> None:
        """
        A reply that does not fit its command is no success.
        """
        stored, got = self.client.set(b"k", b"v"), self.client.get(b"k")
        self.connected().reply(b"DELETED\r\nOK 1\r\n")
        self.failureResultOf(stored, OutcomeUnknown)
        self.failureResultOf(got, Unavailable)

    def test_reconnects(self) -> None:
        """
        A connection that was lost while nothing waited is made again for the next command.
        """
        got = self.client.get(b"k")
        wire = self.connected()
        wire.reply(b"ERRNOTFOUND\r\n")
        wire.drop()
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
        self.clock.advance(5)
        self.assertEqual(self.network.attempts(), [])

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
        self.assertTrue(wire.aborted)
        self.failureResultOf(got, Closed)
        for asked in (self.client.get(b"k"), self.client.set(b"k", b"v"), self.client.stats("db", 3)):
            self.failureResultOf(asked, Closed)
        self.assertEqual(self.network.attempts(), [2])

    def test_connectionsAreBounded(self) -> None:
        """
        Redirects cannot make the client open connections without end.
        """
        for port in range(1, 66):
            self.client.stats("db", port).addErrback(lambda _: None)
        self.assertEqual(len(self.network.attempts()), 64)
