"""
Tests for L{replkv.bench.load} and L{replkv.bench.schedule}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.load import Load, Mix
from replkv.bench.schedule import Schedule


class ScheduleTests(SynchronousTestCase):
    """
    Tests for L{Schedule}.
    """

    def test_due(self) -> None:
        """
        Commands are due evenly spread, whenever they are taken.
        """
        schedule = Schedule(100.0, 4.0)
        self.assertEqual(schedule.next(), 100.0)
        self.assertEqual([schedule.take() for _ in range(3)], [100.0, 100.25, 100.5])
        self.assertEqual(schedule.next(), 100.75)

    def test_missed(self) -> None:
        """
        What is due before the end and was not taken is missed; what is due at the end is not.
        """
        schedule = Schedule(100.0, 4.0)
        self.assertEqual(schedule.missed(101.0), 4)
        schedule.take()
        self.assertEqual(schedule.missed(101.0), 3)
        self.assertEqual(schedule.missed(101.1), 4)
        self.assertEqual(schedule.missed(100.1), 0)
        self.assertEqual(schedule.missed(99.0), 0)


class PartTests(SynchronousTestCase):
    """
    Tests for L{Load.part}.
    """

    def test_clients(self) -> None:
        """
        The clients are shared out, none is left, and the rest is the same for all.
        """
        load = Load(clients=8, depth=3, seconds=2.0)
        parts = [load.part(number, 3) for number in range(3)]
        self.assertEqual([part.clients for part in parts], [3, 3, 2])
        self.assertEqual({(part.depth, part.seconds, part.rate) for part in parts}, {(3, 2.0, None)})
        self.assertIsNone(parts[0].schedule(1.0))

    def test_rate(self) -> None:
        """
        Together, the parts have as much due as the whole, and at the same moments.
        """
        load = Load(clients=9, rate=4.0)
        schedules = [load.part(number, 3).schedule(10.0) for number in range(3)]
        taken = sorted(schedule.take() for schedule in schedules for _ in range(2) if schedule is not None)
        for due, expected in zip(taken, [10.0, 10.25, 10.5, 10.75, 11.0, 11.25], strict=True):
            self.assertAlmostEqual(due, expected)


class MixTests(SynchronousTestCase):
    """
    Tests for L{Mix}.
    """

    def test_key(self) -> None:
        """
        All keys are of the same length.
        """
        mix = Mix(prefix=b"app/")
        self.assertEqual([mix.key(7), mix.key(9_999_999)], [b"app/0000000007", b"app/0009999999"])
