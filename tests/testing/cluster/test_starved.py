"""
Tests for simulated systems that have no descriptors left.
"""

from __future__ import annotations

from twisted.internet.defer import gatherResults

from replkv import exits
from replkv.client.errors import Unavailable
from replkv.testing import rare
from tests.testing.cluster.clusters import ClusterCase


class StarvedTests(ClusterCase):
    """
    Tests for L{Network.starve<replkv.testing.cluster.network.Network.starve>}.
    """

    def test_writesWait(self) -> None:
        """
        Where no server can begin the next segment of its log, none stops. What cannot be written is written when there
        are descriptors again.
        """
        self.put(b"k", b"v")
        for server in self.cluster.servers:
            self.cluster.network.starve(server.name)
        writes = gatherResults([self.client.set(b"%d" % number, bytes(2000)) for number in range(20)])
        self.cluster.run(1.0)
        self.assertNoResult(writes)
        self.assertTrue(all(server.isServing for server in self.cluster.servers))
        self.assertGreater(self.cluster.rare[rare.NO_DESCRIPTOR], 3)
        for server in self.cluster.servers:
            self.cluster.network.feed(server.name)
        self.cluster.result(writes)
        self.converge()

    def test_connections(self) -> None:
        """
        Nobody connects to a system without descriptors, nor does it to others; the connections that it has go on.
        """
        self.put(b"k", b"v")
        leader = self.cluster.leader()
        self.cluster.network.starve(leader.name)
        self.expect(b"k", b"v")
        other = self.cluster.client(timeout=1.0)
        self.assertRaises(Unavailable, self.cluster.result, other.get(b"k"))
        follower = self.follower()
        self.cluster.network.reset(leader.name, follower.name)
        self.cluster.run(1.0)
        self.assertFalse(leader.service.assembly.links[follower.id].isUp)
        self.assertFalse(follower.service.assembly.links[leader.id].isUp)
        self.cluster.network.feed(leader.name)
        self.cluster.until(lambda: leader.service.assembly.links[follower.id].isUp, "the servers meet again")

    def test_start(self) -> None:
        """
        A server that cannot even be started says that it is its system that lacks something, and comes up when it has
        it.
        """
        follower = self.follower()
        follower.kill()
        self.cluster.network.starve(follower.name)
        follower.start()
        self.assertEqual(follower.status, exits.SYSTEM)
        self.cluster.network.feed(follower.name)
        self.cluster.until(lambda: follower.isServing, "it serves")
