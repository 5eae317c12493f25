"""
Tests for L{replkv.bench.text}.
"""

from __future__ import annotations

import pickle

from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.dialect import NotUnderstood
from replkv.bench.kinds import READS, WRITES
from replkv.bench.text import TextDialect
from replkv.client.address import Address
from replkv.commands.set import Set
from replkv.wire.parser import CommandParser
from replkv.wire.replies import WORDS

REPLIES = b"OK 17\r\nVALUE 5\r\nOK\r\nE\r\nERR_INTERNAL\r\nVALUE 0\r\n\r\nERRNOTFOUND\r\nERR_REDIRECT ::1 9001\r\n"
CUT = [b"", b"", b"ERR_INTERNAL", b"", b"", b"ERR_REDIRECT ::1 9001"]


class TextDialectTests(SynchronousTestCase):
    """
    Tests for L{TextDialect}.
    """

    def setUp(self) -> None:
        """
        Make one.
        """
        self.dialect = TextDialect(b"k")

    def test_hello(self) -> None:
        """
        A connection begins with a command that the leader alone answers, after the login if there is one.
        """
        self.assertEqual((self.dialect.hello, self.dialect.helloReplies), (b"get k\r\n", 1))
        known = TextDialect(b"k", b"auth alice secret\r\n")
        self.assertEqual((known.hello, known.helloReplies), (b"auth alice secret\r\nget k\r\n", 2))

    def test_commands(self) -> None:
        """
        The commands are those of the protocol.
        """
        self.assertEqual(self.dialect.write(b"a", b"xyz"), b"set a 0 3\r\nxyz\r\n")
        self.assertEqual(self.dialect.read(b"a"), b"get a\r\n")

    def test_cut(self) -> None:
        """
        What arrives is cut into the same replies, wherever it was cut on its way.
        """
        self.assertEqual(self.dialect.cut(REPLIES), (CUT, b""))
        for place in range(len(REPLIES)):
            first, rest = self.dialect.cut(REPLIES[:place])
            second, rest = self.dialect.cut(rest + REPLIES[place:])
            self.assertEqual(([*first, *second], rest), (CUT, b""), place)

    def test_kinds(self) -> None:
        """
        A load may be made of all commands that there are words for; what they are about is there before.
        """
        for word in WRITES:
            # It is made elsewhere than in the process that was asked for it.
            dialect = pickle.loads(pickle.dumps(TextDialect(b"k", write=word)))
            sent = CommandParser(100)
            sent.feed(dialect.fill(b"a", b"xyz") + dialect.write(b"a", b"xyz"))
            self.assertIsInstance(sent.nextCommand(), Set)
            command = sent.nextCommand()
            assert command is not None
            self.assertEqual(command.WORD.decode(), word)
        for word in READS:
            self.assertTrue(TextDialect(b"k", read=word).read(b"a").startswith(word.encode() + b" "))
        self.assertEqual(TextDialect(b"k", write="incr").fill(b"a", b"xyz"), b"set a 0 1\r\n0\r\n")

    def test_long(self) -> None:
        """
        A reply of several lines is one.
        """
        data = (
            b"ITEM k 7 12 0 4\r\nEND\n\r\nITEM aw== 7 12 0 0 base64\r\n\r\nEND\r\nKEY k 1 2\r\nMORE k\r\nNO_MORE\r\n"
            b"TXN 1\r\nOK 3\r\nFAILED 1\r\nTOUCHED\r\nDELETED\r\nCOUNT 3 k\r\nREMOVED 1\r\nVALUE 1 2 3\r\nabc\r\n"
        )
        self.assertEqual(self.dialect.cut(data), ([b""] * 10, b""))
        for place in range(len(data)):
            first, rest = self.dialect.cut(data[:place])
            second, rest = self.dialect.cut(rest + data[place:])
            self.assertEqual((len(first) + len(second), rest), (10, b""), place)

    def test_errors(self) -> None:
        """
        All errors of the protocol are known as such. That a key is not there, or is, is an answer, and no
        error.
        """
        errors = [line for line in WORDS.values() if line.startswith(b"ERR")]
        self.assertIn(b"ERR_INTERNAL", errors)
        known = (b"ERRNOTFOUND", b"ERR_EXISTS")
        for line in errors:
            self.assertEqual(self.dialect.cut(line + b"\r\n")[0], [b"" if line in known else line])

    def test_notUnderstood(self) -> None:
        """
        What is no reply is refused, and a line that does not end is too.
        """
        for data in (b"HTTP/1.1 400\r\n", b"O" * 2000, b"VALUE x\r\n", b"VALUE 1 2\r\n", b"ITEM k 1 2 3\r\n"):
            self.assertRaises(NotUnderstood, self.dialect.cut, data)

    def test_meanings(self) -> None:
        """
        A redirect says where to go, and two errors come whatever one does.
        """
        self.assertEqual(self.dialect.redirect(b"ERR_REDIRECT kv1 9001"), Address("kv1", 9001))
        self.assertIsNone(self.dialect.redirect(b"ERR_INTERNAL"))
        hopeless = [line for line in WORDS.values() if self.dialect.isHopeless(line)]
        self.assertEqual(sorted(hopeless), [b"ERRCMDERR", b"ERR_AUTH"])
