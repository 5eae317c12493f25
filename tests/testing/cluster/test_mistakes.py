"""
Tests for servers that take what another one says for impossible.
"""

from __future__ import annotations

from replkv.testing.outcome import Violation
from tests.testing.cluster.clusters import ClusterCase


class MistakeTests(ClusterCase):
    """
    Tests for L{watchMistakes<replkv.testing.cluster.mistakes.watchMistakes>}.
    """

    def setUp(self) -> None:
        """
        All is well.
        """
        super().setUp()
        self.put(b"k", b"value")
        self.server = self.follower()

    def test_listener(self) -> None:
        """
        A server that does not believe what another one asks is a finding; one that does not believe a stranger is none.
        """
        peers = self.server.service.assembly.peers
        peers.mistaken(None, "a stranger")
        self.cluster.check()
        other = (self.server.id + 1) % 3
        peers.mistaken(other, "what it says")
        message = f"server {self.server.id} does not believe server {other}: what it says"
        self.assertEqual(str(self.assertRaises(Violation, self.cluster.check)), message)

    def test_link(self) -> None:
        """
        So is one that does not believe what another one answers.
        """
        self.server.service.assembly.links[(self.server.id + 1) % 3].mistake("what it answers")
        self.assertIn("does not believe", str(self.assertRaises(Violation, self.cluster.check)))

    def test_forgetful(self) -> None:
        """
        A server that has forgotten what it had promised may say what it likes.
        """
        other = self.cluster.servers[(self.server.id + 1) % 3]
        other.hasForgotten = True
        self.server.service.assembly.peers.mistaken(other.id, "what it says")
        self.cluster.check()
