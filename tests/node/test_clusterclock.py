"""
Tests for the cluster's time, as one server knows it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.logged import encodeClock
from replkv.node.clusterclock import SLEW, ClusterClock, bridged, largestStamp
from replkv.raft.entry import Entry
from replkv.storage.clockrecord import ClockRecord
from replkv.times import FAR_FUTURE
from tests.commands.logged import encodeDelete

NOW = 1_700_000_000_000
YEAR = 365 * 24 * 3600 * 1000


class ClusterClockTests(SynchronousTestCase):
    """
    Tests for L{ClusterClock}.
    """

    def setUp(self) -> None:
        """
        A boot clock that has begun anywhere.
        """
        self.boot = 12.3456
        self.clock = ClusterClock(lambda: self.boot, NOW)

    def follow(self, seconds: float, told: int) -> None:
        """
        Time passes, and then the leader tells its own.
        """
        self.boot += seconds
        self.clock.follow(told)

    def test_countsOn(self) -> None:
        """
        It goes on from where it began, by the boot clock.
        """
        self.assertEqual(self.clock.now(), NOW)
        self.boot += 1.5
        self.assertEqual(self.clock.now(), NOW + 1500)
        self.assertFalse(self.clock.isMeasured)

    def test_neverBack(self) -> None:
        """
        However the fractions of a millisecond fall, it does not go back, nor before where it began.
        """
        for step in range(1000):
            self.boot = 5 + step * 0.0003
            clock = ClusterClock(lambda: self.boot, 777)
            times = [clock.now()]
            for _ in range(5):
                self.boot += 0.0004
                times.append(clock.now())
            self.assertEqual(times, sorted(times))
            self.assertEqual(times[0], 777)

    def test_firstIsBelieved(self) -> None:
        """
        A server that has only guessed the time takes over what the leader tells, whether that is later or earlier.
        """
        for told in (NOW + YEAR, NOW - YEAR):
            self.setUp()
            self.follow(1, told)
            self.assertTrue(self.clock.isMeasured)
            self.assertEqual(self.clock.now(), told)
            self.boot += 2
            self.assertEqual(self.clock.now(), told + 2000)

    def test_forwardAtOnce(self) -> None:
        """
        Later on, it goes forward with the leader at once.
        """
        self.follow(1, NOW)
        self.follow(1, NOW + YEAR)
        self.assertEqual(self.clock.now(), NOW + YEAR)

    def test_staleMessages(self) -> None:
        """
        Messages that have waited for 20 s in a process that stood still, as it did in a suspend, set it back by a tenth
        of a second at the most, and the first that is fresh corrects that.
        """
        self.follow(1, NOW)
        for number in range(400):
            self.follow(20.0 if number == 0 else 0.0001, NOW + number * 50)
            self.assertGreaterEqual(self.clock.now(), NOW + 20_000 - 20_000 // SLEW - 1)
        self.assertLessEqual(self.clock.now(), NOW + 20_040)
        self.follow(0.0001, NOW + 20_041)
        self.assertEqual(self.clock.now(), NOW + 20_041)

    def test_delaysDoNotAddUp(self) -> None:
        """
        It is behind by what the fastest of the last messages took, and not by what each took.
        """
        self.follow(1, NOW)
        for number in range(1, 2001):
            # Every tenth message takes a millisecond, the others 30.
            self.boot += 0.05
            self.clock.follow(NOW + number * 50 - (1 if number % 10 == 0 else 30))
            if number >= 10:
                self.assertLessEqual(abs(self.clock.now() - (NOW + number * 50)), 5)

    def test_otherRate(self) -> None:
        """
        A boot clock that is fast or slow by one part in 1,000 does not matter, however long it lasts.
        """
        for rate in (1.001, 0.999):
            self.setUp()
            self.follow(0, NOW)
            for number in range(1, 20_001):
                self.follow(0.05 * rate, NOW + number * 50)
                self.assertLessEqual(abs(self.clock.now() - (NOW + number * 50)), 2)

    def test_learn(self) -> None:
        """
        A server that has only guessed the time has it from one that has measured it.
        """
        for told in (NOW + YEAR, NOW - YEAR):
            self.setUp()
            self.clock.learn(0, leads=False)
            self.assertEqual((self.clock.now(), self.clock.isMeasured), (NOW, False))
            self.clock.learn(told, leads=False)
            self.assertEqual((self.clock.now(), self.clock.isMeasured), (told, True))
            self.clock.learn(NOW, leads=False)
            self.assertEqual(self.clock.now(), told)

    def test_leaderLearns(self) -> None:
        """
        A leader that has only guessed the time goes forward, and not back: it has stamped entries.
        """
        self.clock.learn(NOW - 1, leads=True)
        self.assertEqual(self.clock.now(), NOW)
        self.setUp()
        self.clock.learn(NOW + YEAR, leads=True)
        self.assertEqual(self.clock.now(), NOW + YEAR)

    def test_countedOn(self) -> None:
        """
        One that knows how long it was down may tell the time, and believes at once what it is told all the same.
        """
        self.assertFalse(self.clock.isKnown)
        for tell in (ClusterClock.follow, lambda clock, time: clock.learn(time, leads=False)):
            clock = ClusterClock(lambda: self.boot, NOW, hasCountedOn=True)
            self.assertEqual((clock.isKnown, clock.isMeasured), (True, False))
            tell(clock, NOW - YEAR)
            self.assertEqual(clock.now(), NOW - YEAR)
            self.assertTrue(clock.isKnown)

    def test_reach(self) -> None:
        """
        It is not before a stamp that stands in the log.
        """
        self.clock.reach(NOW - 1)
        self.assertEqual(self.clock.now(), NOW)
        self.clock.reach(NOW + YEAR)
        self.assertEqual(self.clock.now(), NOW + YEAR)

    def test_farFuture(self) -> None:
        """
        After the last millisecond, none comes.
        """
        self.clock.reach(FAR_FUTURE)
        self.assertEqual(self.clock.now(), FAR_FUTURE)
        self.boot += 1
        self.assertEqual(self.clock.now(), FAR_FUTURE)


class BridgedTests(SynchronousTestCase):
    """
    Tests for L{bridged}.
    """

    RECORD = ClockRecord(NOW, 5000.0, 70.0, "a", True)

    def bridge(self, wallClock: float, bootTime: float, bootId: str = "a", stamp: int = 0) -> int:
        """
        What time it is after the record.
        """
        return bridged(self.RECORD, wallClock, bootTime, bootId, stamp)

    def test_newServer(self) -> None:
        """
        A server that has never run begins with the time of day.
        """
        self.assertEqual(bridged(None, 1_700_000_000.25, 70.0, "a", 0), 1_700_000_000_250)
        self.assertEqual(bridged(None, -5.0, 70.0, "a", 0), 0)

    def test_noRecord(self) -> None:
        """
        One that has run, and does not know when, goes on from its log.
        """
        self.assertEqual(bridged(None, 1_700_000_000.25, 70.0, "a", 42), 42)

    def test_sameBoot(self) -> None:
        """
        As long as the machine is up, its boot clock has counted on, and the time of day does not matter.
        """
        for wallClock in (5010.0, -1e9, 1e12):
            self.assertEqual(self.bridge(wallClock, 80.0), NOW + 10_000)

    def test_otherBoot(self) -> None:
        """
        After the machine was booted, the time of day tells how long it was down; but time does not go back.
        """
        self.assertEqual(self.bridge(5010.0, 80.0, "b"), NOW + 10_000)
        self.assertEqual(self.bridge(5010.0, 3.0, "b"), NOW + 10_000)
        self.assertEqual(self.bridge(1000.0, 80.0, "b"), NOW)

    def test_bootUnknown(self) -> None:
        """
        Where the system does not tell boots apart, none is taken for the same.
        """
        record = self.RECORD._replace(bootId="")
        self.assertEqual(bridged(record, 5010.0, 99.0, "", 0), NOW + 10_000)

    def test_stamp(self) -> None:
        """
        It is not before the last stamp in the log.
        """
        self.assertEqual(self.bridge(5010.0, 80.0, stamp=NOW + YEAR), NOW + YEAR)

    def test_farFuture(self) -> None:
        """
        Nor after the last millisecond.
        """
        self.assertEqual(self.bridge(1e18, 80.0, "b"), FAR_FUTURE)


class LargestStampTests(SynchronousTestCase):
    """
    Tests for L{largestStamp}.
    """

    def test_largest(self) -> None:
        """
        It may be applied, or be that of any entry after that; a no-op has none.
        """
        entries = [Entry(5, 1, encodeClock(30)), Entry(6, 1, encodeDelete(20, b"k")), Entry(7, 2, b"")]
        self.assertEqual(largestStamp(10, entries), 30)
        self.assertEqual(largestStamp(40, entries), 40)
        self.assertEqual(largestStamp(40, []), 40)
