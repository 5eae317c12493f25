"""
Tests for simulated time.
"""

from __future__ import annotations

from twisted.internet.error import AlreadyCalled
from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.timeline import Timeline


class TimelineTests(SynchronousTestCase):
    """
    Tests for L{Timeline}.
    """

    def setUp(self) -> None:
        """
        Begin at 0.
        """
        self.timeline = Timeline()
        self.made: list[tuple[str, float]] = []

    def call(self, name: str) -> None:
        """
        Write down what is called, and when.
        """
        self.made.append((name, self.timeline.seconds()))

    def test_ownTimes(self) -> None:
        """
        Each call is made at its own time, whoever asked first, and however far time goes at once.
        """
        self.timeline.callLater(3, self.call, "c")
        self.timeline.callLater(1, self.call, "a")
        self.timeline.callLater(2.5, self.call, "b")
        self.timeline.advance(10)
        self.assertEqual(self.made, [("a", 1.0), ("b", 2.5), ("c", 3.0)])
        self.assertEqual(self.timeline.seconds(), 10)

    def test_equalTimes(self) -> None:
        """
        Calls for the same time are made in the order in which they were asked for, also if another call asks.
        """
        self.timeline.callLater(1, lambda: self.timeline.callLater(0, self.call, "from within"))
        for name in "abcdefgh":
            self.timeline.callLater(1, self.call, name)
        self.timeline.advance(1)
        self.assertEqual([name for name, _ in self.made], [*"abcdefgh", "from within"])

    def test_step(self) -> None:
        """
        A step goes on to the next call and makes it, and no other.
        """
        self.timeline.callLater(1, self.call, "a")
        self.timeline.callLater(1, self.call, "b")
        self.assertEqual(self.timeline.next, 1)
        self.timeline.step()
        self.assertEqual(self.made, [("a", 1.0)])
        self.timeline.step()
        self.assertEqual(self.made, [("a", 1.0), ("b", 1.0)])
        self.assertIsNone(self.timeline.next)
        self.assertRaises(AssertionError, self.timeline.step)

    def test_advance(self) -> None:
        """
        What is due at the end of the time that passes is done, what is due later is not.
        """
        self.timeline.callLater(1, self.call, "at the end")
        self.timeline.callLater(1.001, self.call, "later")
        self.timeline.advance(0.5)
        self.assertEqual((self.made, self.timeline.seconds()), ([], 0.5))
        self.timeline.advance(0.5)
        self.assertEqual(self.made, [("at the end", 1.0)])

    def test_askedOnTheWay(self) -> None:
        """
        A call that is asked for while time passes is made when it is due, if that is within the time.
        """
        self.timeline.callLater(1, lambda: self.timeline.callLater(1, self.call, "within"))
        self.timeline.callLater(2, lambda: self.timeline.callLater(2, self.call, "after"))
        self.timeline.advance(3)
        self.assertEqual(self.made, [("within", 2.0)])

    def test_cancel(self) -> None:
        """
        A call that is cancelled is not made, also if another call for the same time cancels it.
        """
        first = self.timeline.callLater(1, self.call, "first")
        self.timeline.callLater(2, lambda: second.cancel())
        second = self.timeline.callLater(2, self.call, "second")
        first.cancel()
        self.timeline.advance(5)
        self.assertEqual(self.made, [])
        self.assertFalse(second.active())

    def test_putOff(self) -> None:
        """
        A call that is put off is made later, once.
        """
        for name, putOff in (("reset", lambda call: call.reset(4)), ("delay", lambda call: call.delay(3))):
            call = self.timeline.callLater(1, self.call, name)
            putOff(call)
        self.timeline.callLater(2, self.call, "between")
        self.assertEqual(self.timeline.next, 2)
        self.timeline.advance(10)
        self.assertEqual(self.made, [("between", 2.0), ("reset", 4.0), ("delay", 4.0)])

    def test_putOffAgain(self) -> None:
        """
        A call that is put off again and again is not made before its last time.
        """
        call = self.timeline.callLater(1, self.call, "at last")
        for _ in range(5):
            call.reset(1)
            self.timeline.advance(0.75)
        self.assertEqual(self.made, [])
        self.timeline.advance(0.25)
        self.assertEqual(self.made, [("at last", 4.0)])

    def test_broughtForward(self) -> None:
        """
        A call that is brought forward is made earlier, once.
        """
        call = self.timeline.callLater(5, self.call, "forward")
        self.timeline.callLater(2, self.call, "other")
        call.reset(1)
        self.timeline.advance(10)
        self.assertEqual(self.made, [("forward", 1.0), ("other", 2.0)])

    def test_putOffAndBroughtForward(self) -> None:
        """
        A call that was put off can be brought forward again, before its first time or not.
        """
        call = self.timeline.callLater(2, self.call, "a")
        call.delay(3)
        call.delay(-4)
        other = self.timeline.callLater(2, self.call, "b")
        other.reset(5)
        other.reset(3)
        self.timeline.advance(10)
        self.assertEqual(self.made, [("a", 1.0), ("b", 3.0)])

    def test_made(self) -> None:
        """
        A call that was made, or is being made, cannot be cancelled or put off.
        """

        def check() -> None:
            self.assertRaises(AlreadyCalled, call.cancel)
            self.call("check")

        call = self.timeline.callLater(1, check)
        self.timeline.advance(1)
        self.assertEqual(self.made, [("check", 1.0)])
        self.assertRaises(AlreadyCalled, call.reset, 1)

    def test_error(self) -> None:
        """
        What a call raises comes out; the call has been made, and time can go on.
        """
        self.timeline.callLater(1, lambda: 1 // 0)
        self.timeline.callLater(1, self.call, "next")
        self.assertRaises(ZeroDivisionError, self.timeline.advance, 2)
        self.timeline.advance(1)
        self.assertEqual(self.made, [("next", 1.0)])

    def test_past(self) -> None:
        """
        Nothing can be asked for in the past.
        """
        self.assertRaises(AssertionError, self.timeline.callLater, -0.1, self.call, "never")
