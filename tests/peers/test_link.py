"""
Tests for the end of a connection that asks.
"""

from __future__ import annotations

from typing import cast

from twisted.protocols import amp

from replkv.peers.commands import remoteCall
from replkv.peers.link import SILENT_ATTEMPTS
from replkv.peers.receiver import Timed
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries, RequestVote, RequestVoteReply, TimeoutNow, TimeoutNowReply
from replkv.testing.cluster.connection import Connection
from tests.peers.linked import LinkTests
from tests.peers.peer import FULL, HEARD, HEARTBEAT, PORT, VOTE, VOTED


class RequestTests(LinkTests):
    """
    Tests for what is asked.
    """

    def test_requests(self) -> None:
        """
        Requests reach the other node, and their replies this one's.
        """
        self.connect()
        self.assertTrue(self.link.isUp)
        heartbeat = Timed(
            AppendEntries(
                term=3,
                prevLogIndex=7,
                prevLogTerm=2,
                leaderCommit=5,
                readRound=4,
                batch=Batch([Entry(8, 3, bytes(100_000))]),
            ),
            HEARTBEAT.time,
        )
        self.ask(VOTE)
        self.ask(heartbeat)
        self.network.settle()
        (_, vote, voted), (_, append, heard) = self.its.receiver.asked
        self.assertEqual([vote, append], [VOTE, heartbeat])
        heard.callback(HEARD)
        voted.callback(VOTED)
        self.network.settle()
        self.assertEqual(self.replies, [HEARD, VOTED])
        self.assertEqual((self.unreachable, self.losses), (0, 0))
        self.assertEqual(self.lines, [])

    def test_full(self) -> None:
        """
        It hears from a reply that the disk of who has sent it is nearly full. One of a server that does not know of
        such things says nothing of it.
        """
        self.connect()
        for answer in (FULL, HEARD):
            self.ask(HEARTBEAT)
            self.network.settle()
            self.its.receiver.asked[-1][2].callback(answer)
            self.network.settle()
        self.assertEqual(self.replies, [FULL, HEARD])

    def test_handOver(self) -> None:
        """
        So do those of a hand-over: what the leader tells the one that is to lead, and that its candidate says so.
        """
        self.connect()
        vote = Timed(RequestVote(term=4, lastLogIndex=7, lastLogTerm=2, preVote=False, handOver=True), VOTE.time)
        told = Timed(TimeoutNow(term=3), VOTE.time)
        self.ask(told)
        self.ask(vote)
        self.network.settle()
        self.assertEqual([request for _, request, _ in self.its.receiver.asked], [told, vote])
        answer = Timed(TimeoutNowReply(term=4), 0)
        self.its.receiver.asked[0][2].callback(answer)
        self.network.settle()
        self.assertEqual(self.replies, [answer])

    def test_flagOfHandOver(self) -> None:
        """
        Where there is no hand-over, a candidate says what it said before there was any.
        """
        for handOver in (False, True):
            assert isinstance(VOTE.message, RequestVote)
            command, arguments, _ = remoteCall(Timed(VOTE.message._replace(handOver=handOver), VOTE.time))
            box = command.makeArguments({**arguments}, cast(amp.AMP, None))
            self.assertEqual(b"handOver" in box, handOver)

    def test_notConnected(self) -> None:
        """
        Where there is no connection, what is asked fails at once.
        """
        self.ask(VOTE)
        self.assertEqual((self.unreachable, self.losses), (1, 0))

    def test_notBeforeHello(self) -> None:
        """
        Nothing is asked before the other server has let this one in.
        """
        self.its.process.pause()
        self.connect()
        self.ask(VOTE)
        self.assertEqual((self.unreachable, self.losses), (1, 0))
        self.its.process.resume()
        self.network.settle()
        self.assertEqual(self.its.receiver.asked, [])
        self.assertTrue(self.link.isUp)

    def test_reply(self) -> None:
        """
        A reply is a value of its own kind, with what the other server said in it.
        """
        self.connect()
        self.ask(VOTE)
        self.network.settle()
        refused = Timed(RequestVoteReply(term=3, granted=False, preVote=False), VOTED.time)
        self.its.receiver.asked[0][2].callback(refused)
        self.network.settle()
        self.assertEqual(self.replies, [refused])


class LostTests(LinkTests):
    """
    Tests for a connection that is lost.
    """

    def test_unreachable(self) -> None:
        """
        With a connection, all requests are lost that were not answered on it.
        """
        wire = self.connect()
        for _ in range(3):
            self.ask(HEARTBEAT)
        self.network.settle()
        self.its.receiver.asked[0][2].callback(HEARD)
        self.network.settle()
        wire.reset()
        self.assertEqual((self.unreachable, self.replies), (2, [HEARD]))
        self.assertFalse(self.link.isUp)

    def test_whenLost(self) -> None:
        """
        That a connection is lost is told once, however many requests are lost with it, and even if none is: the other
        server may have been started again.
        """
        self.listen()
        for requests in (0, 1, 3):
            wire = self.wire
            for _ in range(requests):
                self.ask(HEARTBEAT)
            before = self.losses
            wire.reset()
            self.assertEqual(self.losses - before, 1)
            self.assertFalse(self.link.isUp)
            self.waitForAttempt()

    def test_lateAnswer(self) -> None:
        """
        The answer to a request of an earlier connection goes nowhere.
        """
        wire = self.connect()
        self.ask(HEARTBEAT)
        self.network.settle()
        wire.reset()
        self.waitForAttempt()
        self.its.receiver.asked[0][2].callback(HEARD)
        self.network.settle()
        self.assertEqual(self.replies, [])
        self.assertTrue(self.link.isUp)

    def test_askedMeanwhile(self) -> None:
        """
        What is asked while that is told, is lost too.
        """
        wire = self.connect()
        for request in (HEARTBEAT, VOTE):
            asked = self.link.send(request).addErrback(lambda failure: self.ask(HEARTBEAT))
            asked.addCallback(lambda _: self.ask(VOTE))
        wire.reset()
        self.assertEqual((self.unreachable, self.replies), (4, []))

    def test_letsInNoMore(self) -> None:
        """
        That the other server has let this one in counts as long as the connection is there.
        """
        wire = self.connect()
        self.mine.identity.standing.excluded(2, "no member")
        self.assertIsNone(self.mine.identity.standing.exclusion)
        wire.reset()
        self.mine.identity.standing.excluded(2, "no member")
        self.assertEqual(self.mine.identity.standing.exclusion, "no member")

    def test_back(self) -> None:
        """
        It is made again; the log says once that the server is lost, and once that it is back.
        """
        wire = self.connect()
        self.leave()
        wire.reset()
        self.assertEqual(self.lines, ["lost server 1; trying to reach it again"])
        for _ in range(20):
            self.waitForAttempt()
        self.assertEqual(len(self.lines), 1)
        self.listen()
        self.waitForAttempt()
        self.assertEqual(self.lines[1:], ["server 1 is back"])
        self.ask(VOTE)
        self.network.settle()
        self.assertEqual(len(self.its.receiver.asked), 1)

    def test_backOff(self) -> None:
        """
        Attempts get rarer, up to a second and a little, and begin anew after a success.
        """
        waits = [self.waitForAttempt() for _ in range(15)]
        self.assertLess(waits[0], 0.2)
        self.assertTrue(all(0.9 < wait < 1.2 for wait in waits[10:]), waits)
        self.listen()
        self.waitForAttempt()
        self.wire.reset()
        self.assertLess(self.waitForAttempt(), 0.2)

    def test_jitter(self) -> None:
        """
        The waits differ by chance, so that servers that lost each other do not all come back at one moment.
        """
        waits = {round(self.waitForAttempt(), 3) for _ in range(30)}
        self.assertGreater(len(waits), 10)

    def test_neverReached(self) -> None:
        """
        A server that is not there at first is nothing to tell, since servers do not start all at once; but one that
        stays away is told of, once.
        """
        for _ in range(SILENT_ATTEMPTS - 2):
            self.waitForAttempt()
        self.assertEqual(self.lines, [])
        for _ in range(10):
            self.waitForAttempt()
        self.assertEqual(self.lines, ["server 1 cannot be reached (connection refused); trying again"])
        self.listen()
        self.waitForAttempt()
        self.assertEqual(self.lines[1:], ["server 1 is back"])


class StopTests(LinkTests):
    """
    Tests for the end of the service, at every stage of the connection.
    """

    def test_connecting(self) -> None:
        """
        While a connection is being made.
        """
        self.assertEqual(self.network.attempts, [("server1", PORT)])
        self.listen()
        self.assertStops()
        self.assertEqual(self.network.connections, {})

    def test_waiting(self) -> None:
        """
        Between two attempts.
        """
        self.network.settle()
        self.assertStops()

    def stopWith(self, wire: Connection) -> None:
        """
        Stop, with a connection.
        """
        self.assertStops()
        self.assertFalse(self.isUp(wire))
        self.its.process.resume()
        self.network.settle()
        self.assertEqual(self.its.process.getDelayedCalls(), [])
        self.assertEqual(self.lines, [])
        self.assertFalse(self.link.isUp)

    def test_helloSent(self) -> None:
        """
        While the hello is on its way.
        """
        self.its.process.pause()
        self.stopWith(self.connect())

    def test_beingRemembered(self) -> None:
        """
        While the other server is being remembered.
        """
        self.mine.disk.holding = True
        wire = self.connect()
        self.stopWith(wire)
        self.mine.disk.finish()
        self.assertFalse(self.link.isUp)

    def test_connected(self) -> None:
        """
        With a connection on which answers are due.
        """
        wire = self.connect()
        self.ask(HEARTBEAT)
        self.stopWith(wire)

    def test_stoppedPeer(self) -> None:
        """
        With a connection to a process that is stopped.
        """
        wire = self.connect()
        self.its.process.pause()
        self.ask(HEARTBEAT)
        self.stopWith(wire)

    def test_again(self) -> None:
        """
        What is asked after the end is unreachable.
        """
        self.stopWith(self.connect())
        before = self.unreachable
        self.ask(VOTE)
        self.assertEqual(self.unreachable, before + 1)
