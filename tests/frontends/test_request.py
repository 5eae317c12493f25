"""
Tests for the answers and their text.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.request import Request
from replkv.wire.commands import Cas, Command, Delete, Get, Getm, Set


class Recorder:
    """
    A connection that counts how often it is told of an answer.
    """

    def __init__(self) -> None:
        self.lastIndex = 0
        self.lastRead = 0
        self.submitted = 0
        self.answers = 0

    def answered(self, size: int) -> None:
        """
        Count it.
        """
        self.answers += 1

    def mayHold(self, size: int) -> bool:
        """
        There is always room.
        """
        return True


def replyTo(command: Command, answer: Callable[[Request], None]) -> bytes | None:
    """
    Give C{command} an answer.

    @return: its text.
    """
    request = Request(command, Recorder())
    answer(request)
    return request.reply


LOUD_SET = Set(b"k", 0, b"v", False)
LOUD_CAS = Cas(b"k", 0, b"v", False, 1)
QUIET_SET = Set(b"k", 0, b"v", True)
QUIET_CAS = Cas(b"k", 0, b"v", True, 1)


class AnswerTests(SynchronousTestCase):
    """
    Tests for L{Request}.
    """

    def test_stored(self) -> None:
        """
        A stored value is answered with its version, up to 64 bits.
        """
        for command in (LOUD_SET, LOUD_CAS):
            self.assertEqual(replyTo(command, lambda r: r.stored(2**64 - 1)), b"OK 18446744073709551615\r\n")

    def test_deleted(self) -> None:
        """
        A removed key is answered so.
        """
        self.assertEqual(replyTo(Delete(b"k"), Request.deleted), b"DELETED\r\n")

    def test_found(self) -> None:
        """
        C{get} shows the length and the value, C{getm} the version and the seconds that are left too.
        """
        value = b"a\r\n%d\x00\xff"
        self.assertEqual(replyTo(Get(b"k"), lambda r: r.found(7, 60, value)), b"VALUE 7\r\n" + value + b"\r\n")
        self.assertEqual(replyTo(Getm(b"k"), lambda r: r.found(9, 60, value)), b"VALUE 9 60 7\r\n" + value + b"\r\n")
        self.assertEqual(replyTo(Getm(b"k"), lambda r: r.found(9, 0, b"")), b"VALUE 9 0 0\r\n\r\n")

    def test_notFound(self) -> None:
        """
        A key that is not there is answered so.
        """
        for command in (Get(b"k"), Getm(b"k"), Delete(b"k"), LOUD_CAS):
            self.assertEqual(replyTo(command, Request.notFound), b"ERRNOTFOUND\r\n")

    def test_versionMismatch(self) -> None:
        """
        A C{cas} on another version is answered so.
        """
        self.assertEqual(replyTo(LOUD_CAS, Request.versionMismatch), b"ERR_VERSION\r\n")

    def test_redirect(self) -> None:
        """
        A redirect names the leader's host and port.
        """
        reply = replyTo(Get(b"k"), lambda r: r.redirect("kv1.example.net", 9001))
        self.assertEqual(reply, b"ERR_REDIRECT kv1.example.net 9001\r\n")

    def test_unavailable(self) -> None:
        """
        An unknown outcome is answered with one word.
        """
        self.assertEqual(replyTo(LOUD_SET, Request.unavailable), b"ERR_INTERNAL\r\n")

    def test_noreplySuppresses(self) -> None:
        """
        C{noreply} suppresses what answers a well-formed command: C{OK}, C{ERRNOTFOUND}, C{ERR_VERSION}.
        """
        self.assertEqual(replyTo(QUIET_SET, lambda r: r.stored(1)), b"")
        self.assertEqual(replyTo(QUIET_CAS, lambda r: r.stored(1)), b"")
        self.assertEqual(replyTo(QUIET_CAS, Request.notFound), b"")
        self.assertEqual(replyTo(QUIET_CAS, Request.versionMismatch), b"")

    def test_noreplyDoesNotSuppress(self) -> None:
        """
        C{noreply} does not suppress that the server would not, or could not.
        """
        self.assertEqual(replyTo(QUIET_SET, lambda r: r.redirect("h", 1)), b"ERR_REDIRECT h 1\r\n")
        self.assertEqual(replyTo(QUIET_SET, Request.unavailable), b"ERR_INTERNAL\r\n")
        self.assertEqual(replyTo(QUIET_CAS, Request.malformed), b"ERRCMDERR\r\n")

    def test_connectionIsTold(self) -> None:
        """
        The connection is told of the answer, of one without text too.
        """
        connection = Recorder()
        request = Request(QUIET_SET, connection)
        self.assertEqual(connection.answers, 0)
        request.stored(1)
        self.assertEqual(connection.answers, 1)

    def test_answeredTwice(self) -> None:
        """
        A second answer is a mistake of the program.
        """
        request = Request(QUIET_SET, Recorder())
        request.stored(1)
        self.assertRaises(AssertionError, request.unavailable)

    def test_size(self) -> None:
        """
        A request counts for the value that it holds.
        """
        self.assertEqual(Request(LOUD_SET, Recorder()).size, 1)
        self.assertEqual(Request(Get(b"k"), Recorder()).size, 0)
