"""
Tests for what servers hold when nobody uses them.
"""

from __future__ import annotations

from unittest import mock

from replkv.node.pending import Deadlines
from replkv.testing.cluster.rest import checkCounters, counters
from replkv.testing.outcome import Violation
from tests.testing.cluster.clusters import ClusterCase


class CountersTests(ClusterCase):
    """
    Tests for L{checkCounters}.
    """

    def test_rest(self) -> None:
        """
        Servers that were used, and are no longer, hold nothing; the leader knows each peer.
        """
        leader = self.cluster.leader()
        self.put(b"k", bytes(5000))
        self.client.close()
        checkCounters(self.cluster, 5.0)
        self.assertEqual(len(counters(leader.service.assembly)), 21)

    def test_follower(self) -> None:
        """
        A server that does not lead sends its peers nothing.
        """
        self.assertEqual(len(counters(self.follower().service.assembly)), 17)

    def test_dead(self) -> None:
        """
        A server that died, and is not started again, owes nothing.
        """
        leader, dead = self.cluster.leader(), self.follower()
        dead.condemned = True
        dead.kill()
        leader.service.assembly.links[dead.id]._due = 1
        self.client.close()
        checkCounters(self.cluster, 5.0)

    def test_connection(self) -> None:
        """
        A client that stays is found.
        """
        self.put(b"k", b"v")
        number = self.cluster.leader().id
        with self.assertRaisesRegex(Violation, f"server {number} holds connections of clients: 1$"):
            checkCounters(self.cluster, 1.0)

    def test_leak(self) -> None:
        """
        So are bytes that stay counted.
        """
        sweep = Deadlines.sweep

        def leak(deadlines: Deadlines, now: float) -> None:
            held = deadlines._bytes
            sweep(deadlines, now)
            deadlines._bytes = held

        with mock.patch.object(Deadlines, "sweep", leak):
            self.put(b"k", bytes(5000))
            self.client.close()
            with self.assertRaisesRegex(Violation, "holds their bytes: 5000$"):
                checkCounters(self.cluster, 1.0)
