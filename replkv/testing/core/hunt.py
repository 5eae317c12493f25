"""
The fault that crashes each new leader soon after it was elected.
"""

from __future__ import annotations

from random import Random
from typing import Final

from replkv.testing.core.cluster import Cluster
from replkv.testing.core.plan import TICK

_LOOK: Final = 0.01
"""
How many seconds there are between two looks for a leader.
"""


class Hunt:
    """
    Leaders that are lost so early, and come back before long, leave entries behind on a few disks each: of such are the
    conflicts made that the rules of the paper's section 5.4 are for.
    """

    def __init__(self, cluster: Cluster, random: Random) -> None:
        self._cluster = cluster
        self._random = random
        self._term = 0
        self._down: list[int] = []
        self._over = False
        self._look()

    def end(self) -> None:
        """
        Let leaders be.
        """
        self._over = True
        while self._down:
            self._restart(self._down[0])

    def _look(self) -> None:
        if self._over:
            return
        cluster, random = self._cluster, self._random
        leader = cluster.leader()
        if leader is None or leader.raft.currentTerm <= self._term or 2 * len(self._down) >= len(cluster.servers):
            cluster.later(_LOOK, self._look)
        else:
            # Somewhere in the first exchanges of messages that it has.
            self._term = leader.raft.currentTerm
            cluster.later(random.uniform(0, 5) * cluster.plan.delay[1], self._crash, leader.id)

    def _crash(self, server: int) -> None:
        if self._over:
            return
        if self._cluster.servers[server].isRunning:
            self._down.append(server)
            self._cluster.crash(server)
            seconds = self._random.uniform(0.2, 4) * self._cluster.plan.electionTicks * TICK
            self._cluster.later(seconds, self._restart, server)
        self._look()

    def _restart(self, server: int) -> None:
        if server in self._down:
            self._down.remove(server)
            self._cluster.restart(server)
