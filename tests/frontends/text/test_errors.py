"""
Tests for the errors that a client sees: each row of the protocol's table of errors, and each rule under it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.get import Get
from replkv.commands.results import Redirected, Stored, Unavailable
from replkv.commands.set import Set
from replkv.wire.parser import LINE_LIMIT
from tests.frontends.text.session import Served, talk

ERROR = b"ERRCMDERR\r\n"
NOT_FOUND = b"ERRNOTFOUND\r\n"


class MalformedTests(SynchronousTestCase):
    """
    Tests for C{ERRCMDERR}.
    """

    def assertRefused(self, *lines: bytes) -> None:
        """
        Assert that each line gets C{ERRCMDERR}, reaches no backend, and leaves the connection open.
        """
        for line in lines:
            served = Served()
            client = served.connect()
            client.send(line + b"\r\n")
            self.assertEqual(client.taken(), ERROR, line)
            self.assertEqual(served.backend.seen, [])
            client.send(b"get k\r\n")
            self.assertEqual(client.taken(), NOT_FOUND, line)

    def test_unknownCommand(self) -> None:
        """
        An unknown command is malformed; so is an empty line.
        """
        self.assertRefused(b"put k", b"GET k", b"")

    def test_numberOfArguments(self) -> None:
        """
        A wrong number of arguments is malformed.
        """
        self.assertRefused(b"get", b"get a b", b"set k 0", b"cas k 0 1", b"delete", b"stats all")

    def test_badNumber(self) -> None:
        """
        A number with a sign, without digits, not decimal or over 64 bits is malformed.
        """
        for number in (b"-1", b"+1", b"", b"0x10", b"1.5", b"18446744073709551616"):
            self.assertRefused(
                b"set k %b 1\r\nv" % number, b"cas k %b 1 1\r\nv" % number, b"cas k 0 %b 1\r\nv" % number
            )

    def test_badKey(self) -> None:
        """
        A key that is too long or has a forbidden byte is malformed.
        """
        self.assertRefused(b"get " + b"k" * 251, b"get k\x00", b"getm \xc3\xa9", b"delete k\x7f")

    def test_valueOverTheLimit(self) -> None:
        """
        A value over the configured limit is malformed, one at the limit is stored.
        """
        self.assertEqual(
            talk(b"set k 0 8\r\n12345678\r\nget k\r\n", maxValueBytes=8), b"OK 1\r\nVALUE 8\r\n12345678\r\n"
        )
        self.assertEqual(talk(b"set k 0 9\r\n123456789\r\nget k\r\n", maxValueBytes=8), ERROR + NOT_FOUND)

    def test_blockWithoutLineEnd(self) -> None:
        """
        A value block without a line end gets one error, without waiting for more, and stores nothing; all up to the
        next LF is dropped.
        """
        client = Served().connect()
        client.send(b"set k 0 3\r\nabcget x")
        self.assertEqual(client.taken(), ERROR)
        client.send(b"get y\r\nget k\r\n")
        self.assertEqual(client.taken(), NOT_FOUND)

    def test_badLineSwallowsItsValue(self) -> None:
        """
        After a bad line with a length that can be read, the value is swallowed and gets no reply of its own.
        """
        client = Served().connect()
        client.send(b"set k nonsense 7\r\n")
        self.assertEqual(client.taken(), ERROR)
        client.send(b"help\r\nx\r\nget k\r\n")
        self.assertEqual(client.taken(), NOT_FOUND)
        client.send(b"set k nonsense 7\r\ndelete \nget k\r\n")
        self.assertEqual(client.taken(), ERROR + NOT_FOUND)

    def test_inItsTurn(self) -> None:
        """
        An error does not overtake the replies to what came before.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get k\r\nnonsense\r\nset k 0 1\r\nxx\r\n")
        self.assertEqual(client.taken(), b"")
        served.answer()
        self.assertEqual(client.taken(), NOT_FOUND + ERROR + ERROR)

    def test_lineTooLong(self) -> None:
        """
        A line over the limit gets the error, and the connection is closed; a line at the limit is merely an error.
        """
        self.assertRefused(b"x" * LINE_LIMIT)
        client = Served().connect()
        client.send(b"get k\r\n" + b"x" * (LINE_LIMIT + 1) + b"\r\nget k\r\n")
        self.assertEqual(client.taken(), NOT_FOUND + ERROR)
        self.assertTrue(client.hasEnded)

    def test_notWorthSwallowing(self) -> None:
        """
        A length over 64 MiB gets the error, and the connection is closed.
        """
        for line in (b"set k 0 67108865", b"cas k 0 1 1" + b"0" * 100):
            client = Served().connect()
            client.send(line + b"\r\nget k\r\n")
            self.assertEqual(client.taken(), ERROR)
            self.assertTrue(client.hasEnded)

    def test_browser(self) -> None:
        """
        A web browser gets the error, and the connection is closed: what a page has it send is not run.
        """
        served = Served()
        client = served.connect()
        client.send(b"POST / HTTP/1.1\r\nHost: localhost:9000\r\n\r\nset k 0 1\r\nv\r\n")
        self.assertEqual(client.taken(), ERROR)
        self.assertTrue(client.hasEnded)
        self.assertEqual(served.backend.seen, [])

    def test_noreplyDoesNotHideIt(self) -> None:
        """
        A malformed command gets its error though it ends with C{noreply}.
        """
        self.assertEqual(talk(b"set k x 1 noreply\r\nv\r\nset k 0 1 noreply\r\nvv\r\n"), ERROR + ERROR)


class NotFoundTests(SynchronousTestCase):
    """
    Tests for C{ERRNOTFOUND}.
    """

    def test_everyCommand(self) -> None:
        """
        C{get}, C{getm}, C{cas} and C{delete} of a key that is not there get it.
        """
        self.assertEqual(talk(b"get k\r\ngetm k\r\ncas k 0 1 1\r\nv\r\ndelete k\r\n"), NOT_FOUND * 4)

    def test_deleted(self) -> None:
        """
        So does a key that was deleted.
        """
        self.assertEqual(talk(b"set k 0 1\r\nv\r\ndelete k\r\nget k\r\n"), b"OK 1\r\nDELETED\r\n" + NOT_FOUND)


class VersionTests(SynchronousTestCase):
    """
    Tests for C{ERR_VERSION}.
    """

    def test_otherVersion(self) -> None:
        """
        C{cas} with another version than the key's gets it, and stores nothing.
        """
        replies = talk(b"set k 0 1\r\nv\r\ncas k 0 99 1\r\nw\r\nget k\r\n")
        self.assertEqual(replies, b"OK 1\r\nERR_VERSION\r\nVALUE 1\r\nv\r\n")


class NoreplyTests(SynchronousTestCase):
    """
    Tests for what C{noreply} hides, and what it does not.
    """

    def test_hidden(self) -> None:
        """
        C{OK}, C{ERR_VERSION} and C{ERRNOTFOUND} are hidden; the commands take effect.
        """
        replies = talk(
            b"cas k 0 1 1 noreply\r\nu\r\n"
            b"set k 0 1 noreply\r\nv\r\n"
            b"cas k 0 99 1 noreply\r\nw\r\n"
            b"get k\r\n"
            b"cas k 0 1 1 noreply\r\nx\r\n"
            b"get k\r\n"
        )
        self.assertEqual(replies, b"VALUE 1\r\nv\r\nVALUE 1\r\nx\r\n")

    def test_notHidden(self) -> None:
        """
        A redirect and an unknown outcome are told all the same, in order.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"set a 0 1 noreply\r\nv\r\nset b 0 1 noreply\r\nv\r\nset c 0 1 noreply\r\nv\r\n")
        first, second, third = served.backend.held
        third.answer(Unavailable())
        second.answer(Stored(1))
        first.answer(Redirected("localhost", 9001))
        served.outbox.flush()
        self.assertEqual(client.taken(), b"ERR_REDIRECT localhost 9001\r\nERR_INTERNAL\r\n")


class ElsewhereTests(SynchronousTestCase):
    """
    Tests for C{ERR_REDIRECT} and C{ERR_INTERNAL}.
    """

    def test_redirectTakesInTheValue(self) -> None:
        """
        A server that does not lead is asked only once the whole command is there, value block included; it answers
        once, and the connection stays open.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"set k 0 5\r\n")
        self.assertEqual(served.backend.seen, [])
        client.send(b"get x\r\nget k\r\n")
        self.assertEqual(served.backend.seen, [Set(b"k", 0, b"get x", False), Get(b"k")])
        for request in served.backend.held:
            request.answer(Redirected("kv1", 9001))
        served.outbox.flush()
        self.assertEqual(client.taken(), b"ERR_REDIRECT kv1 9001\r\n" * 2)
        self.assertFalse(client.hasEnded)

    def test_unavailable(self) -> None:
        """
        Anything else is C{ERR_INTERNAL}, after which the connection goes on.
        """
        served = Served()
        served.backend.holding = True
        client = served.connect()
        client.send(b"get k\r\n")
        served.backend.held.popleft().answer(Unavailable())
        served.outbox.flush()
        self.assertEqual(client.taken(), b"ERR_INTERNAL\r\n")
        client.send(b"get k\r\n")
        served.answer()
        self.assertEqual(client.taken(), NOT_FOUND)
