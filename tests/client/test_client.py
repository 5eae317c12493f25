"""
Tests for L{replkv.client.client}: its commands.
"""

from __future__ import annotations

from replkv.client.client import Client
from replkv.client.errors import (
    AlreadyExists,
    CommandError,
    NotANumber,
    NotFound,
    NotUpgraded,
    OutcomeUnknown,
    Unavailable,
    VersionMismatch,
)
from replkv.client.replies import Found
from tests.client.connected import ClientCase
from tests.client.network import CLIENT, HOST


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
        wire.send(b"VALUE 3\r\n\r\n\0\r\n")
        self.assertEqual(self.successResultOf(got), b"\r\n\0")

    def test_getNothing(self) -> None:
        """
        C{get} and C{getm} of a key that is not there give C{None}, and C{delete} gives C{False}.
        """
        got, gotm, deleted = self.client.get(b"k"), self.client.getm(b"k"), self.client.delete(b"k")
        wire = self.connected()
        self.assertEqual(wire.taken(), b"get k\r\ngetm k\r\ndelete k\r\n")
        wire.send(b"ERRNOTFOUND\r\n" * 3)
        self.assertIsNone(self.successResultOf(got))
        self.assertIsNone(self.successResultOf(gotm))
        self.assertIs(self.successResultOf(deleted), False)

    def test_getm(self) -> None:
        """
        C{getm} gives the value, its version and the time that it has left.
        """
        got = self.client.getm(b"k")
        self.connected().send(b"VALUE 12 5 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), Found(b"v", 12, 5))

    def test_set(self) -> None:
        """
        C{set} sends the value and gives the new version.
        """
        stored = self.client.set(b"k", b"a\r\nb", exptime=9)
        wire = self.connected()
        self.assertEqual(wire.taken(), b"set k 9 4\r\na\r\nb\r\n")
        wire.send(b"OK 18446744073709551615\r\n")
        self.assertEqual(self.successResultOf(stored), 18446744073709551615)

    def test_cas(self) -> None:
        """
        C{cas} sends the version that it expects and gives the new one.
        """
        stored = self.client.cas(b"k", 3, b"v", exptime=9)
        wire = self.connected()
        self.assertEqual(wire.taken(), b"cas k 9 3 1\r\nv\r\n")
        wire.send(b"OK 4\r\n")
        self.assertEqual(self.successResultOf(stored), 4)

    def test_refusals(self) -> None:
        """
        What a server refuses is an exception.
        """
        for reply, error in [
            (b"ERR_VERSION\r\n", VersionMismatch),
            (b"ERRNOTFOUND\r\n", NotFound),
            (b"ERRCMDERR\r\n", CommandError),
            (b"ERR_UPGRADE\r\n", NotUpgraded),
        ]:
            client = Client(self.reactor, [("db", 1)])
            stored = client.cas(b"k", 3, b"v")
            self.connected().send(reply)
            self.failureResultOf(stored, error)

    def test_delete(self) -> None:
        """
        C{delete} tells that there was something to delete.
        """
        deleted = self.client.delete(b"k")
        self.connected().send(b"DELETED\r\n")
        self.assertIs(self.successResultOf(deleted), True)

    def test_touch(self) -> None:
        """
        C{touch} sends the seconds, and tells whether there was something to touch.
        """
        for reply, there in [(b"TOUCHED\r\n", True), (b"ERRNOTFOUND\r\n", False)]:
            client = Client(self.reactor, [("db", 1)])
            touched = client.touch(b"k", 60)
            wire = self.connected()
            self.assertEqual(wire.taken(), b"touch k 60\r\n")
            wire.send(reply)
            self.assertIs(self.successResultOf(touched), there)
        self.failureResultOf(self.client.touch(b"k", -1), CommandError)

    def test_conditional(self) -> None:
        """
        C{add}, C{replace} and C{delete} with a version say what was in their way.
        """
        for call, sent, reply, outcome in [
            (lambda it: it.add(b"k", b"v", 60), b"add k 60 1\r\nv\r\n", b"OK 7\r\n", 7),
            (lambda it: it.add(b"k", b"v"), b"add k 0 1\r\nv\r\n", b"ERR_EXISTS\r\n", AlreadyExists),
            (lambda it: it.replace(b"k", b"v", 60), b"replace k 60 1\r\nv\r\n", b"OK 7\r\n", 7),
            (lambda it: it.replace(b"k", b"v"), b"replace k 0 1\r\nv\r\n", b"ERRNOTFOUND\r\n", NotFound),
            (lambda it: it.delete(b"k", 7), b"cad k 7\r\n", b"DELETED\r\n", True),
            (lambda it: it.delete(b"k", 7), b"cad k 7\r\n", b"ERRNOTFOUND\r\n", False),
            (lambda it: it.delete(b"k", 7), b"cad k 7\r\n", b"ERR_VERSION\r\n", VersionMismatch),
            (lambda it: it.append(b"k", b"v"), b"append k 1\r\nv\r\n", b"OK 7\r\n", 7),
            (lambda it: it.prepend(b"k", b"v"), b"prepend k 1\r\nv\r\n", b"ERRNOTFOUND\r\n", NotFound),
            (lambda it: it.append(b"k", b"v"), b"append k 1\r\nv\r\n", b"ERR_TOO_LARGE\r\n", CommandError),
            (lambda it: it.incr(b"k"), b"incr k 1\r\n", b"OK 7 43\r\n", 43),
            (lambda it: it.decr(b"k", 2), b"decr k 2\r\n", b"OK 7 0\r\n", 0),
            (lambda it: it.incr(b"k"), b"incr k 1\r\n", b"ERR_NUMBER\r\n", NotANumber),
            (lambda it: it.incr(b"k"), b"incr k 1\r\n", b"ERRNOTFOUND\r\n", NotFound),
            (lambda it: it.incr(b"k"), b"incr k 1\r\n", b"OK 7\r\n", OutcomeUnknown),
        ]:
            asked = call(Client(self.reactor, [("db", 1)]))
            wire = self.connected()
            self.assertEqual(wire.taken(), sent)
            wire.send(reply)
            if isinstance(outcome, type):
                self.failureResultOf(asked, outcome)
            else:
                self.assertEqual(self.successResultOf(asked), outcome)
        self.failureResultOf(self.client.incr(b"k", -1), CommandError)
        self.failureResultOf(self.client.delete(b"k", -1), CommandError)

    def test_badKey(self) -> None:
        """
        A key that no server takes is never sent.
        """
        for key in (b"", b"k" * 251, "", 126 * "é", "\ud800"):
            self.failureResultOf(self.client.get(key), CommandError)
            self.failureResultOf(self.client.set(key, b""), CommandError)
            self.failureResultOf(self.client.delete(key), CommandError)
            self.failureResultOf(self.client.touch(key, 1), CommandError)
        self.assertEqual(self.network.asked(), [])

    def test_hugeValue(self) -> None:
        """
        A value beyond what any server may be set to take is never sent.
        """
        self.failureResultOf(self.client.set(b"k", bytes((8 << 20) + 1)), CommandError)
        self.assertEqual(self.network.asked(), [])

    def test_order(self) -> None:
        """
        Commands that are given at once go out in that order, over one connection.
        """
        results = [self.client.set(b"k", b"%d" % number) for number in range(3)]
        wire = self.connected()
        self.assertEqual(wire.taken(), b"set k 0 1\r\n0\r\nset k 0 1\r\n1\r\nset k 0 1\r\n2\r\n")
        wire.send(b"OK 1\r\nOK 2\r\nOK 3\r\n")
        self.assertEqual([self.successResultOf(result) for result in results], [1, 2, 3])

    def test_stats(self) -> None:
        """
        C{stats} asks the one server that is meant.
        """
        stats = self.client.stats("db", 3)
        self.assertEqual(self.network.asked(), [3])
        self.network.accept(3).send(b"STAT role follower\r\nEND\r\n")
        self.assertEqual(self.successResultOf(stats), {"role": "follower"})

    def test_statsRefused(self) -> None:
        """
        Statistics of a server that is not there are unavailable, and no other is asked.
        """
        stats = self.client.stats("db", 3)
        self.network.asked()
        self.network.refuse(3)
        self.failureResultOf(stats, Unavailable)
        self.network.advance(1)
        self.assertEqual(self.network.asked(), [])

    def test_statsSilent(self) -> None:
        """
        Statistics of a server that keeps silent are given up, before it connects and after.
        """
        self.network.block(CLIENT, HOST)
        stats = self.client.stats("db", 3, timeout=1)
        self.network.advance(1)
        self.assertIn("no answer", self.failureResultOf(stats, Unavailable).getErrorMessage())
        self.network.unblock(CLIENT, HOST)
        stats = self.client.stats("db", 3, timeout=1)
        self.network.advance(1)
        self.failureResultOf(stats, Unavailable)

    def test_strangeReply(self) -> None:
        """
        What a server says that answers nothing is shown as it came.
        """
        read, write = self.client.get(b"k"), self.client.set(b"k", b"v")
        self.connected().send(b"WHAT IS THIS\r\n" * 2)
        for call, error in ((read, Unavailable), (write, OutcomeUnknown)):
            self.assertIn("b'WHAT IS THIS'", self.failureResultOf(call, error).getErrorMessage())
