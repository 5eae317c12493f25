"""
Two ends of a simulated connection, for tests.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.testing.cluster.hosts import Hosts


class EndCase(SynchronousTestCase):
    """
    Two hosts that are connected.
    """

    def setUp(self) -> None:
        """
        Connect them.
        """
        self.hosts = Hosts()
        self.near, self.far = self.hosts.connect()
