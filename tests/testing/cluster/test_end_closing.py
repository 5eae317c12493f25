"""
Tests for the ends of simulated connections: how they close. All of it is as on a real socket.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.cluster.end import BUFFER_BYTES
from tests.testing.cluster.ends import EndCase
from tests.testing.cluster.hosts import HalfCloseable, Hosts, Producer, Recorder


class LoseTests(EndCase):
    """
    Tests for C{loseConnection}.
    """

    def test_delivers(self) -> None:
        """
        All that was written arrives first, fragments and all, also what was written right after. Then both sides are
        told.
        """
        self.hosts.network.fragmentation = 0.9
        sent = Random(0).randbytes(5 * BUFFER_BYTES)
        self.near.transport.write(sent)
        self.near.transport.loseConnection()
        self.near.transport.write(b"last")
        self.assertEqual(self.near.events, [])
        self.hosts.run(10)
        self.assertEqual(self.far.received, sent + b"last")
        self.assertEqual((self.near.ending, self.far.ending), (["ConnectionDone"], ["ConnectionDone"]))
        self.assertEqual(self.hosts.network.connections, {})

    def test_isDone(self) -> None:
        """
        Who closes is done as soon as the system has taken what was written, whether it arrives or not.
        """
        self.hosts.block()
        self.near.transport.write(bytes(BUFFER_BYTES))
        self.near.transport.loseConnection()
        self.assertTrue(self.near.transport.disconnecting)
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), (["ConnectionDone"], []))
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, [bytes(BUFFER_BYTES), "ConnectionDone"])

    def test_isNotDone(self) -> None:
        """
        The system does not take all at once.
        """
        self.hosts.block()
        self.near.transport.write(bytes(BUFFER_BYTES + 1))
        self.near.transport.loseConnection()
        self.hosts.run()
        self.assertEqual(self.near.events, [])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.near.events, ["ConnectionDone"])
        self.assertEqual(len(self.far.received), BUFFER_BYTES + 1)

    def test_readsNoMore(self) -> None:
        """
        Who closes reads nothing more. What comes then is told that nobody is there, and may reset the connection
        before all has arrived.
        """
        self.hosts.network.slow("near", "far", 1.0)
        self.near.transport.write(b"lost")
        self.near.transport.loseConnection()
        self.far.transport.write(b"too late")
        self.hosts.run(10)
        self.assertEqual(self.near.events, ["ConnectionDone"])
        self.assertEqual(self.far.events, ["ConnectionLost"])
        self.assertEqual(self.hosts.network.connections, {})

    def test_readsNoMoreWhileClosing(self) -> None:
        """
        That is so too while it waits for the system to take what was written.
        """
        self.hosts.network.block("near", "far")
        self.near.transport.write(bytes(2 * BUFFER_BYTES))
        self.near.transport.loseConnection()
        self.near.transport.resumeProducing()
        self.far.transport.write(b"unread")
        self.hosts.run()
        self.assertEqual(self.near.events, [])

    def test_leavesUnread(self) -> None:
        """
        So does closing when not all was read that has come.
        """
        self.near.transport.pauseProducing()
        self.far.transport.write(b"unread")
        self.hosts.run()
        self.near.transport.write(b"lost")
        self.near.transport.loseConnection()
        self.hosts.run()
        self.assertEqual(self.near.events, ["ConnectionDone"])
        self.assertEqual(self.far.events, ["ConnectionLost"])

    def test_twice(self) -> None:
        """
        Nothing comes of closing, or of writing, when all is over.
        """
        for _ in range(3):
            self.near.transport.loseConnection()
            self.hosts.run()
            self.near.transport.write(b"too late")
            self.near.transport.resumeProducing()
        self.assertEqual((self.near.events, self.far.events), (["ConnectionDone"], ["ConnectionDone"]))

    def test_bothSides(self) -> None:
        """
        Both sides may close at once.
        """
        self.near.transport.write(b"near")
        self.near.transport.loseConnection()
        self.far.transport.loseConnection()
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), (["ConnectionDone"], ["ConnectionDone"]))
        self.assertEqual(self.hosts.network.connections, {})

    def test_stopProducing(self) -> None:
        """
        To stop a transport that produces is to close it.
        """
        self.near.transport.stopProducing()
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionDone"])

    def test_producer(self) -> None:
        """
        A producer is told to stop before the connection is said to be lost; who comes later is told at once.
        """
        asked: list[list[str]] = []

        class Late(Recorder):
            def connectionLost(self, reason: object = None) -> None:
                asked.append(list(producer.asked))

        producer, late = Producer(), Producer()
        near, far = self.hosts.connect(Late)
        near.transport.registerProducer(producer, False)
        far.transport.loseConnection()
        self.hosts.run()
        self.assertEqual(asked, [["more", "stop"]])
        near.transport.registerProducer(late, False)
        self.assertEqual(late.asked, ["stop"])


class HalfCloseTests(SynchronousTestCase):
    """
    Tests for C{loseWriteConnection}.
    """

    def setUp(self) -> None:
        """
        Connect two that can do it.
        """
        self.hosts = Hosts()
        self.near, self.far = self.hosts.connect(HalfCloseable, HalfCloseable)

    def test_halfClose(self) -> None:
        """
        One direction is closed when all has arrived, and the other one goes on.
        """
        self.near.transport.write(b"question")
        self.near.transport.loseWriteConnection()
        self.hosts.run()
        self.near.transport.write(b"too late")
        self.far.transport.write(b"answer")
        self.hosts.run()
        self.assertEqual(self.near.events, ["output ended", b"answer"])
        self.assertEqual(self.far.events, [b"question", "input ended"])
        self.hosts.run(100)
        self.assertIsNone(self.hosts.timeline.next)

    def test_otherDirection(self) -> None:
        """
        When the other side closes its direction too, both know it, and each still has to close for itself.
        """
        self.near.transport.loseWriteConnection()
        self.hosts.run()
        self.far.transport.loseWriteConnection()
        self.hosts.run()
        self.assertEqual(self.near.events, ["output ended", "input ended"])
        self.assertEqual(self.far.events, ["input ended", "output ended"])
        self.near.transport.loseConnection()
        self.assertEqual(self.near.events[-1], "ConnectionDone")
        self.far.transport.loseConnection()
        self.assertEqual(self.far.events[-1], "ConnectionDone")
        self.assertEqual(self.hosts.network.connections, {})

    def test_closedByTheOther(self) -> None:
        """
        Of a side that has closed altogether, one that could be half-closed hears only that there is no more input.
        When it has closed too, that is the end.
        """
        self.near.transport.loseConnection()
        self.hosts.run()
        self.assertEqual(self.far.events, ["input ended"])
        self.far.transport.loseConnection()
        self.hosts.run()
        self.assertEqual(self.far.events, ["input ended", "ConnectionDone"])
        self.assertEqual(self.hosts.network.connections, {})

    def test_answerToNobody(self) -> None:
        """
        When it writes instead, it hears that nobody is there.
        """
        self.near.transport.loseConnection()
        self.hosts.run()
        self.far.transport.write(b"answer")
        self.hosts.run()
        self.assertEqual(self.far.events, ["input ended", "ConnectionLost"])

    def test_notUnderstood(self) -> None:
        """
        One that does not know half-closed connections takes it for the end.
        """
        near, far = self.hosts.connect(HalfCloseable, Recorder)
        near.transport.loseWriteConnection()
        self.hosts.run()
        self.assertEqual(far.events, ["ConnectionDone"])
        self.assertEqual(near.events, ["output ended", "input ended"])

    def test_foundAgain(self) -> None:
        """
        Who reads on after the end of the input finds it again, and nothing else.
        """
        self.near.transport.loseWriteConnection()
        self.hosts.run()
        self.near.transport.write(b"too late")
        self.hosts.run()
        self.far.transport.resumeProducing()
        self.hosts.run()
        self.assertEqual(self.far.events, ["input ended", "input ended"])

    def test_unread(self) -> None:
        """
        The input has not ended before all was read.
        """
        self.far.transport.pauseProducing()
        self.near.transport.write(b"question")
        self.near.transport.loseWriteConnection()
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.far.transport.resumeProducing()
        self.hosts.run()
        self.assertEqual(self.far.events, [b"question", "input ended"])


class AbortTests(EndCase):
    """
    Tests for C{abortConnection}.
    """

    def test_abort(self) -> None:
        """
        What has not arrived is lost. This side is told, but not at once; so is the other.
        """
        self.near.transport.write(b"lost")
        self.near.transport.abortConnection()
        self.near.transport.abortConnection()
        self.assertEqual(self.near.events, [])
        self.hosts.run()
        self.assertEqual(self.near.events, ["ConnectionAborted"])
        self.assertEqual(self.far.events, ["ConnectionLost"])
        self.assertEqual(self.hosts.network.connections, {})

    def test_readsNoMore(self) -> None:
        """
        Nothing more is read.
        """
        self.hosts.near.pause()
        self.far.transport.write(b"has come")
        self.hosts.run()
        self.near.transport.abortConnection()
        self.hosts.near.resume()
        self.hosts.run()
        self.assertEqual(self.near.events, ["ConnectionAborted"])

    def test_fullBuffer(self) -> None:
        """
        The other side is told also where more has come than it has read, and waits to be read.
        """
        self.far.transport.pauseProducing()
        self.near.transport.write(bytes(2 * BUFFER_BYTES))
        self.hosts.run()
        self.near.transport.abortConnection()
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), (["ConnectionAborted"], ["ConnectionLost"]))

    def test_whileClosing(self) -> None:
        """
        Who waits for the last bytes to be taken can give up.
        """
        self.hosts.block()
        self.near.transport.write(bytes(2 * BUFFER_BYTES))
        self.near.transport.loseConnection()
        self.hosts.run()
        self.near.transport.abortConnection()
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), (["ConnectionAborted"], []))
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionLost"])

    def test_fullReader(self) -> None:
        """
        It is told too where there was no room for what was to arrive, as soon as it reads on.
        """
        self.far.transport.pauseProducing()
        self.near.transport.write(bytes(2 * BUFFER_BYTES))
        self.hosts.run()
        self.near.transport.abortConnection()
        self.hosts.run()
        self.far.transport.resumeProducing()
        self.hosts.run()
        self.assertEqual(self.near.events, ["ConnectionAborted"])
        self.assertEqual(self.far.events[-1], "ConnectionLost")

    def test_pausedReader(self) -> None:
        """
        A process that is paused hears of it when it goes on.
        """
        self.hosts.far.pause()
        self.near.transport.abortConnection()
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.hosts.far.resume()
        self.assertEqual(self.far.events, ["ConnectionLost"])
