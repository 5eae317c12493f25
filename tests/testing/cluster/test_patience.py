"""
Tests for the watch on commands that wait until their time is up.
"""

from __future__ import annotations

from unittest import mock

from replkv.client.errors import ClientError
from replkv.node.pending import Proposals
from replkv.testing import rare
from replkv.testing.outcome import Violation
from tests.testing.cluster.clusters import ClusterCase


class PatienceTests(ClusterCase):
    """
    Tests for L{watchPatience<replkv.testing.cluster.patience.watchPatience>}.
    """

    def setUp(self) -> None:
        """
        A leader is cut off from the others, and has taken a write.
        """
        super().setUp()
        self.put(b"k", b"v")
        leader = self.cluster.leader()
        self.cluster.partition([leader.id], {0, 1, 2} - {leader.id})
        self.write = self.client.set(b"k", b"w")
        self.cluster.run(0.1)

    def test_deposed(self) -> None:
        """
        A leader that finds that it leads no longer does not let its clients wait.
        """
        self.cluster.run(1.0)
        self.cluster.heal()
        self.failureResultOf(self.write, ClientError)
        self.cluster.run(6.0)
        self.assertEqual(self.cluster.rare[rare.TIMED_OUT], 0)

    def test_lets(self) -> None:
        """
        One that does is found soon.
        """
        with mock.patch.object(Proposals, "abandon", lambda proposals, commitIndex: proposals._requests.clear()):
            self.cluster.run(1.0)
            self.cluster.heal()
            with self.assertRaisesRegex(Violation, "has let a set wait for 0.1.. s: server . leads, as it knows"):
                self.cluster.run(6.0)
