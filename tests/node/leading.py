"""
What the tests of a leading node begin with.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.state import ServerState
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from tests.node.cluster import Client, Cluster


class FixedTimeouts(Random):
    """
    Draws election timeouts so that server 0 is the first to time out, and after it the one with the largest id.
    """

    def __init__(self, serverId: int) -> None:
        super().__init__(serverId)
        self._serverId = serverId

    def randint(self, a: int, b: int) -> int:
        """
        Draw one.
        """
        return b - 2 * self._serverId if self._serverId else a


class LeaderTests(SynchronousTestCase):
    """
    What these tests begin with.
    """

    def setUp(self) -> None:
        """
        Server 0 of three leads.
        """
        self.begin()

    def begin(self, limits: ServerLimits = SERVER_LIMITS, wrong: Iterable[float] = ()) -> None:
        """
        Begin with three servers.

        @param wrong: by how many seconds they are wrong about the time.
        """
        self.cluster = self.start(3, limits, wrong)
        self.leader = self.cluster.leader()
        self.assertEqual(self.leader.id, 0)
        self.followers = self.cluster.servers[1:]
        self.client = Client(self.leader)

    def start(self, size: int = 3, limits: ServerLimits = SERVER_LIMITS, wrong: Iterable[float] = ()) -> Cluster:
        """
        Start a cluster.
        """
        draw = ServerState.randomElectionTimeout

        def drawFixed(state: ServerState) -> int:
            state._random = FixedTimeouts(state.config.id)
            return draw(state)

        self.patch(ServerState, "randomElectionTimeout", drawFixed)
        cluster = Cluster(size, limits, wrong)
        self.addCleanup(cluster.close)
        return cluster
