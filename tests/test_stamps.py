"""
Tests for the leader's time.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.stamps import LeaderClock

YEAR = 365 * 24 * 3600


class LeaderClockTests(SynchronousTestCase):
    """
    Tests for L{LeaderClock}.
    """

    def setUp(self) -> None:
        """
        The time of day, and a monotonic clock that has begun anywhere.
        """
        self.wall = 1_700_000_000.0
        self.monotonic = 12.3456

    def clock(self, largestStamp: int) -> LeaderClock:
        """
        Make the clock of a leader that is elected now.
        """
        return LeaderClock(lambda: self.wall, lambda: self.monotonic, largestStamp)

    def test_wallClock(self) -> None:
        """
        It begins with the time of day where the log has no later stamp, in milliseconds.
        """
        self.assertEqual(self.clock(0).now(), 1_700_000_000_000)
        self.assertEqual(self.clock(1_699_999_999_999).now(), 1_700_000_000_000)

    def test_largestStamp(self) -> None:
        """
        It never begins before the largest stamp of the log, however far behind the time of day is.
        """
        self.assertEqual(self.clock(1_700_000_000_001).now(), 1_700_000_000_001)
        stamp = (1_700_000_000 + YEAR) * 1000
        self.assertEqual(self.clock(stamp).now(), stamp)

    def test_monotonic(self) -> None:
        """
        It goes on by the monotonic clock alone, at its rate, wherever the time of day is set to.
        """
        for stamp in (0, (1_700_000_000 + YEAR) * 1000):
            clock = self.clock(stamp)
            began = clock.now()
            self.monotonic += 1.5
            self.wall -= YEAR
            self.assertEqual(clock.now(), began + 1500)
            self.wall += 3 * YEAR
            self.assertEqual(clock.now(), began + 1500)
            self.wall -= 2 * YEAR

    def test_neverBack(self) -> None:
        """
        However the fractions of a millisecond fall, it does not go back, nor before where it began.
        """
        for step in range(1000):
            self.monotonic = 5 + step * 0.0003
            clock = self.clock(1_700_000_000_777)
            times = [clock.now()]
            for _ in range(5):
                self.monotonic += 0.0004
                times.append(clock.now())
            self.assertEqual(times, sorted(times))
            self.assertEqual(times[0], 1_700_000_000_777)
