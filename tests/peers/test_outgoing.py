"""
Tests for AppendEntries between a link and servers that leave all of it to AMP, as earlier versions do.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols import amp

from replkv.peers.commands import Hello, NotIntroduced
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries
from tests.peers.ampappend import AppendEntriesCommand, argumentsOf, responseOf
from tests.peers.linked import LinkTests
from tests.peers.peer import FULL, HEARD, HEARTBEAT, VOTE


class OlderServer(LinkTests):
    """
    What the tests begin with: server 1 is such a server.

    @ivar asked: what it is asked, with what fires with its answers.
    @ivar tags: those of all requests.
    """

    def setUp(self) -> None:
        """
        The link is made.
        """
        super().setUp()
        self.asked: list[tuple[dict[str, Any], Deferred[dict[str, Any]]]] = []
        self.tags: list[bytes] = []
        test = self

        class Older(amp.AMP):
            def ampBoxReceived(self, box: amp.AmpBox) -> None:
                test.tags.append(box[amp.ASK])
                super().ampBoxReceived(box)

            @Hello.responder
            def hello(self, **hello: Any) -> dict[str, Any]:
                return test.its.identity.introduction()

            @AppendEntriesCommand.responder
            def append(self, **arguments: Any) -> Deferred[dict[str, Any]]:
                test.asked.append((arguments, Deferred()))
                return test.asked[-1][1]

        self.patch(self.its, "listener", Factory.forProtocol(Older))
        self.connection = self.connect()
        self.assertTrue(self.link.isUp)

    def say(self, **box: bytes) -> None:
        """
        Server 1 sends a box.
        """
        strings = {key.encode("ascii"): value for key, value in box.items()}
        self.connection.accepting.write(amp.AmpBox(strings).serialize())
        self.network.settle()

    @property
    def tag(self) -> bytes:
        """
        That of the last request.
        """
        self.network.settle()
        return self.tags[-1]


class OlderServerTests(OlderServer):
    """
    Tests for what it answers.
    """

    def test_answers(self) -> None:
        """
        It understands what is asked, in one part and in several; and its answers are understood, in any order.
        """
        assert isinstance(HEARTBEAT.message, AppendEntries)
        batch = Batch([Entry(8, 3, bytes(200_000)), Entry(9, 3, b"x")])
        large = HEARTBEAT._replace(message=HEARTBEAT.message._replace(batch=batch))
        self.ask(HEARTBEAT)
        self.ask(large)
        self.network.settle()
        self.assertEqual([arguments for arguments, _ in self.asked], [argumentsOf(HEARTBEAT), argumentsOf(large)])
        self.asked[1][1].callback(responseOf(FULL))
        self.asked[0][1].callback(responseOf(HEARD))
        self.network.settle()
        self.assertEqual(self.replies, [FULL, HEARD])
        self.assertEqual((self.unreachable, self.lines), (0, []))

    def test_refuses(self) -> None:
        """
        Where it does not want to hear this server, the request is lost, and the connection made anew.
        """
        self.ask(HEARTBEAT)
        self.network.settle()
        self.asked[0][1].errback(NotIntroduced())
        self.assertFalse(self.isUp(self.connection))
        self.assertEqual((self.replies, self.unreachable), ([], 1))
        self.assertEqual(self.lines, ["lost server 1; trying to reach it again"])

    def test_others(self) -> None:
        """
        Requests that AMP makes go on beside it, with tags of their own.
        """
        for _ in range(20):
            self.ask(HEARTBEAT)
            self.ask(VOTE)
        self.network.settle()
        self.assertEqual(len(set(self.tags)), 41)
        self.assertEqual(len(self.asked), 20)


class NonsenseTests(OlderServer):
    """
    Tests for what it cannot answer in its right mind.
    """

    def assertMistaken(self, line: str) -> None:
        """
        The connection is closed, with one line in the log, and the request is lost.
        """
        self.assertFalse(self.isUp(self.connection))
        self.assertEqual((self.replies, self.unreachable), ([], 1))
        self.assertEqual(len(self.lines), 1)
        self.assertIn(line, self.lines[0])

    def test_lacksSomething(self) -> None:
        """
        It leaves out what belongs into an answer.
        """
        self.ask(HEARTBEAT)
        self.say(_answer=self.tag, term=b"3")
        self.assertMistaken("closed the connection with server 1: its answer makes no sense: KeyError(b'success')")

    def answerWith(self, key: bytes, word: bytes) -> None:
        """
        It answers with one thing changed.
        """
        self.ask(HEARTBEAT)
        box = AppendEntriesCommand.makeResponse(responseOf(FULL), amp.AMP())
        box |= {amp.ANSWER: self.tag, key: word}
        self.connection.accepting.write(box.serialize())
        self.network.settle()

    def test_noNumber(self) -> None:
        """
        It says something that is no number.
        """
        self.answerWith(b"term", b"-1")
        self.assertMistaken("its answer makes no sense: ValueError")

    def test_neitherYesNorNo(self) -> None:
        """
        It says what is neither yes nor no.
        """
        self.answerWith(b"success", b"perhaps")
        self.assertMistaken("its answer makes no sense: TypeError")

    def test_perhapsFull(self) -> None:
        """
        That goes for what it may leave out too.
        """
        self.answerWith(b"full", b"perhaps")
        self.assertMistaken("its answer makes no sense: TypeError")

    def test_impossible(self) -> None:
        """
        It says what contradicts itself.
        """
        self.ask(HEARTBEAT)
        self.network.settle()
        self.asked[0][1].callback({**responseOf(HEARD), "conflictIndex": 9})
        self.network.settle()
        self.assertMistaken("a conflict at entry 9, after entry 7")

    def test_twice(self) -> None:
        """
        It answers what it has answered.
        """
        self.ask(HEARTBEAT)
        self.network.settle()
        self.asked[0][1].callback(responseOf(HEARD))
        self.network.settle()
        self.say(_answer=self.tag)
        self.assertFalse(self.isUp(self.connection))
        self.assertIn("what comes is not replkv's server protocol: KeyError", self.lines[0])

    def test_errorWithoutWords(self) -> None:
        """
        It refuses, and does not say why.
        """
        self.ask(HEARTBEAT)
        self.say(_error=self.tag)
        self.assertMistaken("what comes is not replkv's server protocol: KeyError(b'_error_code')")
