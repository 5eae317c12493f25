"""
What the tests of a leading node begin with.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import replkv.service.recovery
from replkv.raft.config import RaftConfig
from replkv.raft.core import Raft
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


def fixedRaft(config: RaftConfig, random: Random, *arguments: Any) -> Raft:
    """
    A core that draws so.
    """
    return Raft(config, FixedTimeouts(config.id), *arguments)


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
        self.patch(replkv.service.recovery, "Raft", fixedRaft)
        cluster = Cluster(size, limits, wrong)
        self.addCleanup(cluster.close)
        return cluster
