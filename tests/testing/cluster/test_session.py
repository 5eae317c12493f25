"""
Tests for the connections of simulated clients: what becomes of each command in the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.testing.cluster.question import answerOf
from replkv.testing.cluster.session import NONSENSE, Session
from replkv.testing.history import Answer, Status, Told
from replkv.wire.encoding import encodeCommand
from replkv.wire.parser import CommandParser
from replkv.wire.replyparser import ReplyParser
from tests.testing.cluster.sessions import SessionCase

GET, GETM, DELETE = Get(b"k"), Getm(b"k"), Delete(b"k")
SET, CAS = Set(b"k", 0, b"value", False), Cas(b"k", 0, 5, b"value", False)
SILENT, SILENT_CAS = Set(b"k", 0, b"value", True), Cas(b"k", 0, 5, b"value", True)


class ReplyTests(SessionCase):
    """
    Tests for replies.
    """

    def test_order(self) -> None:
        """
        Replies belong to the commands in their order, however they are cut up.
        """
        self.send(SET, GET, GETM, DELETE, CAS)
        for byte in b"OK 7\r\nVALUE 3\r\none\r\nVALUE 7 60 3\r\ntwo\r\nDELETED\r\nERR_VERSION\r\n":
            self.session.dataReceived(bytes([byte]))
        answers = [operation.answer for operation in self.history.operations]
        expected = [
            Answer(Told.STORED, 7),
            Answer(Told.FOUND, None, b"one"),
            Answer(Told.FOUND, 7, b"two", 60),
            Answer(Told.DELETED),
            Answer(Told.WRONG_VERSION),
        ]
        self.assertEqual(answers, expected)
        self.assertEqual(self.owner.events, [0, 1, 2, 3, 4])
        self.assertFalse(self.session.outstanding)
        operation = self.history.operations[0]
        self.assertEqual((operation.invoked, operation.ended, operation.connection), (1.0, 2.0, 9))

    def test_several(self) -> None:
        """
        Commands may be sent while others have no reply yet.
        """
        self.send(GET, DELETE)
        self.replied(b"ERRNOTFOUND")
        self.send(SET)
        self.replied(b"DELETED", b"OK 8")
        self.expect(Told.NOT_FOUND, Told.DELETED, Told.STORED)

    def test_redirected(self) -> None:
        """
        What another server should have been asked was not carried out.
        """
        self.send(SET, GET)
        self.replied(b"ERR_REDIRECT server2 9000")
        self.expect(Status.FAILED, Status.UNKNOWN)
        self.assertEqual(self.owner.events, ["redirected to server2:9000"])
        self.replied(b"ERRNOTFOUND")
        self.expect(Status.FAILED, Told.NOT_FOUND)

    def test_internal(self) -> None:
        """
        What the server could not finish may have been carried out, or may yet be.
        """
        self.send(SET, GET)
        self.replied(b"ERR_INTERNAL", b"ERRNOTFOUND")
        self.expect(Status.UNKNOWN, Told.NOT_FOUND)
        self.assertEqual(self.given_up, [0])
        self.assertEqual(self.owner.events, [0, 1])

    def test_lost(self) -> None:
        """
        So may what has no reply when the connection is lost.
        """
        self.send(GET, SET, SILENT, None, DELETE)
        self.replied(b"ERRNOTFOUND")
        self.lose()
        self.expect(Told.NOT_FOUND, Status.UNKNOWN, Status.UNKNOWN, Status.UNKNOWN)
        self.assertEqual(self.given_up, [1, 2, 3])
        self.assertEqual(self.owner.events, [0, "cut short", "closed"])

    def test_nonsense(self) -> None:
        """
        A line that is no command has its place among the replies.
        """
        self.send(GET, None, DELETE)
        self.replied(b"ERRNOTFOUND", b"ERRCMDERR", b"DELETED")
        self.expect(Told.NOT_FOUND, Told.DELETED)
        self.assertEqual(self.owner.events, [0, 1])


class PartingTests(SessionCase):
    """
    Tests for clients that send nothing more.
    """

    def test_quit(self) -> None:
        """
        All that was sent is answered, and then the server closes.
        """
        self.send(GET, SILENT)
        self.session.part(quitting=True)
        self.assertTrue(self.session.hasParted)
        self.assertEqual(self.transport.value()[-6:], b"quit\r\n")
        self.replied(b"ERRNOTFOUND")
        self.lose()
        self.expect(Told.NOT_FOUND, Status.UNKNOWN)
        self.assertEqual(self.owner.events, [0, "closed"])

    def test_halfClose(self) -> None:
        """
        The same goes for a client that shuts down its writing side.
        """
        ended: list[bool] = []
        self.transport.loseWriteConnection = lambda: ended.append(True)  # type: ignore[attr-defined]
        self.send(GET)
        self.session.part(quitting=False)
        self.assertEqual((ended, self.session.hasParted), ([True], True))

    def test_cutShort(self) -> None:
        """
        It does not close before.
        """
        self.send(GET, DELETE)
        self.session.part(quitting=True)
        self.replied(b"ERRNOTFOUND")
        self.lose()
        self.assertEqual(self.owner.events, [0, "cut short", "closed"])

    def test_lost(self) -> None:
        """
        A connection that is lost tells nothing of that, nor one that the client itself closes.
        """
        self.send(GET)
        self.session.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.owner.events, ["closed"])
        self.setUp()
        self.send(GET)
        self.session.sendPart(SET, Random(1))
        self.lose()
        self.assertEqual(self.owner.events, ["closed"])


class SilentTests(SessionCase):
    """
    Tests for commands that want no reply.
    """

    def test_carriedOut(self) -> None:
        """
        They were carried out if a later one is answered, also by the line that says that it is none.
        """
        self.send(SILENT, SILENT_CAS, GET, SILENT, None, SILENT)
        self.replied(b"VALUE 1", b"x", b"ERRCMDERR")
        self.expect(Told.CARRIED_OUT, Told.CARRIED_OUT, Told.FOUND, Told.CARRIED_OUT, Status.UNKNOWN)
        self.assertEqual(self.given_up, [])

    def test_earlierReply(self) -> None:
        """
        The reply to an earlier command says nothing about them.
        """
        self.send(GET, SILENT)
        self.replied(b"ERRNOTFOUND")
        self.expect(Told.NOT_FOUND, Status.UNKNOWN)

    def test_error(self) -> None:
        """
        An error may be theirs or that of the command that follows. So nothing is known of any of them, nor of what
        comes after; the connection is given up.
        """
        for error in (b"ERR_INTERNAL", b"ERR_REDIRECT server2 9000"):
            self.setUp()
            self.send(GET, SILENT, SILENT, GET, SET)
            self.replied(b"ERRNOTFOUND", error, b"ERRNOTFOUND", b"OK 9")
            self.expect(Told.NOT_FOUND, *[Status.UNKNOWN] * 4)
            self.assertEqual(self.given_up, [1, 2, 3, 4])
            self.assertEqual(self.owner.events, [0, "closed"])
            self.assertTrue(self.transport.disconnected or self.transport.disconnecting)

    def test_onlySilent(self) -> None:
        """
        An error where no reply is wanted is one of theirs. Nothing else may come there.
        """
        self.send(SILENT)
        self.replied(b"ERR_INTERNAL")
        self.assertEqual((self.given_up, self.owner.events), ([0], ["closed"]))
        self.setUp()
        self.send(SILENT)
        self.replied(b"OK 7")
        self.assertEqual(self.owner.events, ["misled"])

    def test_turnedAway(self) -> None:
        """
        A server that takes no clients says so before it is asked for anything.
        """
        self.replied(b"ERR_INTERNAL")
        self.assertEqual(self.owner.events, ["closed"])

    def test_waits(self) -> None:
        """
        Only of a command that wants a reply one can expect it.
        """
        self.assertFalse(self.session.waits)
        self.send(SILENT)
        self.assertFalse(self.session.waits)
        self.send(GET)
        self.assertTrue(self.session.waits)
        self.replied(b"ERRNOTFOUND")
        self.assertFalse(self.session.waits)
        self.send(None)
        self.assertTrue(self.session.waits)


class MisledTests(SessionCase):
    """
    Tests for servers that say what they must not say.
    """

    def check(self, commands: Sequence[KeyCommand | None], *lines: bytes) -> None:
        """
        It is noticed.
        """
        self.setUp()
        self.send(*commands)
        self.replied(*lines)
        self.assertIn("misled", self.owner.events, lines)

    def test_toNothing(self) -> None:
        """
        A reply to nothing.
        """
        self.check([], b"OK 7")
        self.check([GET], b"ERRNOTFOUND", b"ERR_INTERNAL")
        self.check([GET], b"ERRNOTFOUND", b"ERRNOTFOUND")

    def test_notToThis(self) -> None:
        """
        A reply to another command.
        """
        replies: list[tuple[list[KeyCommand], list[bytes]]] = [
            ([GET, GETM, DELETE], [b"OK 7"]),
            ([GET, GETM, DELETE, SET], [b"ERR_VERSION"]),
            ([GET, GETM, SET, CAS], [b"DELETED"]),
            ([SET], [b"ERRNOTFOUND"]),
            ([GET, GETM, DELETE, SET, CAS], [b"ERRCMDERR"]),
            ([GETM, DELETE, SET, CAS], [b"VALUE 1", b"x"]),
            ([GET, DELETE, SET, CAS], [b"VALUE 7 0 1", b"x"]),
        ]
        for commands, lines in replies:
            for command in commands:
                self.check([command], *lines)
        self.check([None], b"OK 7")
        self.check([None], b"ERR_INTERNAL")

    def test_noReply(self) -> None:
        """
        What is no reply at all.
        """
        self.check([GET], b"hello")
        self.check([SET], b"OK")
        self.check([SET], b"OK -1")
        self.check([SET], bytes(2000))

    def test_notFound(self) -> None:
        """
        What has no such key says so, to all but C{set}.
        """
        for command in (GET, GETM, DELETE, CAS):
            self.setUp()
            self.send(command)
            self.replied(b"ERRNOTFOUND")
            self.expect(Told.NOT_FOUND)


class BeginTests(SessionCase):
    """
    Tests for how a session begins.
    """

    def test_opened(self) -> None:
        """
        Its owner is told, and what is sent goes out at once.
        """
        session = Session(self.owner, self.history, lambda: self.time, 9)
        session.makeConnection(self.transport)
        self.assertEqual(self.owner.events, ["opened"])
        session.send([GET, None, SET])
        self.assertEqual(self.transport.value(), encodeCommand(GET) + NONSENSE + encodeCommand(SET))


class EndTests(SessionCase):
    """
    Tests for how a session ends.
    """

    def test_part(self) -> None:
        """
        Half a command, never a whole one, is sent before the connection is closed, and is not carried out. What was
        sent before is not known.
        """
        sizes = set()
        for seed in range(300):
            self.setUp()
            self.send(GET)
            self.transport.clear()
            self.session.sendPart(SET, Random(seed))
            part = self.transport.value()
            self.assertTrue(encodeCommand(SET).startswith(part))
            sizes.add(len(part))
            self.assertTrue(self.transport.disconnecting)
            self.lose()
            self.expect(Status.UNKNOWN, Status.FAILED)
            self.assertEqual(self.given_up, [0])
        self.assertEqual(sizes, set(range(1, len(encodeCommand(SET)))))

    def test_abort(self) -> None:
        """
        Who closes at once is told so once, and hears nothing more.
        """
        self.send(GET)
        self.session.abort()
        self.session.abort()
        self.replied(b"ERRNOTFOUND")
        self.lose()
        self.expect(Status.UNKNOWN)
        self.assertEqual(self.given_up, [0])
        self.assertEqual(self.owner.events, ["closed"])

    def test_abortEarly(self) -> None:
        """
        A session that is given up before it is connected closes its connection when it gets it.
        """
        session = Session(self.owner, self.history, lambda: self.time, 9)
        session.abort()
        self.assertEqual(self.owner.events, ["closed"])
        transport = StringTransport()
        session.makeConnection(transport)
        self.assertTrue(transport.disconnected or transport.disconnecting)
        self.assertEqual(self.owner.events, ["closed"])


class EncodeTests(SynchronousTestCase):
    """
    Tests for the words on the wire.
    """

    def test_nonsense(self) -> None:
        """
        What is sent in place of a command is none, and the next one is.
        """
        parser = CommandParser(1000)
        parser.feed(NONSENSE + encodeCommand(GET))
        self.assertNotIsInstance(parser.nextCommand(), KeyCommand)
        self.assertEqual(parser.nextCommand(), GET)

    def test_version(self) -> None:
        """
        A version is read as a number.
        """
        (reply,) = ReplyParser().feed(b"OK 18446744073709551615\r\n")
        self.assertEqual(answerOf(SET, reply), Answer(Told.STORED, (1 << 64) - 1))
