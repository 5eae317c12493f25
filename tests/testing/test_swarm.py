"""
Tests for how faults are drawn, and how long things take.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.span import Span
from replkv.testing.swarm import drawFault, drawKinds, drawTimes


class SwarmTests(SynchronousTestCase):
    """
    Tests for L{replkv.testing.swarm}.
    """

    def test_kinds(self) -> None:
        """
        A seed has one kind at least, and six different ones at most.
        """
        counts = set()
        for seed in range(200):
            drawn = drawKinds(Random(seed), "abcdefgh")
            self.assertEqual(len(set(drawn)), len(drawn))
            counts.add(len(drawn))
        self.assertEqual(counts, set(range(1, 7)))
        self.assertEqual(drawKinds(Random(0), ["only"]), ["only"])

    def test_times(self) -> None:
        """
        Faults begin one after the other, none at once, and none after the end.
        """
        times = drawTimes(Random(0), 100, 3.0)
        self.assertEqual(times, sorted(times))
        self.assertTrue(all(0.2 <= time <= 3.0 for time in times))
        self.assertEqual(drawTimes(Random(0), 0, 3.0), [])

    def test_fault(self) -> None:
        """
        A fault is about all servers, in an order of its own, and now and then about the leader first.
        """
        faults = [drawFault(Random(seed), seed, "crash", 1.0, 2.0, 3, 0.7) for seed in range(200)]
        self.assertEqual({(fault.kind, fault.at, fault.lasts) for fault in faults}, {("crash", 1.0, 2.0)})
        self.assertEqual([fault.number for fault in faults], list(range(200)))
        self.assertEqual(len({fault.servers for fault in faults}), 6)
        self.assertTrue(100 < sum(fault.atLeader for fault in faults) < 180)
        self.assertTrue(all(0 <= fault.amount < 1 for fault in faults))


class SpanTests(SynchronousTestCase):
    """
    Tests for L{Span}.
    """

    def test_draw(self) -> None:
        """
        What is drawn lies within.
        """
        random = Random(0)
        self.assertTrue(all(1.0 <= Span(1.0, 2.0).draw(random) <= 2.0 for _ in range(100)))
        self.assertEqual(Span(0.25, 0.25).draw(random), 0.25)

    def test_words(self) -> None:
        """
        A reader of a story is told both ends.
        """
        self.assertEqual(str(Span(0.0005, 2)), "0.001 to 2.000 s")
