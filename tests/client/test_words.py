"""
Tests for L{replkv.client.words}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.client import words
from replkv.client.words import Answer, carryOut, helpLines, valuePlace
from tests.client.test_client import ClientCase


class CarryOutTests(ClientCase):
    """
    Tests for L{carryOut}.
    """

    def answer(self, line: bytes, sent: bytes, reply: bytes) -> Answer:
        """
        What comes of the words of this line, when this is sent for it and replied to.
        """
        answer = Deferred.fromCoroutine(carryOut(self.client, line.split(b" ")))
        wire = self.connected()
        self.assertEqual(wire.taken(), sent)
        wire.reply(reply)
        answered: Answer = self.successResultOf(answer)
        wire.drop()
        return answered

    def test_done(self) -> None:
        """
        What was done is told twice: to a script, to the byte, and to a person, in words.
        """
        for line, sent, reply, output, text in [
            (b"get k", b"get k\r\n", b"VALUE 2\r\n\xff\n\r\n", b"\xff\n", "\\xff\n"),
            (b"get k", b"get k\r\n", b"VALUE 5\r\n\x1b[31m\r\n", b"\x1b[31m", "\\x1b[31m"),
            (b"getm k", b"getm k\r\n", b"VALUE 8 0 1\r\nv\r\n", b"8 0\nv", "v\n(version 8, never expires)"),
            (b"getm k", b"getm k\r\n", b"VALUE 8 5 1\r\nv\r\n", b"8 5\nv", "v\n(version 8, expires in 5 s)"),
            (b"set k v", b"set k 0 1\r\nv\r\n", b"OK 9\r\n", b"9\n", "stored, version 9"),
            (b"set k v 60", b"set k 60 1\r\nv\r\n", b"OK 9\r\n", b"9\n", "stored, version 9"),
            (b"cas k 8 v", b"cas k 0 8 1\r\nv\r\n", b"OK 9\r\n", b"9\n", "stored, version 9"),
            (b"cas k 8 v 60", b"cas k 60 8 1\r\nv\r\n", b"OK 9\r\n", b"9\n", "stored, version 9"),
            (b"delete k", b"delete k\r\n", b"DELETED\r\n", b"", "deleted"),
            (b"version", b"stats\r\n", b"STAT version 1.2\r\nEND\r\n", b"1.2\n", "1.2"),
            (b"stats", b"stats\r\n", b"STAT id 0\r\nSTAT term 4\r\nEND\r\n", b"id 0\nterm 4\n", "id 0\nterm 4"),
        ]:
            self.assertEqual(self.answer(line, sent, reply), Answer(words.DONE, output, text))

    def test_notDone(self) -> None:
        """
        What was not done has a status of its own for each reason, and nothing for a script to read.
        """
        for line, reply, status in [
            (b"get k", b"ERRNOTFOUND\r\n", words.NOT_FOUND),
            (b"getm k", b"ERRNOTFOUND\r\n", words.NOT_FOUND),
            (b"delete k", b"ERRNOTFOUND\r\n", words.NOT_FOUND),
            (b"cas k 8 v", b"ERRNOTFOUND\r\n", words.NOT_FOUND),
            (b"cas k 8 v", b"ERR_VERSION\r\n", words.OTHER_VERSION),
            (b"get k", b"ERR_REDIRECT\r\n", words.UNAVAILABLE),
            (b"set k v", b"ERRCMDERR\r\n", words.MISTAKE),
            (b"set k v", b"ERR_INTERNAL\r\n", words.UNKNOWN),  # The last: after it, another server is asked.
        ]:
            answer = Deferred.fromCoroutine(carryOut(self.client, line.split(b" ")))
            wire = self.connected()
            if reply == b"ERR_REDIRECT\r\n":
                reply = b"ERR_REDIRECT nowhere\r\n"
            wire.reply(reply)
            result = self.successResultOf(answer)
            wire.drop()
            self.assertEqual((result.status, result.output), (status, b""), line)
            self.assertTrue(result.text)

    def test_mistakes(self) -> None:
        """
        A mistake is explained, and nothing is sent.
        """
        for line, text in [
            (b"GET k", "unknown command GET: try help"),
            (b"\x1b", "unknown command \\x1b: try help"),
            (b"get", "usage: get KEY"),
            (b"get a b", "usage: get KEY"),
            (b"set k", "usage: set KEY VALUE [EXPTIME]"),
            (b"set k v 1 2", "usage: set KEY VALUE [EXPTIME]"),
            (b"cas k 1", "usage: cas KEY VERSION VALUE [EXPTIME]"),
            (b"stats now", "usage: stats"),
            (b"set k v -1", "EXPTIME must be a whole number of at most 64 bits, not -1"),
            (b"set k v 1_0", "EXPTIME must be a whole number of at most 64 bits, not 1_0"),
            (b"cas k x v", "VERSION must be a whole number of at most 64 bits, not x"),
            (
                b"cas k 18446744073709551616 v",
                "VERSION must be a whole number of at most 64 bits, not 18446744073709551616",
            ),
            (b"get \xc3\xa9", "a key is 1 to 250 bytes of printable ASCII without space"),
        ]:
            answer = self.successResultOf(Deferred.fromCoroutine(carryOut(self.client, line.split(b" "))))
            self.assertEqual(answer, Answer(words.MISTAKE, b"", text))
        self.assertEqual(self.network.attempts(), [])

    def test_help(self) -> None:
        """
        C{help} needs no server, and names every command.
        """
        answer = self.successResultOf(Deferred.fromCoroutine(carryOut(self.client, [b"help"])))
        self.assertEqual(answer.text.split("\n"), helpLines())
        for usage in ("get KEY", "cas KEY VERSION VALUE [EXPTIME]"):
            self.assertIn(usage, answer.text)

    def test_valuePlace(self) -> None:
        """
        It is known where a command has its value.
        """
        places = [valuePlace(name) for name in (b"set", b"cas", b"get", b"nonsense")]
        self.assertEqual(places, [2, 3, None, None])
