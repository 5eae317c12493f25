"""
A simulated cluster, for tests.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing import SimulatedCluster, SimulatedServer


class ClusterCase(SynchronousTestCase):
    """
    A cluster of three servers.
    """

    def setUp(self) -> None:
        """
        Start it.
        """
        self.cluster = SimulatedCluster(3, seed=7)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.client = self.cluster.client()

    def follower(self) -> SimulatedServer:
        """
        A server that does not lead.
        """
        leader = self.cluster.leader()
        return next(server for server in self.cluster.servers if server is not leader)

    def put(self, key: bytes, value: bytes) -> None:
        """
        Store a value.
        """
        self.cluster.result(self.client.set(key, value))

    def expect(self, key: bytes, value: bytes) -> None:
        """
        The cluster answers, and has this value.
        """
        self.assertEqual(self.cluster.result(self.client.get(key)), value)

    def converge(self) -> None:
        """
        All servers hold the same in the end.
        """
        servers = self.cluster.servers
        self.cluster.until(
            lambda: (
                all(server.isServing for server in servers) and len({server.store.digest for server in servers}) == 1
            ),
            "all servers hold the same",
        )
