"""
Tests of what the nemesis has in store.
"""

from __future__ import annotations

from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from tests.faults.faults import NETWORK_KINDS, PROCESS_KINDS
from tests.faults.nemesis import draw


class DrawTests(SynchronousTestCase):
    """
    Tests of L{draw}.
    """

    def test_sameSeed(self) -> None:
        """
        A seed stands for one schedule, and another for another.
        """
        self.assertEqual(draw(7, 5, 20.0), draw(7, 5, 20.0))
        self.assertNotEqual(draw(7, 5, 20.0), draw(8, 5, 20.0))

    def test_oneAtATime(self) -> None:
        """
        A fault begins when the one before it, of its sort, is over, and in the time that there is for faults.
        """
        for seed in range(50):
            schedule = draw(seed, 5, 20.0)
            for faults in (schedule.processes, schedule.network):
                for fault, following in pairwise(faults):
                    self.assertLess(fault.at + fault.lasts, following.at)
                self.assertLess(faults[-1].at, 20.0)

    def test_allKinds(self) -> None:
        """
        In a run that is not short, each kind of fault happens.
        """
        for seed in range(50):
            schedule = draw(seed, 5, 30.0)
            self.assertEqual({fault.kind for fault in schedule.processes}, set(PROCESS_KINDS))
            self.assertEqual({fault.kind for fault in schedule.network}, set(NETWORK_KINDS))

    def test_disksOfAMinority(self) -> None:
        """
        In one run, only a minority of disks ever fails.
        """
        for seed in range(50):
            for size in (3, 4, 5, 7):
                faults = [fault for fault in draw(seed, size, 60.0).processes if fault.kind == "full disk"]
                self.assertTrue(faults)
                self.assertLess(2 * len({fault.servers[0] for fault in faults}), size)
                self.assertFalse(any(fault.atLeader for fault in faults))
