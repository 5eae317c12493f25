"""
Tests for the end of a connection that asks.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.connection import MAX_HELLO_BYTES
from replkv.peers.link import ANSWER_TIMEOUT, SILENT_ATTEMPTS
from replkv.raft.entry import Batch, Entry
from tests.logged import logged
from tests.peers.wire import HEARD, HEARTBEAT, VOTE, VOTED, Peer, Wire


class LinkTests(SynchronousTestCase):
    """
    What the tests of the link begin with.
    """

    def setUp(self) -> None:
        """
        Server 0 has a link to server 1.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.mine = Peer(self.clock, 0)
        self.its = Peer(self.clock, 1)
        self.link = self.mine.link(1)

    def connect(self) -> Wire:
        """
        The connection is made, and the servers introduce themselves.
        """
        wire = self.mine.door.open(self.clock, self.its.accept())
        wire.carry()
        return wire

    def waitForAttempt(self) -> float:
        """
        Let the time pass until the link tries to connect again.

        @return: the seconds that it took.
        """
        before = self.clock.seconds()
        while not self.mine.door.attempts:
            self.clock.advance(0.005)
            self.assertLess(self.clock.seconds() - before, 5)
        return self.clock.seconds() - before

    def assertStops(self) -> None:
        """
        The service stops, and leaves nothing behind.
        """
        stopped = self.link.stopService()
        return_ = self.successResultOf(stopped)
        self.assertIsNone(return_)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class RequestTests(LinkTests):
    """
    Tests for what is asked.
    """

    def test_requests(self) -> None:
        """
        Requests reach the other node, and their replies this one's.
        """
        wire = self.connect()
        self.assertTrue(self.link.isUp)
        heartbeat = HEARTBEAT._replace(batch=Batch([Entry(8, 3, bytes(100_000))]))
        self.link.send(VOTE)
        self.link.send(heartbeat)
        wire.carry()
        (_, vote, voted), (_, append, heard) = self.its.receiver.asked
        self.assertEqual([vote, append], [VOTE, heartbeat])
        heard.callback(HEARD)
        voted.callback(VOTED)
        wire.carry()
        self.assertEqual(self.mine.receiver.replies, [(1, HEARD), (1, VOTED)])
        self.assertEqual(self.mine.receiver.lost, [])
        self.assertEqual(self.lines, [])

    def test_notConnected(self) -> None:
        """
        Where there is no connection, the node is told at once that the peer is unreachable.
        """
        self.link.send(VOTE)
        self.assertEqual(self.mine.receiver.lost, [1])

    def test_notBeforeHello(self) -> None:
        """
        Nothing is asked before the other server has let this one in.
        """
        wire = self.mine.door.open(self.clock, self.its.accept())
        self.link.send(VOTE)
        self.assertEqual(self.mine.receiver.lost, [1])
        wire.carry()
        self.assertEqual(self.its.receiver.asked, [])
        self.assertTrue(self.link.isUp)

    def test_reply(self) -> None:
        """
        A reply is a value of its own kind, with what the other server said in it.
        """
        wire = self.connect()
        self.link.send(VOTE)
        wire.carry()
        self.its.receiver.asked[0][2].callback(VOTED._replace(granted=False))
        wire.carry()
        self.assertEqual(self.mine.receiver.replies, [(1, VOTED._replace(granted=False))])


class LostTests(LinkTests):
    """
    Tests for a connection that is lost.
    """

    def test_unreachable(self) -> None:
        """
        However many requests are lost with a connection, the node is told once that the peer is unreachable.
        """
        wire = self.connect()
        for _ in range(3):
            self.link.send(HEARTBEAT)
        wire.carry()
        wire.cut()
        self.assertEqual(self.mine.receiver.lost, [1])
        self.assertFalse(self.link.isUp)
        self.assertEqual(self.mine.receiver.replies, [])

    def test_lateAnswer(self) -> None:
        """
        The answer to a request of an earlier connection goes nowhere.
        """
        wire = self.connect()
        self.link.send(HEARTBEAT)
        wire.carry()
        wire.cut()
        self.waitForAttempt()
        wire = self.connect()
        self.its.receiver.asked[0][2].callback(HEARD)
        wire.carry()
        self.assertEqual(self.mine.receiver.replies, [])
        self.assertTrue(self.link.isUp)

    def test_back(self) -> None:
        """
        It is made again; the log says once that the server is lost, and once that it is back.
        """
        self.connect().cut()
        self.assertEqual(
            self.lines, ["lost server 1 (Connection to the other side was lost in a non-clean fashion.); "
                         "trying to reach it again"]
        )
        for _ in range(20):
            self.waitForAttempt()
            self.mine.door.refuse()
        self.assertEqual(len(self.lines), 1)
        self.waitForAttempt()
        wire = self.connect()
        self.assertEqual(self.lines[1:], ["server 1 is back"])
        self.link.send(VOTE)
        wire.carry()
        self.assertEqual(len(self.its.receiver.asked), 1)

    def test_backOff(self) -> None:
        """
        Attempts get rarer, up to a second and a little, and begin anew after a success.
        """
        waits = []
        for _ in range(15):
            self.mine.door.refuse()
            waits.append(self.waitForAttempt())
        self.assertLess(waits[0], 0.2)
        self.assertTrue(all(0.9 < wait < 1.2 for wait in waits[10:]), waits)
        self.connect().cut()
        self.assertLess(self.waitForAttempt(), 0.2)

    def test_jitter(self) -> None:
        """
        The waits differ by chance, so that servers that lost each other do not all come back at one moment.
        """
        waits = set()
        for _ in range(30):
            self.mine.door.refuse()
            waits.add(round(self.waitForAttempt(), 3))
        self.assertGreater(len(waits), 10)

    def test_neverReached(self) -> None:
        """
        A server that is not there at first is nothing to tell, since servers do not start all at once; but one that
        stays away is told of, once.
        """
        for _ in range(SILENT_ATTEMPTS - 1):
            self.mine.door.refuse()
            self.waitForAttempt()
        self.assertEqual(self.lines, [])
        for _ in range(10):
            self.mine.door.refuse()
            self.waitForAttempt()
        self.assertEqual(
            self.lines, ["server 1 cannot be reached (Connection was refused by other side.); trying again"]
        )
        self.connect()
        self.assertEqual(self.lines[1:], ["server 1 is back"])


class SilentTests(LinkTests):
    """
    Tests for a peer whose process is stopped: it takes connections, and answers nothing.
    """

    def setUp(self) -> None:
        """
        A process that is stopped has no time.
        """
        super().setUp()
        self.its = Peer(Clock(), 1)

    def let(self, seconds: float) -> None:
        """
        Let time pass, in small steps.
        """
        for _ in range(round(seconds / 0.25)):
            self.clock.advance(0.25)

    def test_noAnswers(self) -> None:
        """
        A connection on which answers are due and none come is given up.
        """
        wire = self.connect()
        wire.stopped = True
        self.link.send(HEARTBEAT)
        self.let(ANSWER_TIMEOUT - 1)
        wire.carry()
        self.assertTrue(wire.isUp)
        self.link.send(HEARTBEAT)
        self.let(2.5)
        wire.carry()
        self.assertFalse(wire.isUp)
        self.assertEqual(self.mine.receiver.lost, [1])

    def test_idle(self) -> None:
        """
        Where nothing was asked, no answer is missed; and time counts from the first request that waits.
        """
        wire = self.connect()
        self.let(5 * ANSWER_TIMEOUT)
        wire.carry()
        self.assertTrue(wire.isUp)
        self.link.send(HEARTBEAT)
        self.let(ANSWER_TIMEOUT - 1)
        wire.carry()
        self.assertTrue(wire.isUp)

    def test_slow(self) -> None:
        """
        A peer that answers late, but answers, is not given up, though there is always an answer due.
        """
        wire = self.connect()
        self.link.send(HEARTBEAT)
        for number in range(10):
            self.link.send(HEARTBEAT)
            wire.carry()
            self.let(ANSWER_TIMEOUT - 1)
            self.its.receiver.asked[number][2].callback(HEARD)
            wire.carry()
        self.assertTrue(wire.isUp)

    def test_told(self) -> None:
        """
        The log says it once, however long the peer stays stopped and takes connections; and once that it is back.
        """
        wire = self.connect()
        wire.stopped = True
        self.link.send(HEARTBEAT)
        for _ in range(3):
            self.let(ANSWER_TIMEOUT + 1.5)
            wire.carry()
            self.assertFalse(wire.isUp)
            self.waitForAttempt()
            wire = self.mine.door.open(self.clock, self.its.accept())
            wire.stopped = True
            wire.carry()
        self.assertEqual(self.lines, ["lost server 1: no answer for 5 s; trying to reach it again"])
        wire.stopped = False
        wire.carry()
        self.assertEqual(self.lines[1:], ["server 1 is back"])

    def test_memory(self) -> None:
        """
        While a peer that does not answer is connected again, nothing is kept for it but the hello.
        """
        wire = self.connect()
        wire.stopped = True
        self.link.send(HEARTBEAT)
        self.let(ANSWER_TIMEOUT + 1.5)
        wire.carry()
        self.waitForAttempt()
        wire = self.mine.door.open(self.clock, self.its.accept())
        wire.stopped = True
        for _ in range(100):
            self.link.send(HEARTBEAT)
        self.assertLess(len(wire.connecting.value()), 500)
        self.assertEqual(len(self.mine.receiver.lost), 101)


class RefusedTests(LinkTests):
    """
    Tests for servers that do not work together.
    """

    def assertKeepsTrying(self, line: str) -> None:
        """
        The connection is closed, and tried again more and more rarely; the log says why, once.
        """
        waits = []
        for _ in range(12):
            wire = self.mine.door.open(self.clock, self.its.accept())
            wire.carry()
            self.assertFalse(wire.isUp)
            self.assertFalse(self.link.isUp)
            waits.append(self.waitForAttempt())
        mine = [text for text in self.lines if not text.startswith("refused a connection")]
        self.assertEqual(len(mine), 1, mine)
        self.assertIn(line, mine[0])
        self.assertGreater(min(waits[-2:]), 0.9)
        self.assertEqual(self.its.receiver.asked, [])

    def test_otherCluster(self) -> None:
        """
        The other server belongs to another cluster.
        """
        self.its = Peer(self.clock, 1, "shop")
        self.assertKeepsTrying("server 1 and this one do not work together: server 1 belongs to cluster 'shop'")

    def test_wrongAddress(self) -> None:
        """
        At the address there is another server of the cluster.
        """
        self.its = Peer(self.clock, 2)
        self.assertKeepsTrying("this is server 2, not 1")

    def test_thisOneWiped(self) -> None:
        """
        The other server has known this one with another folder.
        """
        self.its.folder.known[0] = "an older folder"
        self.assertKeepsTrying("server 0 comes with another data folder than before")

    def test_otherOneWiped(self) -> None:
        """
        This server has known the other one with another folder: it asks it nothing, and no vote of all.
        """
        self.mine.folder.known[1] = "an older folder"
        self.assertKeepsTrying("server 1 comes with another data folder than before")

    def test_memoryFails(self) -> None:
        """
        The other server cannot be remembered here.
        """

        def fail(serverId: int, incarnation: str) -> None:
            raise OSError(28, "No space left on device")

        self.patch(self.mine.folder, "rememberPeer", fail)
        self.assertKeepsTrying("server 0 cannot remember server 1: [Errno 28] No space left on device")

    def test_mended(self) -> None:
        """
        When the cause is mended, the link comes up.
        """
        good = self.its
        self.its = Peer(self.clock, 1, "shop")
        self.assertKeepsTrying("shop")
        self.its = good
        self.connect()
        self.assertTrue(self.link.isUp)
        self.assertEqual(self.lines[-1], "server 1 is back")

    def test_otherProtocol(self) -> None:
        """
        At the address there is something that is no server of replkv.
        """

        class Greeter(Protocol):
            def connectionMade(self) -> None:
                assert self.transport is not None
                self.transport.write(b"ERRCMDERR\r\n")

        self.patch(self.its, "accept", lambda: Factory.forProtocol(Greeter).buildProtocol(None))
        self.assertKeepsTrying("what comes is not replkv's server protocol")

    def test_closesAtOnce(self) -> None:
        """
        At the address there is something that closes each connection without a word.
        """

        class Closer(Protocol):
            def dataReceived(self, data: bytes) -> None:
                assert self.transport is not None
                self.transport.loseConnection()

        self.patch(self.its, "accept", lambda: Factory.forProtocol(Closer).buildProtocol(None))
        self.assertKeepsTrying("server 1 did not let this one in (Connection was closed cleanly.)")

    def test_longAnswer(self) -> None:
        """
        Before the other side has said who it is, it cannot make this server hold much.
        """

        class Flood(Protocol):
            def connectionMade(self) -> None:
                assert self.transport is not None
                self.transport.write(b"\0\1a\xff\xff" + bytes(MAX_HELLO_BYTES))

        self.patch(self.its, "accept", lambda: Factory.forProtocol(Flood).buildProtocol(None))
        self.assertKeepsTrying("a box that is too long")


class StopTests(LinkTests):
    """
    Tests for the end of the service, at every stage of the connection.
    """

    def test_connecting(self) -> None:
        """
        While a connection is being made.
        """
        self.assertStops()
        self.assertEqual(self.mine.door.attempts, [])

    def test_waiting(self) -> None:
        """
        Between two attempts.
        """
        self.mine.door.refuse()
        self.assertStops()

    def stopWith(self, wire: Wire) -> None:
        """
        Stop, with a connection.
        """
        stopped = self.link.stopService()
        wire.carry()
        self.assertIsNone(self.successResultOf(stopped))
        self.assertFalse(wire.isUp)
        self.its.listener.close()
        self.clock.advance(0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.lines, [])
        self.assertFalse(self.link.isUp)

    def test_helloSent(self) -> None:
        """
        While the hello is on its way.
        """
        self.stopWith(self.mine.door.open(self.clock, self.its.accept()))

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
        self.link.send(HEARTBEAT)
        self.stopWith(wire)

    def test_stoppedPeer(self) -> None:
        """
        With a connection to a process that is stopped.
        """
        wire = self.connect()
        wire.stopped = True
        self.link.send(HEARTBEAT)
        self.stopWith(wire)

    def test_again(self) -> None:
        """
        What is asked after the end is unreachable.
        """
        self.stopWith(self.connect())
        before = len(self.mine.receiver.lost)
        self.link.send(VOTE)
        self.assertEqual(self.mine.receiver.lost[before:], [1])


