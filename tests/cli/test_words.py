"""
Tests for L{replkv.cli.words}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.cli import statuses
from replkv.cli.verbs.verb import Answer
from replkv.cli.words import carryOut, helpLines, valuePlace
from tests.client.connected import ClientCase


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
        wire.send(reply)
        answered: Answer = self.successResultOf(answer)
        wire.close()
        return answered

    def test_done(self) -> None:
        """
        What was done is told twice: to a script, to the byte, and to a person, in statuses.
        """
        for line, sent, reply, output, text in [
            (b"get k", b"get k\r\n", b"VALUE 2\r\n\xff\n\r\n", b"\xff\n", r'"\xff\n"'),
            (b"get k", b"get k\r\n", b"VALUE 5\r\n\x1b[31m\r\n", b"\x1b[31m", r'"\x1b[31m"'),
            (b"getm k", b"getm k\r\n", b"VALUE 8 0 1\r\nv\r\n", b"8 0\nv", "v\n(version 8, never expires)"),
            (b"getm k", b"getm k\r\n", b"VALUE 8 5 1\r\nv\r\n", b"8 5\nv", "v\n(version 8, expires in 5 s)"),
            (b"set k v", b"set k 0 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"set k 10 60", b"set k 60 2\r\n10\r\n", b"OK 9\r\n", b"9", "stored, version 9, expires in 60 s"),
            (b"cas k 8 v", b"cas k 0 8 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"cas k 8 v 60", b"cas k 60 8 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9, expires in 60 s"),
            (b"delete k", b"delete k\r\n", b"DELETED\r\n", b"", "deleted"),
            (b"delete -- -k", b"delete -k\r\n", b"DELETED\r\n", b"", "deleted"),
            (b"add k v 60", b"add k 60 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9, expires in 60 s"),
            (b"replace k v", b"replace k 0 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"append k v", b"append k 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"prepend k v", b"prepend k 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"incr k", b"incr k 1\r\n", b"OK 9 43\r\n", b"43", "43"),
            (b"decr k 2", b"decr k 2\r\n", b"OK 9 41\r\n", b"41", "41"),
            (b"delete k 9", b"cad k 9\r\n", b"DELETED\r\n", b"", "deleted"),
            (b"touch k 60", b"touch k 60\r\n", b"TOUCHED\r\n", b"", "expires in 60 s"),
            (b"touch k 0", b"touch k 0\r\n", b"TOUCHED\r\n", b"", "never expires"),
            (b"put k v", b"put k 0 0 any 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"put k v 7 keep 8", b"put k 7 keep 8 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"put k v 0 0.5 absent", b"put k 0 500ms absent 1\r\nv\r\n", b"OK 9\r\n", b"9", "stored, version 9"),
            (b"expire k 0.5", b"expire k 500ms\r\n", b"TOUCHED\r\n", b"", "done"),
            (
                b"gets k other k",
                b"gets k other\r\n",
                b"ITEM k 7 9 1500 1\r\nv\r\nEND\r\n",
                b'{"key": "k", "value": "v", "version": 9, "flags": 7, "exptime": 2}',
                "k: v\n(version 9, flags 7, expires in 1.5 s)",
            ),
            (
                b"gat \xff 60",
                b"gat /w== 60000ms base64\r\n",
                b"ITEM /w== 0 9 0 1 base64\r\nv\r\nEND\r\n",
                b"v",
                '"\\xff": v\n(version 9, flags 0, never expires)',
            ),
            (
                b"scan a* 2",
                b"scan a* 2\r\n",
                b"KEY a1 7 5\r\nKEY YeI= 8 0 base64\r\nMORE YeI= base64\r\n",
                b'{"key": "a1", "version": 7, "bytes": 5}\n{"keyBase64": "YeI=", "version": 8, "bytes": 0}',
                'a1: version 7, 5 bytes\n"a\\xe2": version 8, 0 bytes\n(there may be more, after "a\\xe2")',
            ),
            (b"scan *", b"scan * 1000\r\n", b"NO_MORE\r\n", b"", "no such keys"),
            (b"count a", b"count a*\r\n", b"COUNT 3\r\n", b"3", "3"),
            (b"deletep a/*", b"deletep a/* 0\r\n", b"REMOVED 1\r\n", b"1", "deleted 1 key"),
            (b"get -- --", b"get --\r\n", b"VALUE 1\r\nv\r\n", b"v", "v"),
        ]:
            exact = line.startswith((b"get ", b"getm", b"gat"))
            self.assertEqual(self.answer(line, sent, reply), Answer(statuses.DONE, output, text, exact), line)

    def test_transactions(self) -> None:
        """
        Each STEP is a word, and each that compares nothing has its answer.
        """
        steps = [b"if a absent", b"if b 7", b"put a 'x y' 5 1.5", b"delete b", b"delete c", b"get d", b"get e"]
        answer = Deferred.fromCoroutine(carryOut(self.client, [b"txn", *steps]))
        wire = self.connected()
        sent = (
            b"txn 7\r\nif a absent\r\nif b 7\r\nput a 5 1500ms 3\r\nx y\r\ndelete b\r\ndelete c\r\nget d\r\nget e\r\n"
        )
        self.assertEqual(wire.taken(), sent)
        wire.send(b"TXN 5\r\nOK 9\r\nDELETED\r\nERRNOTFOUND\r\nITEM d 0 3 0 1\r\nv\r\nERRNOTFOUND\r\n")
        output = b'9\n1\n0\n{"key": "d", "value": "v", "version": 3}\n0'
        text = "\n".join(
            [
                "a: stored, version 9",
                "b: deleted",
                "c: no such key",
                "d: v",
                "(version 3, flags 0, never expires)",
                "e: no such key",
            ]
        )
        self.assertEqual(self.successResultOf(answer), Answer(statuses.DONE, output, text))
        answer = Deferred.fromCoroutine(carryOut(self.client, [b"txn", b"if a present"]))
        wire.send(b"FAILED 1\r\n")
        told = self.successResultOf(answer)
        self.assertEqual((told.status, told.text), (statuses.NOT_SO, "step 1 does not hold: if b'a'"))

    def ask(self, line: bytes) -> Deferred[Answer]:
        """
        Ask all three servers at once.
        """
        answer = Deferred.fromCoroutine(carryOut(self.client, line.split(b" ")))
        self.assertEqual(self.network.asked(), [1, 2, 3])
        return answer

    def test_anyServer(self) -> None:
        """
        C{stats} and C{version} ask all servers; the first that answers is named.
        """
        for line, reply, output, text in [
            (b"version", b"STAT version 1.2\r\nEND\r\n", b"1.2", "1.2 (the server at db:3)"),
            (b"stats", b"STAT id 2\r\nSTAT term 4\r\nEND\r\n", b"id 2\nterm 4", "(the server at db:3)\nid 2\nterm 4"),
        ]:
            answer = self.ask(line)
            self.network.refuse(1)
            silent = self.network.accept(2)
            self.assertNoResult(answer)
            answering = self.network.accept(3)
            answering.send(reply)
            self.assertEqual(self.successResultOf(answer), Answer(statuses.DONE, output, text))
            silent.close()
            answering.close()

    def test_noServer(self) -> None:
        """
        When none answers, it is said of each why.
        """
        answer = self.ask(b"version")
        self.network.refuse(1, 2, 3)
        result = self.successResultOf(answer)
        self.assertEqual(result.status, statuses.UNAVAILABLE)
        for server in ("db:1", "db:2", "db:3"):
            self.assertIn(server, result.text)

    def test_notDone(self) -> None:
        """
        What was not done has a status of its own for each reason, and nothing for a script to read.
        """
        for line, reply, status in [
            (b"get k", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"getm k", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"delete k", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"touch k 1", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"cas k 8 v", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"cas k 8 v", b"ERR_VERSION\r\n", statuses.OTHER_VERSION),
            (b"delete k 8", b"ERR_VERSION\r\n", statuses.OTHER_VERSION),
            (b"scan a", b"ERRCMDERR\r\n", statuses.MISTAKE),
            (b"put k v 0 0 absent", b"ERR_EXISTS\r\n", statuses.EXISTS),
            (b"gets k other", b"END\r\n", statuses.NOT_FOUND),
            (b"gat k 1", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"expire k 1", b"ERRNOTFOUND\r\n", statuses.NOT_FOUND),
            (b"add k v", b"ERR_EXISTS\r\n", statuses.EXISTS),
            (b"incr k", b"ERR_NUMBER\r\n", statuses.NOT_A_NUMBER),
            (b"append k v", b"ERR_TOO_LARGE\r\n", statuses.MISTAKE),
            (b"get k", b"ERR_REDIRECT\r\n", statuses.UNAVAILABLE),
            (b"set k v", b"ERRCMDERR\r\n", statuses.MISTAKE),
            (b"set k v", b"ERR_INTERNAL\r\n", statuses.UNKNOWN),  # The last: after it, another server is asked.
        ]:
            answer = Deferred.fromCoroutine(carryOut(self.client, line.split(b" ")))
            wire = self.connected()
            if reply == b"ERR_REDIRECT\r\n":
                reply = b"ERR_REDIRECT nowhere\r\n"
            wire.send(reply)
            result = self.successResultOf(answer)
            wire.close()
            self.assertEqual((result.status, result.output), (status, b""), line)
            self.assertTrue(result.text)

    def test_mistakes(self) -> None:
        """
        A mistake is explained, and nothing is sent.
        """
        for line, text in [
            (b"GET k", "unknown command GET: did you mean get?"),
            (b"foo", "unknown command foo: try help"),
            (b"\x1b", 'unknown command "\\x1b": try help'),
            (b"get", "usage: get KEY"),
            (b"get a b", "usage: get KEY"),
            (b"set k", "usage: set KEY VALUE [EXPTIME]"),
            (b"set k v 1 2", "usage: set KEY VALUE [EXPTIME] (quote a value with spaces)"),
            (b"get k --timeout 5", "usage: get KEY (options go before the command)"),
            (b"help foo", "unknown command foo: try help"),
            (b"cas k 1", "usage: cas KEY VERSION VALUE [EXPTIME]"),
            (b"touch k", "usage: touch KEY EXPTIME"),
            (b"touch k soon", "EXPTIME must be a whole number of at most 64 bits, not soon"),
            (b"stats now", "usage: stats"),
            (b"set k v -1", "EXPTIME must be a whole number of at most 64 bits, not -1"),
            (
                b"set k hello world",
                "EXPTIME must be a whole number of at most 64 bits, not world; quote a value with spaces",
            ),
            (b"set k v 1_0", "EXPTIME must be a whole number of at most 64 bits, not 1_0"),
            (b"cas k x v", "VERSION must be a whole number of at most 64 bits, not x"),
            (
                b"cas k 18446744073709551616 v",
                "VERSION must be a whole number of at most 64 bits, not 18446744073709551616",
            ),
            (b"gets", "usage: gets KEY ..."),
            (b"txn", "usage: txn STEP ..."),
            (b"txn look", "a STEP begins with one of if, ifvalue, put, delete, get, not look"),
            (b"txn if", "this STEP is written if KEY absent|present|VERSION, not if"),
            (b"txn 'get", "STEP 'get: a quote is not closed"),
            (b"count ", "an empty PREFIX would be all keys: * says that"),
            (b"put k v 0 -1", "LIFETIME is a number of seconds, such as 60 or 0.5, or keep, not -1"),
            (b"put k v 0 0 some", "CONDITION is a version, or any, absent, present, not some"),
            (b"get " + 251 * b"k", "a key is 1 to 250 bytes, not 251"),
        ]:
            answer = self.successResultOf(Deferred.fromCoroutine(carryOut(self.client, line.split(b" "))))
            self.assertEqual(answer, Answer(statuses.MISTAKE, b"", text))
        self.assertEqual(self.network.asked(), [])

    def test_elsewhere(self) -> None:
        """
        What is done elsewhere is no command here, and the answer says where. A token that was typed is not in it.
        """
        for line, hint in (
            (b"members", "replkv member, at the shell, is about the servers of the cluster"),
            (b"memberremove 4", "replkv member, at the shell, is about the servers of the cluster"),
            (b"auth alice s3cret", "replkv client --user NAME logs in, and asks for the token; do not write it here"),
            (b"AUTH alice s3cret", "replkv client --user NAME logs in"),
            (b"grant alice read", "replkv user, at the shell, is about users"),
        ):
            answer = self.successResultOf(Deferred.fromCoroutine(carryOut(self.client, line.split(b" "))))
            self.assertEqual((answer.status, answer.output), (statuses.MISTAKE, b""))
            self.assertIn(hint, answer.text)
            self.assertNotIn("s3cret", answer.text)

    def test_notAllowed(self) -> None:
        """
        What somebody may not do has a status of its own.
        """
        answer = self.answer(b"get k", b"get k\r\n", b"ERR_AUTH\r\n")
        self.assertEqual((answer.status, answer.output), (statuses.NOT_ALLOWED, b""))
        self.assertTrue(answer.text.startswith("not allowed (ERR_AUTH): "), answer.text)

    def test_help(self) -> None:
        """
        C{help} needs no server, and names every command.
        """
        answer = self.successResultOf(Deferred.fromCoroutine(carryOut(self.client, [b"help"])))
        self.assertEqual(answer.text.split("\n"), helpLines())
        for usage in ("get KEY", "cas KEY VERSION VALUE [EXPTIME]"):
            self.assertIn(usage, answer.text)

    def test_helpOfACommand(self) -> None:
        """
        C{help} of a command has an example.
        """
        answer = self.successResultOf(Deferred.fromCoroutine(carryOut(self.client, [b"help", b"set"])))
        self.assertTrue(answer.text.startswith("set KEY VALUE [EXPTIME]: store a value"), answer.text)
        self.assertIn("\nExample: set greeting 'hello, world' 60", answer.text)
        self.assertEqual(answer.output, answer.text.encode())

    def test_valuePlace(self) -> None:
        """
        It is known where a command has its value.
        """
        for line, place in [
            (b"set k v", 2),
            (b"set -- k v", 3),
            (b"cas k 1 v 5", 3),
            (b"set k", None),
            (b"get k", None),
            (b"nonsense", None),
        ]:
            self.assertEqual(valuePlace(line.split(b" ")), place, line)
        self.assertIsNone(valuePlace([]))
