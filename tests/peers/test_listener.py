"""
Tests for the end of a connection that answers.
"""

from __future__ import annotations

from twisted.internet.error import ConnectionLost
from twisted.protocols import amp

from replkv.lives import Life
from replkv.peers.commands import NotIntroduced, Refused, RequestVoteCommand
from replkv.peers.incoming import HELLO_TIMEOUT
from replkv.peers.receiver import Timed
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply
from tests.peers.ampappend import AppendEntriesCommand, argumentsOf, responseOf
from tests.peers.listening import ListenerTests
from tests.peers.peer import FULL, HEARD, HEARTBEAT, VOTE, VOTED, fields, hostOf


class HelloTests(ListenerTests):
    """
    Tests for how a connection begins.
    """

    def test_accepted(self) -> None:
        """
        A server of the cluster is let in; the wait for its hello is over.
        """
        self.introduce()
        self.assertEqual(self.server.process.getDelayedCalls(), [])
        self.assertEqual(self.lines, [])

    def test_socketOptions(self) -> None:
        """
        Small boxes leave at once, and a host that has gone is noticed.
        """
        accepted = self.caller.transport.other
        self.assertTrue(accepted.getTcpNoDelay())
        self.assertTrue(accepted.getTcpKeepAlive())

    def test_refused(self) -> None:
        """
        A stranger is told why, and the connection is closed; the log says it once for all its attempts.
        """
        for _ in range(3):
            caller = self.connect()
            refused = self.hello(caller, cluster="shop")
            self.network.settle()
            failure = self.failureResultOf(refused, Refused)
            self.assertIn("belongs to cluster 'replkv', not 'shop'", failure.getErrorMessage())
            self.assertFalse(caller.isUp)
        self.assertEqual(len(self.lines), 1)
        self.assertIn("refused a connection from server0:32770: server 1 belongs to cluster", self.lines[0])

    def test_nothingBeforeHello(self) -> None:
        """
        Who has not said hello is answered nothing, and the node learns nothing of it.
        """
        for command, arguments in ((RequestVoteCommand, fields(VOTE)), (AppendEntriesCommand, argumentsOf(HEARTBEAT))):
            answer = self.caller.ask(command, **arguments)
            self.network.settle()
            self.failureResultOf(answer, NotIntroduced)
        self.assertEqual(self.server.receiver.asked, [])

    def test_nothingAfterRefusal(self) -> None:
        """
        What a stranger sends behind its hello is not answered either.
        """
        refused = self.hello(self.caller, sender=0, incarnation="x", recipient=2)
        answer = self.caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        self.failureResultOf(refused, Refused)
        self.failureResultOf(answer, NotIntroduced)
        self.assertEqual(self.server.receiver.asked, [])

    def test_nothingWhileJudged(self) -> None:
        """
        What comes while a new server is being remembered is not answered.
        """
        self.server.disk.holding = True
        introduced = self.hello(self.caller)
        answer = self.caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        self.assertNoResult(introduced)
        self.failureResultOf(answer, NotIntroduced)
        self.server.disk.finish()
        self.network.settle()
        self.successResultOf(introduced)

    def test_lostWhileJudged(self) -> None:
        """
        A connection that is lost while its server is being remembered leaves nothing behind.
        """
        self.server.disk.holding = True
        introduced = self.hello(self.caller)
        self.network.settle()
        self.network.reset(hostOf(0), hostOf(1))
        self.failureResultOf(introduced, ConnectionLost)
        self.server.disk.finish()
        self.assertEqual(self.server.listener.connections, {})
        self.assertEqual(self.server.process.getDelayedCalls(), [])

    def test_secondHello(self) -> None:
        """
        A connection stays that of the server that it began with.
        """
        self.introduce()
        again = self.hello(self.caller, sender=2)
        self.network.settle()
        self.failureResultOf(again, Refused)
        self.assertFalse(self.caller.isUp)

    def test_timeOut(self) -> None:
        """
        Who does not say hello is not waited for for ever.
        """
        self.network.advance(HELLO_TIMEOUT - 0.01)
        self.network.settle()
        self.assertTrue(self.caller.isUp)
        self.network.advance(0.01)
        self.network.settle()
        self.assertFalse(self.caller.isUp)
        self.assertEqual(self.lines, ["closed the connection with server0:32769: it did not say who it is"])

    def test_wipedServer(self) -> None:
        """
        A server whose folder was wiped since it was met is refused.
        """
        self.introduce()
        caller = self.connect()
        refused = self.hello(caller, incarnation="a new folder")
        self.network.settle()
        failure = self.failureResultOf(refused, Refused)
        self.assertIn("comes with another data folder", failure.getErrorMessage())

    def test_condemned(self) -> None:
        """
        A server that has turned out to lack what it had acknowledged is answered nothing any more.
        """
        self.introduce()
        self.successResultOf(self.server.identity.condemn(0))
        answer = self.caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        self.failureResultOf(answer, NotIntroduced)
        caller = self.connect()
        refused = self.hello(caller)
        self.network.settle()
        self.assertIn("lacks what it had acknowledged", self.failureResultOf(refused, Refused).getErrorMessage())

    def test_memoryFails(self) -> None:
        """
        A server that cannot be remembered is told so, in words and not by silence.
        """

        def fail(serverId: int, life: Life, among: object) -> None:
            raise OSError(28, "No space left on device")

        self.patch(self.server.folder, "rememberPeer", fail)
        refused = self.hello(self.caller)
        self.network.settle()
        self.assertIn("No space left on device", self.failureResultOf(refused, Refused).getErrorMessage())
        self.assertEqual(len(self.lines), 1)

    def test_silentlyGone(self) -> None:
        """
        When a server connects again, its connection from before is closed: its host may have vanished without a word,
        and such connections must not add up.
        """
        self.introduce()
        caller = self.connect()
        introduced = self.hello(caller)
        self.network.settle()
        self.successResultOf(introduced)
        self.network.settle()
        self.assertFalse(self.caller.isUp)
        self.assertTrue(caller.isUp)
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
        answer = self.caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        ((sender, request, reply),) = self.server.receiver.asked
        self.assertEqual((sender, request), (0, VOTE))
        self.assertNoResult(answer)
        reply.callback(VOTED)
        self.network.settle()
        self.assertEqual(self.successResultOf(answer), fields(VOTED))

    def test_appendEntries(self) -> None:
        """
        A leader's entries arrive as they were, however large.
        """
        batch = Batch([Entry(8, 3, bytes(200_000)), Entry(9, 3, b"\0\r\n")])
        answer = self.caller.ask(AppendEntriesCommand, **{**argumentsOf(HEARTBEAT), "batch": batch.encoded})
        self.network.settle()
        ((sender, request, reply),) = self.server.receiver.asked
        self.assertEqual(
            (sender, request),
            (
                0,
                Timed(
                    AppendEntries(term=3, prevLogIndex=7, prevLogTerm=2, leaderCommit=5, readRound=4, batch=batch),
                    HEARTBEAT.time,
                ),
            ),
        )
        reply.callback(HEARD)
        self.network.settle()
        self.assertEqual(self.successResultOf(answer), responseOf(HEARD))

    def test_full(self) -> None:
        """
        A server whose disk is nearly full says so with its answer, where there is a place for it.
        """
        for command, arguments, answer, told in (
            (AppendEntriesCommand, argumentsOf(HEARTBEAT), FULL, responseOf(FULL)),
            (RequestVoteCommand, fields(VOTE), VOTED._replace(isFull=True), fields(VOTED)),
        ):
            answered = self.caller.ask(command, **arguments)
            self.network.settle()
            self.server.receiver.asked[-1][2].callback(answer)
            self.network.settle()
            self.assertEqual(self.successResultOf(answered), told)

    def test_lostEntries(self) -> None:
        """
        A server whose log has lost entries says so.
        """
        answered = self.caller.ask(AppendEntriesCommand, **argumentsOf(HEARTBEAT))
        self.network.settle()
        reply = AppendEntriesReply.rejected(term=3, prevLogIndex=7, conflictIndex=5, lostIndex=9)
        self.server.receiver.asked[-1][2].callback(Timed(reply, HEARD.time))
        self.network.settle()
        self.assertEqual(self.successResultOf(answered)["lostIndex"], 9)

    def test_pipelined(self) -> None:
        """
        Requests do not wait for each other's answers, which may come in any order.
        """
        arguments = argumentsOf(HEARTBEAT)
        answers = [self.caller.ask(AppendEntriesCommand, **{**arguments, "readRound": number}) for number in range(3)]
        self.network.settle()
        asked = self.server.receiver.asked
        self.assertEqual(
            [request.message.readRound for _, request, _ in asked if isinstance(request.message, AppendEntries)],
            [0, 1, 2],
        )
        for number in (2, 0, 1):
            asked[number][2].callback(
                Timed(AppendEntriesReply.accepted(term=3, matchIndex=7, prevLogIndex=7, readRound=number), HEARD.time)
            )
        self.network.settle()
        self.assertEqual([self.successResultOf(answer)["readRound"] for answer in answers], [0, 1, 2])

    def test_wrongPlace(self) -> None:
        """
        Entries that do not follow prevLogIndex are no message; the connection is closed.
        """
        batch = Batch([Entry(9, 3, b"")]).encoded
        answer = self.caller.ask(AppendEntriesCommand, **{**fields(HEARTBEAT), "batch": batch})
        self.network.settle()
        self.failureResultOf(answer, amp.UnknownRemoteError)
        self.assertFalse(self.caller.isUp)
        self.assertEqual(self.server.receiver.asked, [])
        self.assertEqual(len(self.lines), 1)
        self.assertIn("1 entries that begin at 9, after entry 7", self.lines[0])

    def test_garbledBatch(self) -> None:
        """
        What is no batch is no message either.
        """
        answer = self.caller.ask(AppendEntriesCommand, **{**fields(HEARTBEAT), "batch": b"\xff" * 40})
        self.network.settle()
        self.failureResultOf(answer, amp.UnknownRemoteError)
        self.assertFalse(self.caller.isUp)
        self.assertEqual(len(self.lines), 1)

    def test_error(self) -> None:
        """
        Where the node cannot answer since it is wrong itself, the connection ends, with a line in the log.
        """
        answer = self.caller.ask(AppendEntriesCommand, **argumentsOf(HEARTBEAT))
        self.network.settle()
        self.server.receiver.asked[0][2].errback(ZeroDivisionError())
        self.network.settle()
        self.failureResultOf(answer, ConnectionLost)
        self.assertEqual(self.lines, ["closed the connection with server 0 at server0:32769: ZeroDivisionError()"])

    def test_noTime(self) -> None:
        """
        A time that no clock can have is no message either.
        """
        for time in (-1, 2**63):
            caller = self.connect()
            self.hello(caller)
            self.network.settle()
            answer = caller.ask(RequestVoteCommand, **{**fields(VOTE), "time": time})
            self.network.settle()
            self.failureResultOf(answer, amp.UnknownRemoteError)
            self.assertFalse(caller.isUp)
        self.assertEqual(self.server.receiver.asked, [])

    def test_close(self) -> None:
        """
        When the server stops, all connections are closed.
        """
        self.server.listener.close()
        self.network.settle()
        self.assertFalse(self.caller.isUp)
        self.assertEqual(self.server.listener.connections, {})
        self.assertEqual(self.server.process.getDelayedCalls(), [])
