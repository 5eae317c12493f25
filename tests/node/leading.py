"""
What the tests of a leading node begin with.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.service.limits import SERVER_LIMITS, ServerLimits
from tests.node.cluster import Client, Cluster


class LeaderTests(SynchronousTestCase):
    """
    What these tests begin with.
    """

    def setUp(self) -> None:
        """
        Begin with the usual limits.
        """
        self.begin(SERVER_LIMITS)

    def begin(self, limits: ServerLimits) -> None:
        """
        Server 0 of three leads.
        """
        self.cluster = Cluster(limits=limits)
        self.leader = self.cluster.leader()
        self.assertEqual(self.leader.id, 0)
        self.followers = self.cluster.servers[1:]
        self.client = Client(self.leader)
