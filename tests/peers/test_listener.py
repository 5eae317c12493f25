"""
Tests for the end of a connection that answers.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.commands import AppendEntriesCommand, Hello, NotIntroduced, Refused, RequestVoteCommand, remoteCall
from replkv.peers.connection import MAX_BOX_BYTES, MAX_HELLO_BYTES
from replkv.peers.listener import HELLO_TIMEOUT, MAX_CONNECTIONS
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries
from tests.logged import logged
from tests.peers.wire import HEARD, HEARTBEAT, VOTE, VOTED, Peer, Wire


class Caller(amp.AMP):
    """
    The end that asks, without the rules of a server's own.
    """

    def makeConnection(self, transport: Any) -> None:
        """
        Begin, and log nothing.
        """
        super(amp.AMP, self).makeConnection(transport)

    def connectionLost(self, reason: Any) -> None:
        """
        End, and log nothing.
        """
        super(amp.AMP, self).connectionLost(reason)

    def ask(self, command: type[amp.Command], **arguments: Any) -> Deferred[Any]:
        """
        Call, and keep the outcome for the test, whatever it is.
        """
        outcome: Deferred[Any] = Deferred()
        self.callRemote(command, **arguments).addCallbacks(outcome.callback, outcome.errback)
        return outcome


class ListenerTests(SynchronousTestCase):
    """
    What the tests of the listener begin with.
    """

    def setUp(self) -> None:
        """
        Server 1 listens.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.server = Peer(self.clock, 1)
        self.caller, self.wire = self.connect()

    def connect(self) -> tuple[Caller, Wire]:
        """
        Connect to the server.
        """
        caller = Caller()
        return caller, Wire(self.clock, caller, self.server.accept())

    def hello(self, caller: Caller, sender: int = 0, **changed: Any) -> Deferred[Any]:
        """
        Send the hello of another server, with something changed in it.
        """
        return caller.ask(Hello, **{**Peer(self.clock, sender).identity.hello(1), **changed})

    def introduce(self) -> None:
        """
        Server 0 is let in.
        """
        introduced = self.hello(self.caller)
        self.wire.carry()
        self.assertEqual(self.successResultOf(introduced), {"incarnation": "folder 1"})


class HelloTests(ListenerTests):
    """
    Tests for how a connection begins.
    """

    def test_accepted(self) -> None:
        """
        A server of the cluster is let in; the wait for its hello is over.
        """
        self.introduce()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.lines, [])

    def test_socketOptions(self) -> None:
        """
        Small boxes leave at once, and a host that has gone is noticed.
        """
        self.assertEqual(self.wire.accepting.options, {"nodelay", "keepalive"})

    def test_refused(self) -> None:
        """
        A stranger is told why, and the connection is closed; the log says it once for all its attempts.
        """
        for _ in range(3):
            caller, wire = self.connect()
            refused = self.hello(caller, cluster="shop")
            wire.carry()
            failure = self.failureResultOf(refused, Refused)
            self.assertIn("belongs to cluster 'replkv', not 'shop'", failure.getErrorMessage())
            self.assertFalse(wire.isUp)
        self.assertEqual(len(self.lines), 1)
        self.assertIn("refused a connection from 127.0.0.1:40001: server 1 belongs to cluster", self.lines[0])

    def test_nothingBeforeHello(self) -> None:
        """
        Who has not said hello is answered nothing, and the node learns nothing of it.
        """
        for request in (VOTE, HEARTBEAT):
            command, arguments, _ = remoteCall(request)
            answer = self.caller.ask(command, **arguments)
            self.wire.carry()
            self.failureResultOf(answer, NotIntroduced)
        self.assertEqual(self.server.receiver.asked, [])

    def test_nothingAfterRefusal(self) -> None:
        """
        What a stranger sends behind its hello is not answered either.
        """
        refused = self.hello(self.caller, sender=0, incarnation="x", recipient=2)
        command, arguments, _ = remoteCall(VOTE)
        answer = self.caller.ask(command, **arguments)
        self.wire.carry()
        self.failureResultOf(refused, Refused)
        self.failureResultOf(answer, NotIntroduced)
        self.assertEqual(self.server.receiver.asked, [])

    def test_nothingWhileJudged(self) -> None:
        """
        What comes while a new server is being remembered is not answered.
        """
        self.server.disk.holding = True
        introduced = self.hello(self.caller)
        answer = self.caller.ask(RequestVoteCommand, **VOTE._asdict())
        self.wire.carry()
        self.assertNoResult(introduced)
        self.failureResultOf(answer, NotIntroduced)
        self.server.disk.finish()
        self.wire.carry()
        self.successResultOf(introduced)

    def test_lostWhileJudged(self) -> None:
        """
        A connection that is lost while its server is being remembered leaves nothing behind.
        """
        self.server.disk.holding = True
        introduced = self.hello(self.caller)
        self.wire.carry()
        self.wire.cut()
        self.failureResultOf(introduced, ConnectionLost)
        self.server.disk.finish()
        self.assertEqual(self.server.listener.connections, set())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_secondHello(self) -> None:
        """
        A connection stays that of the server that it began with.
        """
        self.introduce()
        again = self.hello(self.caller, sender=2)
        self.wire.carry()
        self.failureResultOf(again, Refused)
        self.assertFalse(self.wire.isUp)

    def test_timeOut(self) -> None:
        """
        Who does not say hello is not waited for for ever.
        """
        self.clock.advance(HELLO_TIMEOUT - 0.01)
        self.wire.carry()
        self.assertTrue(self.wire.isUp)
        self.clock.advance(0.01)
        self.wire.carry()
        self.assertFalse(self.wire.isUp)
        self.assertEqual(self.lines, ["closed the connection with 127.0.0.1:40001: it did not say who it is"])

    def test_wipedServer(self) -> None:
        """
        A server whose folder was wiped since it was met is refused.
        """
        self.introduce()
        caller, wire = self.connect()
        refused = self.hello(caller, incarnation="a new folder")
        wire.carry()
        failure = self.failureResultOf(refused, Refused)
        self.assertIn("comes with another data folder", failure.getErrorMessage())

    def test_memoryFails(self) -> None:
        """
        A server that cannot be remembered is told so, in words and not by silence.
        """

        def fail(serverId: int, incarnation: str) -> None:
            raise OSError(28, "No space left on device")

        self.patch(self.server.folder, "rememberPeer", fail)
        refused = self.hello(self.caller)
        self.wire.carry()
        self.assertIn("No space left on device", self.failureResultOf(refused, Refused).getErrorMessage())
        self.assertEqual(len(self.lines), 1)

    def test_silentlyGone(self) -> None:
        """
        When a server connects again, its connection from before is closed: its host may have vanished without a word,
        and such connections must not add up.
        """
        self.introduce()
        caller, wire = self.connect()
        introduced = self.hello(caller)
        wire.carry()
        self.successResultOf(introduced)
        self.wire.carry()
        self.assertFalse(self.wire.isUp)
        self.assertTrue(wire.isUp)
        self.assertEqual(len(self.server.listener.connections), 1)


class RequestTests(ListenerTests):
    """
    Tests for what is asked after the hello.
    """

    def setUp(self) -> None:
        """
        Server 0 is let in.
        """
        super().setUp()
        self.introduce()

    def test_requestVote(self) -> None:
        """
        A candidate is answered with what the node says.
        """
        answer = self.caller.ask(RequestVoteCommand, **VOTE._asdict())
        self.wire.carry()
        ((sender, request, reply),) = self.server.receiver.asked
        self.assertEqual((sender, request), (0, VOTE))
        self.assertNoResult(answer)
        reply.callback(VOTED)
        self.wire.carry()
        self.assertEqual(self.successResultOf(answer), VOTED._asdict())

    def test_appendEntries(self) -> None:
        """
        A leader's entries arrive as they were, however large.
        """
        batch = Batch([Entry(8, 3, bytes(200_000)), Entry(9, 3, b"\0\r\n")])
        answer = self.caller.ask(
            AppendEntriesCommand, **{**HEARTBEAT._asdict(), "batch": batch.encoded}
        )
        self.wire.carry()
        ((sender, request, reply),) = self.server.receiver.asked
        self.assertEqual((sender, request), (0, HEARTBEAT._replace(batch=batch)))
        reply.callback(HEARD)
        self.wire.carry()
        self.assertEqual(self.successResultOf(answer), HEARD._asdict())

    def test_pipelined(self) -> None:
        """
        Requests do not wait for each other's answers, which may come in any order.
        """
        command, arguments, _ = remoteCall(HEARTBEAT)
        answers = [self.caller.ask(command, **{**arguments, "readRound": number}) for number in range(3)]
        self.wire.carry()
        asked = self.server.receiver.asked
        self.assertEqual([message.readRound for _, message, _ in asked if isinstance(message, AppendEntries)], [0, 1, 2])
        for number in (2, 0, 1):
            asked[number][2].callback(HEARD._replace(readRound=number))
        self.wire.carry()
        self.assertEqual([self.successResultOf(answer)["readRound"] for answer in answers], [0, 1, 2])

    def test_wrongPlace(self) -> None:
        """
        Entries that do not follow prevLogIndex are no message; the connection is closed.
        """
        batch = Batch([Entry(9, 3, b"")]).encoded
        answer = self.caller.ask(AppendEntriesCommand, **{**HEARTBEAT._asdict(), "batch": batch})
        self.wire.carry()
        self.failureResultOf(answer)
        self.assertFalse(self.wire.isUp)
        self.assertEqual(self.server.receiver.asked, [])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_close(self) -> None:
        """
        When the server stops, all connections are closed.
        """
        self.server.listener.close()
        self.wire.carry()
        self.assertFalse(self.wire.isUp)
        self.assertEqual(self.server.listener.connections, set())
        self.assertEqual(self.clock.getDelayedCalls(), [])


class GarbageTests(ListenerTests):
    """
    Tests for what is not AMP, or too much of it.
    """

    def assertClosed(self, reason: str) -> None:
        """
        The connection is closed, with one line in the log.
        """
        self.wire.carry()
        self.assertFalse(self.wire.isUp)
        self.assertEqual(len(self.lines), 1)
        self.assertIn(reason, self.lines[0])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def send(self, data: bytes) -> None:
        """
        Send bytes, in one piece.
        """
        self.wire.connecting.write(data)

    def test_otherProtocol(self) -> None:
        """
        Whoever speaks another protocol is cut off.
        """
        self.send(b"GET / HTTP/1.1\r\n\r\n")
        self.assertClosed("not replkv's server protocol")

    def test_emptyBox(self) -> None:
        """
        A box with nothing in it is no message.
        """
        self.send(b"\0\0")
        self.assertClosed("not replkv's server protocol")

    def test_unaskedAnswer(self) -> None:
        """
        An answer to nothing is no message.
        """
        self.send(amp.AmpBox({b"_answer": b"1", b"x": b"y"}).serialize())
        self.assertClosed("not replkv's server protocol")

    def pairs(self, count: int, size: int) -> bytes:
        """
        The beginning of a box that has C{count} values of C{size} bytes.
        """
        return b"".join(
            [b"\0\x06%06d" % number + size.to_bytes(2, "big") + bytes(size) for number in range(count)]
        )

    def test_boundBeforeHello(self) -> None:
        """
        Before the hello, a box is cut off when it gets longer than a hello can be, and once.
        """
        self.send(self.pairs(MAX_HELLO_BYTES // 110 - 1, 100))
        self.wire.carry()
        self.assertTrue(self.wire.isUp)
        self.send(self.pairs(100, 100))
        self.assertClosed("a box that is too long")

    def test_boundAfterHello(self) -> None:
        """
        After the hello, a box is cut off when it gets longer than any message can be.
        """
        self.introduce()
        value = self.pairs(1, 60_000)
        for _ in range(MAX_BOX_BYTES // len(value)):
            self.send(value)
            self.wire.carry()
        self.assertTrue(self.wire.isUp)
        self.send(value)
        self.assertClosed("a box that is too long")

    def test_boundIsForOneBox(self) -> None:
        """
        The bound is for each box by itself.
        """
        self.introduce()
        for _ in range(3 * MAX_HELLO_BYTES // 50):
            self.caller.ask(RequestVoteCommand, **VOTE._asdict())
        self.wire.carry()
        self.assertTrue(self.wire.isUp)

    def test_tooMany(self) -> None:
        """
        There are not more connections than a cluster can need.
        """
        wires = [self.connect()[1] for _ in range(MAX_CONNECTIONS)]
        wires[-1].carry()
        self.assertFalse(wires[-1].isUp)
        self.assertTrue(wires[-2].isUp)
        self.assertEqual(self.lines, ["closed the connection with 127.0.0.1:40001: there are too many"])
        self.server.listener.close()
        for wire in [self.wire, *wires]:
            wire.carry()
        self.assertEqual(self.clock.getDelayedCalls(), [])
