"""
Tests for the faults that a user can have in a cluster.
"""

from __future__ import annotations

from math import inf
from random import Random

from replkv.testing import KINDS, disturb
from replkv.testing.cluster.faults import Faults
from replkv.testing.faults import SELDOM, Fault
from replkv.testing.health import Health, Settling
from replkv.testing.span import Span
from tests.testing.cluster.clusters import ClusterCase


class DisturbTests(ClusterCase):
    """
    Tests for L{disturb}.
    """

    def test_disturb(self) -> None:
        """
        Things go wrong, and the cluster is well again when all is mended.
        """
        self.put(b"k", b"value")
        faults = disturb(self.cluster, 5.0)
        self.cluster.run(6)
        self.assertGreater(faults.injected.total(), 0)
        self.assertLessEqual(set(faults.injected), set(KINDS))
        faults.mend()
        for server in self.cluster.servers:
            server.revive()
        self.cluster.leader()
        self.expect(b"k", b"value")

    def test_kinds(self) -> None:
        """
        Only that goes wrong that may.
        """
        faults = disturb(self.cluster, 10.0, ["pause", "kill"])
        self.cluster.run(11)
        self.assertGreater(faults.injected.total(), 0)
        self.assertLessEqual(set(faults.injected), {"pause", "kill"})

    def test_seldom(self) -> None:
        """
        What few seeds have can be asked for.
        """
        self.cluster.servers[0].isFrail = True
        faults = disturb(self.cluster, 20.0, SELDOM)
        self.cluster.run(21)
        self.assertLessEqual(set(faults.injected), SELDOM)
        self.assertGreater(faults.injected.total(), 0)

    def test_mended(self) -> None:
        """
        When all was mended, nothing goes wrong any more.
        """
        faults = disturb(self.cluster, 8.0, ["pause", "kill"])
        self.cluster.until(lambda: faults.injected, "something goes wrong")
        faults.mend()
        before = dict(faults.injected)
        self.cluster.run(9)
        self.assertEqual(dict(faults.injected), before)

    def test_overlapping(self) -> None:
        """
        Of two things that went wrong in the same place, the end of one does not end the other; and when both are over,
        all is as it was.
        """
        pace, network = self.cluster.servers[0].pace, self.cluster.network
        ends = [pace.slow(Span(1.0, 1.0)), pace.slow(Span(2.0, 2.0)), pace.hang(), pace.hang()]
        network.slow("server0", "server1", 1.0)
        network.slow("server0", "server1", 2.0)
        ends[0]()
        ends[2]()
        network.unslow("server0", "server1", 1.0)
        self.assertEqual((pace.draw(Random(1)), pace.hangs), (2.0, True))
        self.assertGreater(network.delay("server0", "server1"), 2.0)
        ends[1]()
        ends[3]()
        network.unslow("server0", "server1", 2.0)
        self.assertFalse(pace.hangs)
        self.assertLessEqual(pace.draw(Random(1)), pace.seconds.most)
        self.assertLessEqual(network.delay("server0", "server1"), network.latency.most)

    def test_troubles(self) -> None:
        """
        The cluster knows whom a fault troubles, and for how long: one part of a partition, here two of three, so that
        nobody has a majority; one server of most others; and none where that is nothing to the others.
        """
        for kind, well in (
            ("partition", [None, None, None]),
            ("pause", [None, -inf, -inf]),
            ("clock jump", [-inf] * 3),
        ):
            health = self.cluster.health = Health(3, self.cluster.timeline.seconds)
            health.settling = Settling(1.0, 1.0)
            undo = Faults(self.cluster, []).begin(Fault(0, kind, 0.0, 1.0, (0, 1, 2), False, 0.5))
            self.assertEqual([health.wellSince(server) for server in range(3)], well, kind)
            assert undo is not None
            self.cluster.run(1.0)
            undo()
            self.assertEqual(health.wellSince(0), -inf if kind == "clock jump" else self.cluster.timeline.seconds())

    def test_processes(self) -> None:
        """
        A server without a process is not well, nor is one that has just been started again.
        """
        health = self.cluster.health
        health.settling = Settling(1.0, 1.0)
        self.cluster.run(1.0)
        self.cluster.servers[0].kill()
        self.assertIsNone(health.wellSince(0))
        self.cluster.run(1.0)
        self.cluster.servers[0].start()
        self.assertEqual(health.wellSince(0), 2.0)

    def test_unknownKind(self) -> None:
        """
        A kind that is not known is refused at once.
        """
        refusal = self.assertRaises(ValueError, disturb, self.cluster, 1.0, ["kil"])
        self.assertIn("'kil'", str(refusal))
