"""
Tests for the end of a connection that asks, where the other end does not answer, or refuses.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols import amp

from replkv.lives import Life
from replkv.peers.connection import MAX_HELLO_BYTES
from replkv.peers.link import ANSWER_TIMEOUT
from tests.peers.linked import LinkTests
from tests.peers.peer import HEARD, HEARTBEAT, Peer, hostOf


class SilentTests(LinkTests):
    """
    Tests for a peer whose process is stopped: it takes connections, and answers nothing.
    """

    def test_noAnswers(self) -> None:
        """
        A connection on which answers are due and none come is given up.
        """
        wire = self.connect()
        self.its.process.pause()
        self.ask(HEARTBEAT)
        self.network.advance(ANSWER_TIMEOUT - 1)
        self.assertTrue(self.isUp(wire))
        self.ask(HEARTBEAT)
        self.network.advance(2.5)
        self.assertFalse(self.isUp(wire))
        self.assertEqual((self.unreachable, self.losses), (2, 1))

    def test_noHello(self) -> None:
        """
        So is one on which the hello itself is not answered.
        """
        self.its.process.pause()
        wire = self.connect()
        self.network.advance(ANSWER_TIMEOUT - 1)
        self.assertTrue(self.isUp(wire))
        self.network.advance(2.5)
        self.assertFalse(self.isUp(wire))

    def test_idle(self) -> None:
        """
        Where nothing was asked, no answer is missed; and time counts from the first request that waits.
        """
        wire = self.connect()
        self.network.advance(5 * ANSWER_TIMEOUT)
        self.assertTrue(self.isUp(wire))
        self.ask(HEARTBEAT)
        self.network.advance(ANSWER_TIMEOUT - 1)
        self.assertTrue(self.isUp(wire))

    def test_slow(self) -> None:
        """
        A peer that answers late, but answers, is not given up, though there is always an answer due.
        """
        wire = self.connect()
        self.ask(HEARTBEAT)
        for number in range(10):
            self.ask(HEARTBEAT)
            self.network.advance(ANSWER_TIMEOUT - 1)
            self.its.receiver.asked[number][2].callback(HEARD)
            self.assertTrue(self.isUp(wire))

    def test_told(self) -> None:
        """
        The log says it once, however long the peer stays stopped and takes connections; and once that it is back.
        """
        wire = self.connect()
        self.its.process.pause()
        self.ask(HEARTBEAT)
        for _ in range(3):
            self.network.advance(ANSWER_TIMEOUT + 1.5)
            self.assertFalse(self.isUp(wire))
            wire = self.wire
        self.assertEqual(self.lines, ["lost server 1: no answer for 5 s; trying to reach it again"])
        self.its.process.resume()
        self.network.settle()
        self.assertEqual(self.lines[1:], ["server 1 is back"])

    def test_memory(self) -> None:
        """
        While a peer that does not answer is connected again, nothing is kept for it but the hello.
        """
        wire = self.connect()
        self.its.process.pause()
        self.ask(HEARTBEAT)
        self.network.advance(ANSWER_TIMEOUT + 1.5)
        self.assertFalse(self.isUp(wire))
        for _ in range(100):
            self.ask(HEARTBEAT)
        self.assertLess(self.wire.connecting.backlog, 500)
        self.assertEqual(self.unreachable, 101)


class RefusedTests(LinkTests):
    """
    Tests for servers that do not work together.
    """

    def assertKeepsTrying(self, line: str) -> None:
        """
        The connection is closed, and tried again more and more rarely; the log says why, once.
        """
        if self.listening is None:
            self.listen()
        waits = []
        for _ in range(12):
            waits.append(self.waitForAttempt())
            self.assertEqual(self.network.connections, {})
            self.assertFalse(self.link.isUp)
        mine = [text for text in self.lines if not text.startswith("refused a connection")]
        self.assertEqual(len(mine), 1, mine)
        self.assertIn(line, mine[0])
        self.assertGreater(min(waits[-2:]), 0.9)
        self.assertEqual(self.its.receiver.asked, [])

    def test_otherCluster(self) -> None:
        """
        The other server belongs to another cluster.
        """
        self.its = Peer(self.network, 1, "shop")
        self.assertKeepsTrying("server 1 and this one do not work together: server 1 belongs to cluster 'shop'")

    def test_wrongAddress(self) -> None:
        """
        At the address there is another server of the cluster.
        """
        self.its = Peer(self.network, 2)
        self.its.process = self.network.process(hostOf(1))
        self.assertKeepsTrying("this is server 2, not 1")

    def test_thisOneWiped(self) -> None:
        """
        The other server has known this one with another folder.
        """
        self.its.folder.known[0] = Life("an older folder", 1, "first")
        self.assertKeepsTrying("server 0 comes with another data folder than before")

    def test_otherOneWiped(self) -> None:
        """
        This server has known the other one with another folder: it asks it nothing, and no vote of all.
        """
        self.mine.folder.known[1] = Life("an older folder", 1, "first")
        self.assertKeepsTrying("server 0 knows server 1 by another data folder than it has: server 1 was wiped")

    def test_otherOneSaysNothing(self) -> None:
        """
        What the other one does not refuse is judged here too.
        """
        self.patch(self.its.identity, "_refuse", lambda *_: None)
        self.patch(self.mine.identity, "_incarnation", lambda peer: "")
        self.mine.folder.known[1] = Life("an older folder", 1, "first")
        self.assertKeepsTrying("server 1 comes with another data folder than before")

    def test_thisOneOlder(self) -> None:
        """
        The other server has known this one in a later life.
        """
        self.its.folder.known[0] = Life("folder 0", 7, "seventh")
        self.assertKeepsTrying("the data folder of server 0 is older than server 0 was when it was last seen")

    def test_otherOneOlder(self) -> None:
        """
        This server has known the other one in a later life: it asks it nothing either.
        """
        self.mine.folder.known[1] = Life("folder 1", 7, "seventh")
        self.assertKeepsTrying("the data folder of server 1 is older than server 1 was when it was last seen")

    def test_condemned(self) -> None:
        """
        A peer that lacks what it had acknowledged is cut off at once, and not let in again; the log says it once.
        """
        wire = self.connect()
        self.link.condemn()
        self.link.condemn()
        self.assertFalse(self.isUp(wire))
        self.assertEqual(self.losses, 1)
        self.assertEqual(len([line for line in self.lines if "lacks entries that it had acknowledged" in line]), 1)
        self.lines.clear()
        self.assertKeepsTrying("server 1 lacks what it had acknowledged")
        self.assertTrue(self.mine.folder.known[1].hasForgotten)

    def test_condemnedUnremembered(self) -> None:
        """
        Where that cannot be stored, the operator is told, and the peer is not let in again all the same.
        """

        def fail(serverId: int, life: Life, among: object) -> None:
            raise OSError(28, "No space left on device")

        self.connect()
        self.patch(self.mine.folder, "rememberPeer", fail)
        self.link.condemn()
        self.assertIn("cannot be remembered beyond the next start", self.lines[-1])
        self.network.settle()
        self.lines.clear()
        self.assertKeepsTrying("server 1 lacks what it had acknowledged")

    def test_condemnedNotYetRemembered(self) -> None:
        """
        So it is as long as the disk has other things to do: it is asked nothing, and no vote of all.
        """
        self.connect()
        self.patch(self.mine.identity.acquaintances, "_runOnDisk", lambda function: Deferred())
        self.link.condemn()
        self.network.settle()
        self.lines.clear()
        self.assertKeepsTrying("server 1 lacks what it had acknowledged")

    def test_memoryFails(self) -> None:
        """
        The other server cannot be remembered here.
        """

        def fail(serverId: int, life: Life, among: object) -> None:
            raise OSError(28, "No space left on device")

        self.patch(self.mine.folder, "rememberPeer", fail)
        self.assertKeepsTrying("server 0 cannot remember server 1: [Errno 28] No space left on device")

    def test_mended(self) -> None:
        """
        When the cause is mended, the link comes up.
        """
        good = self.its
        self.its = Peer(self.network, 1, "shop")
        self.assertKeepsTrying("shop")
        self.leave()
        self.its = good
        self.listen()
        self.waitForAttempt()
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

        self.patch(self.its, "listener", Factory.forProtocol(Greeter))
        self.assertKeepsTrying("what comes is not replkv's server protocol")

    def test_asks(self) -> None:
        """
        A server that asks where it is to answer is cut off: it might not read its answers.
        """
        wire = self.connect()
        [incoming] = self.its.listener.connections
        for _ in range(3):
            incoming.transport.write(amp.AmpBox({b"_command": b"Hello", b"_ask": b"1"}).serialize())
        self.assertFalse(self.isUp(wire))
        self.assertEqual(sum("it asks, where it is to answer" in line for line in self.lines), 1)

    def test_closesAtOnce(self) -> None:
        """
        At the address there is something that closes each connection without a word.
        """

        class Closer(Protocol):
            def dataReceived(self, data: bytes) -> None:
                assert self.transport is not None
                self.transport.loseConnection()

        self.patch(self.its, "listener", Factory.forProtocol(Closer))
        self.assertKeepsTrying("server 1 did not let this one in (Connection was closed cleanly.)")

    def test_longAnswer(self) -> None:
        """
        Before the other side has said who it is, it cannot make this server hold much.
        """

        class Flood(Protocol):
            def connectionMade(self) -> None:
                assert self.transport is not None
                self.transport.write(b"\0\1a\xff\xff" + bytes(MAX_HELLO_BYTES))

        self.patch(self.its, "listener", Factory.forProtocol(Flood))
        self.assertKeepsTrying("a box that is too long")
