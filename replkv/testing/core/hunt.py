"""
The fault that takes each new leader away soon after it was elected.
"""

from __future__ import annotations

from random import Random
from typing import Final

from replkv.testing.core.cluster import Cluster
from replkv.testing.core.conditions import Cut
from replkv.testing.core.network import Way
from replkv.testing.core.plan import TICK

_LOOK: Final = 0.01
"""
How many seconds there are between two looks for a leader.
"""


class Hunt:
    """
    Leaders that crash or are cut off so early, and come back before long, leave entries behind on a few disks each: of
    such are the conflicts made that the rules of the paper's section 5.4 are for.
    """

    def __init__(self, cluster: Cluster, random: Random) -> None:
        self._cluster = cluster
        self._random = random
        self._cut = Cut()
        self._term = 0
        self._down: list[int] = []
        self._apart: list[int] = []
        self._over = False
        self._look()

    def end(self) -> None:
        """
        Let leaders be.
        """
        self._over = True
        while self._down:
            self._restart(self._down[0])
        while self._apart:
            self._rejoin(self._apart[0])

    def _look(self) -> None:
        if self._over:
            return
        cluster, random = self._cluster, self._random
        leader = cluster.leader()
        gone = len(self._down) + len(self._apart)
        if leader is None or leader.raft.currentTerm <= self._term or 2 * gone >= len(cluster.servers):
            cluster.later(_LOOK, self._look)
        else:
            # Somewhere in the first exchanges of messages that it has.
            self._term = leader.raft.currentTerm
            cluster.later(random.uniform(0, 5) * cluster.plan.delay.most, self._take, leader.id)

    def _take(self, server: int) -> None:
        if self._over:
            return
        cluster, random = self._cluster, self._random
        seconds = random.uniform(0.2, 4) * cluster.plan.electionTicks * TICK
        if random.random() < 0.5 and cluster.servers[server].isRunning:
            self._down.append(server)
            cluster.crash(server)
            cluster.later(seconds, self._restart, server)
        elif server not in self._apart:
            self._apart.append(server)
            cluster.tell("hunt", f"server {server} is cut off")
            for way in self._ways(server):
                way.conditions.append(self._cut)
            cluster.later(seconds, self._rejoin, server)
        self._look()

    def _restart(self, server: int) -> None:
        if server in self._down:
            self._down.remove(server)
            self._cluster.restart(server)

    def _rejoin(self, server: int) -> None:
        if server in self._apart:
            self._apart.remove(server)
            self._cluster.tell("hunt", f"server {server} is back")
            for way in self._ways(server):
                way.conditions.remove(self._cut)

    def _ways(self, server: int) -> list[Way]:
        network = self._cluster.network
        return [*network.ways([server], None), *network.ways(None, [server])]
