"""
What the tests of expiry begin with.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import NotFound
from tests.frontends.asked import Asked
from tests.node.cluster import Client, Cluster, Server

NOT_FOUND = NotFound()


class ExpiryTests(SynchronousTestCase):
    """
    A cluster, and a client of its leader.
    """

    def setUp(self) -> None:
        """
        Server 0 of three leads.
        """
        self.begin()

    def begin(self, *wrong: float) -> None:
        """
        Begin with three servers.

        @param wrong: by how many seconds they are wrong about the time when they start.
        """
        self.cluster = Cluster()
        for server, seconds in zip(self.cluster.servers, wrong, strict=False):
            server.restart(seconds)
        self.leader = self.cluster.leader()
        self.followers = self.cluster.servers[1:]
        self.client = Client(self.leader)

    def get(self, server: Server) -> Asked:
        """
        Ask for the key by a connection of its own, and give the answer time.
        """
        request = Client(server).get(b"k")
        self.cluster.run(0.06)
        return request

    def failOver(self) -> Server:
        """
        The leader is cut off.

        @return: the next one.
        """
        self.cluster.apart = {0}
        leader = self.cluster.leader()
        self.assertIsNot(leader, self.leader)
        return leader
