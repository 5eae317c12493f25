"""
Tests for replies, and their text.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cas import Cas
from replkv.commands.catalog import COMMANDS
from replkv.commands.delete import Delete
from replkv.commands.extras import Help, Piece, Snapshot, Stats, Version
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.results import (
    BadCommand,
    Counted,
    Deleted,
    Exists,
    Found,
    Keys,
    NoSnapshot,
    NotFound,
    NotNumber,
    NotUpgraded,
    NotYet,
    Redirected,
    Release,
    Removed,
    Statistics,
    Stored,
    TooLarge,
    Total,
    Touched,
    Unavailable,
    Usage,
    VersionMismatch,
)
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.wire.malformed import Malformed
from replkv.wire.replies import encodeReply, lineOf
from replkv.wire.replyparser import ReplyParser

GET, GETM, DELETE = Get(b"k"), Getm(b"k"), Delete(b"k")
SET, CAS = Set(b"k", 0, b"v", False), Cas(b"k", 0, 1, b"v", False)
QUIET_SET, QUIET_CAS = Set(b"k", 0, b"v", True), Cas(b"k", 0, 1, b"v", True)


class EncodeReplyTests(SynchronousTestCase):
    """
    Tests for L{encodeReply}.
    """

    def test_stored(self) -> None:
        """
        A stored value is answered with its version, up to 64 bits.
        """
        for command in (SET, CAS):
            self.assertEqual(encodeReply(command, Stored(2**64 - 1)), b"OK 18446744073709551615\r\n")

    def test_deleted(self) -> None:
        """
        A removed key is answered so.
        """
        self.assertEqual(encodeReply(DELETE, Deleted()), b"DELETED\r\n")

    def test_afterMark(self) -> None:
        """
        A key that is called C{base64} is told so that it can be sent back: at the end of a line, it would be the mark.
        """
        for result, reply in (
            (Keys((), b"base64"), b"MORE YmFzZTY0 base64\r\n"),
            (Total(1, b"base64"), b"COUNT 1 YmFzZTY0 base64\r\n"),
            (Removed(1, 7, b"base64"), b"REMOVED 1 7 YmFzZTY0 base64\r\n"),
        ):
            self.assertEqual(encodeReply(None, result), reply)

    def test_touched(self) -> None:
        """
        A key that has another expiry is answered so.
        """
        self.assertEqual(encodeReply(Touch(b"k", 1), Touched()), b"TOUCHED\r\n")

    def test_counted(self) -> None:
        """
        A number that was counted comes behind the version.
        """
        self.assertEqual(encodeReply(Incr(b"k", 1), Counted(7, 2**64 - 1)), b"OK 7 18446744073709551615\r\n")

    def test_refused(self) -> None:
        """
        What a key's state does not allow has a word for each reason, which is not said where no reply is wanted.
        """
        add, quiet = Add(b"k", 0, b"v", False), Add(b"k", 0, b"v", True)
        self.assertEqual((encodeReply(add, Exists()), encodeReply(quiet, Exists())), (b"ERR_EXISTS\r\n", b""))
        append, quietly = Append(b"k", b"v", False), Append(b"k", b"v", True)
        told = encodeReply(append, TooLarge()), encodeReply(quietly, TooLarge()), encodeReply(quietly, Stored(1))
        self.assertEqual(told, (b"ERR_TOO_LARGE\r\n", b"", b""))
        self.assertEqual(encodeReply(Incr(b"k", 1), NotNumber()), b"ERR_NUMBER\r\n")

    def test_found(self) -> None:
        """
        C{get} shows the length and the value, C{getm} the version and the seconds that are left too.
        """
        value = b"a\r\n%d\x00\xff"
        self.assertEqual(encodeReply(GET, Found(7, 60, value)), b"VALUE 7\r\n" + value + b"\r\n")
        self.assertEqual(encodeReply(GETM, Found(9, 60, value)), b"VALUE 9 60 7\r\n" + value + b"\r\n")
        self.assertEqual(encodeReply(GETM, Found(9, 0, b"")), b"VALUE 9 0 0\r\n\r\n")

    def test_notFound(self) -> None:
        """
        A key that is not there is answered so.
        """
        for command in (GET, GETM, DELETE, CAS):
            self.assertEqual(encodeReply(command, NotFound()), b"ERRNOTFOUND\r\n")

    def test_versionMismatch(self) -> None:
        """
        A C{cas} on another version is answered so.
        """
        self.assertEqual(encodeReply(CAS, VersionMismatch()), b"ERR_VERSION\r\n")

    def test_redirected(self) -> None:
        """
        A redirect names the leader's host and port.
        """
        reply = encodeReply(GET, Redirected("kv1.example.net", 9001))
        self.assertEqual(reply, b"ERR_REDIRECT kv1.example.net 9001\r\n")

    def test_unavailable(self) -> None:
        """
        An unknown outcome is answered with one word, and so is whoever has asked nothing yet.
        """
        for command in (SET, None):
            self.assertEqual(encodeReply(command, Unavailable()), b"ERR_INTERNAL\r\n")

    def test_notUpgraded(self) -> None:
        """
        So is what not all servers know yet, unlike what is no command: it is worth to be tried again.
        """
        self.assertEqual(encodeReply(SET, NotUpgraded()), b"ERR_UPGRADE\r\n")

    def test_badCommand(self) -> None:
        """
        So is what is no command.
        """
        self.assertEqual(encodeReply(Malformed(False), BadCommand()), b"ERRCMDERR\r\n")

    def test_snapshots(self) -> None:
        """
        Why there is no snapshot is told to the end of the line.
        """
        self.assertEqual(encodeReply(Snapshot(1), NotYet()), b"NOT_YET\r\n")
        reply = b"NO_SNAPSHOT it is not there any more\r\n"
        refused = NoSnapshot("it is not there any more")
        self.assertEqual(encodeReply(Piece(1, 2, 3), refused), reply)
        self.assertEqual(ReplyParser().feed(b"NOT_YET\r\n" + reply), [NotYet(), refused])

    def test_extras(self) -> None:
        """
        The replies for people at a terminal.
        """
        usage = encodeReply(Help(), Usage())
        self.assertEqual(usage.count(b"\r\n"), len(COMMANDS))
        self.assertTrue(usage.startswith(b"set <key> <exptime> <numbytes> [noreply]: "))
        self.assertTrue(usage.endswith(b"\r\nquit: close the connection\r\n"))
        statistics = Statistics({"role": "leader", "keys": "7"})
        self.assertEqual(encodeReply(Stats(), statistics), b"STAT role leader\r\nSTAT keys 7\r\nEND\r\n")
        self.assertEqual(encodeReply(Version(), Release("1.2.3")), b"VERSION 1.2.3\r\n")

    def test_noreplySuppresses(self) -> None:
        """
        C{noreply} suppresses what answers a well-formed command: C{OK}, C{ERRNOTFOUND}, C{ERR_VERSION}.
        """
        self.assertEqual(encodeReply(QUIET_SET, Stored(1)), b"")
        for result in (Stored(1), NotFound(), VersionMismatch()):
            self.assertEqual(encodeReply(QUIET_CAS, result), b"")

    def test_noreplyDoesNotSuppress(self) -> None:
        """
        C{noreply} does not suppress that the server would not, or could not.
        """
        for result in (Redirected("h", 1), Unavailable(), NotUpgraded(), BadCommand()):
            for quiet, loud in ((QUIET_SET, SET), (QUIET_CAS, CAS)):
                self.assertTrue(encodeReply(quiet, result))
                self.assertEqual(encodeReply(quiet, result), encodeReply(loud, result))


class LineTests(SynchronousTestCase):
    """
    Tests for L{lineOf}.
    """

    def test_asItCame(self) -> None:
        """
        It is what a server has sent, of every kind of reply.
        """
        for reply in (
            b"OK 7\r\n",
            b"VALUE 1\r\nv\r\n",
            b"VALUE 5 0 1\r\nv\r\n",
            b"DELETED\r\n",
            b"ERR_REDIRECT db 9000\r\n",
            b"ERR_INTERNAL\r\n",
            b"WHAT IS THIS\r\n",
        ):
            [result] = ReplyParser().feed(reply)
            self.assertEqual(lineOf(result), reply.split(b"\r\n")[0])


class ResultTests(SynchronousTestCase):
    """
    Tests for results as values.
    """

    def test_equality(self) -> None:
        """
        Two are the same if they say the same, of the same kind.
        """
        self.assertEqual(Stored(7), Stored(7))
        self.assertNotEqual(Stored(7), Stored(8))
        self.assertNotEqual(Deleted(), NotFound())
