"""
Tests for the faults that a user can have in a cluster.
"""

from __future__ import annotations

from replkv.testing import KINDS, disturb
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

    def test_mended(self) -> None:
        """
        When all was mended, nothing goes wrong any more.
        """
        faults = disturb(self.cluster, 30.0, ["pause", "kill"])
        self.cluster.until(lambda: faults.injected, "something goes wrong")
        faults.mend()
        before = dict(faults.injected)
        self.cluster.run(31)
        self.assertEqual(dict(faults.injected), before)
