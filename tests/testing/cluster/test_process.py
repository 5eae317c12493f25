"""
Tests for simulated processes.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from replkv.testing.cluster.network import Network
from replkv.testing.cluster.process import Process
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace

SOON = 0.001
"""
A call is made within so many seconds after its time.
"""


class ProcessCase(SynchronousTestCase):
    """
    A process, and what is called in it.
    """

    def setUp(self) -> None:
        """
        Start a process, some time after the simulation began.
        """
        self.timeline = Timeline()
        self.timeline.advance(100)
        self.network = Network(self.timeline, Random(0), Trace())
        self.stops = 0
        self.process = self.start()
        self.made: list[str] = []

    def start(self, rate: float = 1.0) -> Process:
        """
        Start a process.
        """
        return Process(self.timeline, self.network, "host", rate, self.stop)

    def stop(self) -> None:
        """
        Count.
        """
        self.stops += 1

    def expect(self, *made: str) -> None:
        """
        These were called since the last time, in this order.
        """
        self.assertEqual(self.made, list(made))
        self.made.clear()


class TimeTests(ProcessCase):
    """
    Tests for the time in a process.
    """

    def test_interface(self) -> None:
        """
        It is a reactor that knows time.
        """
        verifyObject(IReactorTime, self.process)

    def test_rate(self) -> None:
        """
        A clock that goes wrong counts so many seconds in a second, and calls are made when it says so.
        """
        for rate in (0.5, 0.93, 1.0, 1.07, 2.0):
            process = self.start(rate)
            before = process.seconds()
            process.callLater(3, self.made.append, "made")
            self.timeline.advance(3 / rate - SOON)
            self.expect()
            self.timeline.advance(2 * SOON)
            self.expect("made")
            self.assertApproximates(process.seconds() - before, 3 + SOON * rate, 1e-9)

    def test_loopingCall(self) -> None:
        """
        A looping call is made as often as its clock says, whatever the rate, neither twice at one time nor too rarely.
        """
        for rate in (0.93, 0.999, 1.0, 1.01, 1.07):
            for interval in (0.0125, 0.1, 1 / 3, 1.0):
                process = self.start(rate)
                times: list[float] = []
                loop = LoopingCall(lambda process=process, times=times: times.append(process.seconds()))
                loop.clock = process
                loop.start(interval, now=False)
                self.timeline.advance(300.5 * interval / rate)
                loop.stop()
                self.assertEqual(len(times), 300, f"rate {rate}, interval {interval}")
                self.assertTrue(all(later - earlier > interval / 2 for earlier, later in pairwise(times)))

    def test_noTimeAtAll(self) -> None:
        """
        Who always wants to be called at once does not keep time from going on.
        """

        def again() -> None:
            self.process.callLater(0, again)

        again()
        self.process.callLater(SOON, self.made.append, "made")
        self.timeline.advance(2 * SOON)
        self.expect("made")

    def test_order(self) -> None:
        """
        Calls are made when they are due; for the same time, in the order in which they were asked for.
        """
        for delay in (2, 1, 0, 1, 2, 0):
            self.process.callLater(delay, self.made.append, f"{delay}.{len(self.timeline.calls)}")
        self.expect()
        self.timeline.advance(3)
        self.expect("0.2", "0.5", "1.1", "1.3", "2.0", "2.4")

    def test_cancel(self) -> None:
        """
        A call that is cancelled is not made, and cannot be cancelled again.
        """
        call = self.process.callLater(1, self.made.append, "made")
        call.cancel()
        self.timeline.advance(2)
        self.expect()
        self.assertRaises(AlreadyCancelled, call.cancel)

    def test_reset(self) -> None:
        """
        A call can be brought forward and put off, and is made once.
        """
        forward = self.process.callLater(3, self.made.append, "forward")
        off = self.process.callLater(3, self.made.append, "off")
        forward.reset(1)
        off.delay(1)
        self.timeline.advance(1 + SOON)
        self.expect("forward")
        self.timeline.advance(2)
        self.expect()
        self.timeline.advance(1)
        self.expect("off")
        self.timeline.advance(5)
        self.expect()
        self.assertRaises(AlreadyCalled, off.reset, 1)

    def test_keptUp(self) -> None:
        """
        A call that is put off again and again, as one that waits for a sign of life, is made when that stops.
        """
        call = self.process.callLater(1, self.made.append, "silence")
        for _ in range(5):
            self.timeline.advance(0.9)
            call.reset(1)
        self.expect()
        self.timeline.advance(1 + SOON)
        self.expect("silence")

    def test_delayedCalls(self) -> None:
        """
        It tells the calls of its own that wait, each once, however often they were put off or moved forward.
        """
        self.start().callLater(1, self.made.append, "another's")
        call, cancelled = (self.process.callLater(delay, self.made.append, "made") for delay in (3, 1))
        for delay in (1, 5, 2):
            call.reset(delay)
        cancelled.cancel()
        self.assertEqual(self.process.getDelayedCalls(), [call])
        self.timeline.advance(2 + SOON)
        self.assertEqual(self.process.getDelayedCalls(), [])

    def test_past(self) -> None:
        """
        Nothing can be asked for in the past.
        """
        self.assertRaises(AssertionError, self.process.callLater, -0.1, self.made.append, "never")

    def test_whenRunning(self) -> None:
        """
        It is running.
        """
        self.process.callWhenRunning(self.made.append, "made")
        self.timeline.advance(SOON)
        self.expect("made")


class PauseTests(ProcessCase):
    """
    Tests for a process that stands still for a while.
    """

    def test_missed(self) -> None:
        """
        What is due meanwhile happens at once when it goes on, in order; what is due later, when it is due.
        """
        for delay in (2, 1, 5):
            self.process.callLater(delay, self.made.append, f"{delay}")
        self.process.pause()
        self.timeline.advance(3)
        self.expect()
        self.process.resume()
        self.expect("1", "2")
        self.timeline.advance(2 + SOON)
        self.expect("5")

    def test_timeGoesOn(self) -> None:
        """
        Its clock does not stand still.
        """
        before = self.process.seconds()
        self.process.pause()
        self.timeline.advance(3)
        self.assertApproximates(self.process.seconds(), before + 3, 1e-9)

    def test_perform(self) -> None:
        """
        What happens to it from outside waits too, and keeps its place among what is due.
        """
        self.process.callLater(1, self.made.append, "before")
        self.process.callLater(3, self.made.append, "after")
        self.process.pause()
        self.timeline.advance(2)
        self.process.perform(self.made.append, "between")
        self.timeline.advance(2)
        self.process.resume()
        self.expect("before", "between", "after")

    def test_cancelledMeanwhile(self) -> None:
        """
        A missed call that an earlier one cancels is not made.
        """
        self.process.callLater(1, lambda: later.cancel())
        later = self.process.callLater(2, self.made.append, "later")
        self.process.pause()
        self.timeline.advance(3)
        self.process.resume()
        self.timeline.advance(3)
        self.expect()

    def test_putOffMeanwhile(self) -> None:
        """
        A missed call that an earlier one puts off is made when it is due then.
        """
        self.process.callLater(1, lambda: later.reset(2))
        later = self.process.callLater(2, self.made.append, "later")
        self.process.pause()
        self.timeline.advance(3)
        self.process.resume()
        self.timeline.advance(2 - SOON)
        self.expect()
        self.timeline.advance(2 * SOON)
        self.expect("later")

    def test_pausedAgain(self) -> None:
        """
        If it is paused again while it catches up, the rest waits on.
        """
        self.process.callLater(1, self.process.pause)
        self.process.callLater(2, self.made.append, "rest")
        self.process.pause()
        self.timeline.advance(3)
        self.process.resume()
        self.expect()
        self.process.resume()
        self.expect("rest")

    def test_loopingCall(self) -> None:
        """
        A looping call makes up for nothing, and goes on at the old beat.
        """
        loop = LoopingCall(lambda: self.made.append(f"{self.timeline.seconds() - 100:.2f}"))
        loop.clock = self.process
        loop.start(1.0, now=False)
        self.timeline.advance(1.25)
        self.process.pause()
        self.timeline.advance(3.5)
        self.process.resume()
        self.timeline.advance(2)
        self.expect("1.00", "4.75", "5.00", "6.00")


class EndTests(ProcessCase):
    """
    Tests for the end of a process.
    """

    def test_end(self) -> None:
        """
        When it has ended, nothing happens in it any more.
        """
        self.process.callLater(1, self.made.append, "call")
        self.process.end()
        self.process.perform(self.made.append, "performed")
        self.process.callLater(1, self.made.append, "asked for later")
        self.timeline.advance(3)
        self.expect()
        self.assertFalse(self.process.alive)

    def test_endedWhilePaused(self) -> None:
        """
        What it has missed does not happen either.
        """
        self.process.pause()
        self.process.perform(self.made.append, "missed")
        self.process.end()
        self.process.perform(self.made.append, "later")
        self.process.resume()
        self.expect()

    def test_endedFromWithin(self) -> None:
        """
        It may end while it catches up.
        """
        self.process.pause()
        self.process.perform(self.process.end)
        self.process.perform(self.made.append, "missed")
        self.process.resume()
        self.expect()

    def test_stop(self) -> None:
        """
        Who stops the reactor is not interrupted by that.
        """
        self.process.stop()
        self.assertEqual(self.stops, 0)
        self.timeline.advance(SOON)
        self.assertEqual(self.stops, 1)


class ActorTests(ProcessCase):
    """
    Tests for whose doing something is.
    """

    def test_actor(self) -> None:
        """
        While something happens in a process, its host is at work, also within what happens in another one.
        """
        other = Process(self.timeline, self.network, "other")

        def act() -> None:
            other.perform(lambda: self.made.append(self.timeline.actor))
            self.made.append(self.timeline.actor)

        self.process.callLater(1, act)
        self.timeline.advance(2)
        self.expect("other", "host")
        self.assertEqual(self.timeline.actor, "")

    def test_error(self) -> None:
        """
        What is raised in it comes out, and then nobody is at work.
        """
        self.assertRaises(ZeroDivisionError, self.process.perform, lambda: 1 // 0)
        self.assertEqual(self.timeline.actor, "")
