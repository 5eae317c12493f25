"""
Tests of one direction of a connection through a proxy.
"""

from __future__ import annotations

from math import inf

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from tests.faults.stream import MOST_HELD, Stream, Way


class StreamTests(SynchronousTestCase):
    """
    Tests of L{Stream}, with both ends in memory.
    """

    def setUp(self) -> None:
        """
        Make a stream whose ends are there.
        """
        self.clock = Clock()
        self.way = Way()
        self.source, self.sink = StringTransport(), StringTransport()
        self.stream = Stream(self.clock, self.way)
        self.stream.source = self.source
        self.stream.attach(self.sink)

    def change(self, hangs: bool = False, delay: float = 0.0, rate: float = inf) -> None:
        """
        Change how it goes.
        """
        self.way.hangs, self.way.delay, self.way.rate = hangs, delay, rate
        self.stream.go()

    def test_carries(self) -> None:
        """
        While all is well, everything is delivered at once, and then the end.
        """
        self.stream.arrived(b"ab")
        self.assertEqual(self.sink.value(), b"ab")
        self.stream.arrived(b"c" * 100_000)
        self.assertEqual(self.sink.value(), b"ab" + b"c" * 100_000)
        self.assertFalse(self.sink.disconnecting)
        self.stream.ended()
        self.assertTrue(self.sink.disconnecting)

    def test_waitsForTheOtherEnd(self) -> None:
        """
        What arrives before the other end is there is delivered when it is.
        """
        stream, sink = Stream(self.clock, self.way), StringTransport()
        stream.arrived(b"ab")
        stream.ended()
        stream.attach(sink)
        self.assertEqual(sink.value(), b"ab")
        self.assertTrue(sink.disconnecting)

    def test_hangs(self) -> None:
        """
        While it hangs, neither bytes nor the end are delivered; when it does not any more, all are.
        """
        self.change(hangs=True)
        self.stream.arrived(b"ab")
        self.stream.arrived(b"cd")
        self.stream.ended()
        self.clock.advance(1000)
        self.assertEqual(self.sink.value(), b"")
        self.assertFalse(self.sink.disconnecting)
        self.change()
        self.assertEqual(self.sink.value(), b"abcd")
        self.assertTrue(self.sink.disconnecting)

    def test_hangsBeforeTheEnd(self) -> None:
        """
        While it hangs, the end is not delivered, even if nothing else waits.
        """
        self.change(hangs=True)
        self.stream.ended()
        self.assertFalse(self.sink.disconnecting)
        self.change()
        self.assertTrue(self.sink.disconnecting)

    def test_delay(self) -> None:
        """
        Everything takes as long, and stays in order, the end too.
        """
        self.change(delay=1.0)
        self.stream.arrived(b"a")
        self.clock.advance(0.5)
        self.stream.arrived(b"b")
        self.stream.ended()
        self.clock.advance(0.25)
        self.assertEqual(self.sink.value(), b"")
        self.clock.advance(0.25)
        self.assertEqual(self.sink.value(), b"a")
        self.clock.advance(0.25)
        self.assertEqual(self.sink.value(), b"a")
        self.assertFalse(self.sink.disconnecting)
        self.clock.advance(0.25)
        self.assertEqual(self.sink.value(), b"ab")
        self.assertTrue(self.sink.disconnecting)

    def test_delayEnds(self) -> None:
        """
        What is under way when all is well again arrives at once.
        """
        self.change(delay=1000.0)
        self.stream.arrived(b"a")
        self.change()
        self.assertEqual(self.sink.value(), b"a")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_rate(self) -> None:
        """
        No more bytes are carried than so many in a second.
        """
        self.change(rate=32_000.0)
        self.stream.arrived(b"x" * 200_000)
        for seconds in range(1, 6):
            self.clock.pump([0.05] * 20)
            self.assertLessEqual(abs(len(self.sink.value()) - 32_000 * seconds), 32_000)
        self.clock.pump([0.05] * 60)
        self.assertEqual(len(self.sink.value()), 200_000)

    def test_boundedWhileItHangs(self) -> None:
        """
        When much waits, nothing more is read until some of it is delivered.
        """
        self.change(hangs=True)
        self.stream.arrived(bytes(MOST_HELD - 1))
        self.assertEqual(self.source.producerState, "producing")
        self.stream.arrived(b"x")
        self.assertEqual(self.source.producerState, "paused")
        self.change()
        self.assertEqual(self.source.producerState, "producing")
        self.assertEqual(self.sink.value(), bytes(MOST_HELD - 1) + b"x")

    def test_boundedWhileTheSinkIsFull(self) -> None:
        """
        An end that does not read what it is sent keeps the other from sending more.
        """
        self.stream.pauseProducing()
        self.stream.arrived(bytes(MOST_HELD))
        self.assertEqual(self.sink.value(), b"")
        self.assertEqual(self.source.producerState, "paused")
        self.stream.resumeProducing()
        self.assertEqual(self.sink.value(), bytes(MOST_HELD))
        self.assertEqual(self.source.producerState, "producing")

    def test_endWaitsWhileTheSinkIsFull(self) -> None:
        """
        The end comes after all else.
        """
        self.stream.pauseProducing()
        self.stream.arrived(b"ab")
        self.stream.ended()
        self.assertFalse(self.sink.disconnecting)
        self.stream.resumeProducing()
        self.assertEqual(self.sink.value(), b"ab")
        self.assertTrue(self.sink.disconnecting)

    def test_closesWithoutProducer(self) -> None:
        """
        A transport does not close while it has a producer.
        """
        self.assertIs(self.sink.producer, self.stream)
        self.stream.ended()
        self.assertIsNone(self.sink.producer)

    def test_stop(self) -> None:
        """
        A stream that is stopped delivers nothing, and leaves nothing behind.
        """
        self.change(delay=1.0)
        self.stream.arrived(b"a")
        self.stream.stop()
        self.clock.advance(2.0)
        self.assertEqual(self.sink.value(), b"")
        self.assertEqual(self.clock.getDelayedCalls(), [])
