"""
Who has members come and go in a simulated cluster of cores.
"""

from __future__ import annotations

from contextlib import suppress

from replkv.raft.changes import CannotChange, added, named, removed
from replkv.raft.configuration import Configuration
from replkv.raft.core import NotLeader
from replkv.testing.chance import chance
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.plan import MembersPlan
from replkv.testing.core.pump import folderOf


class Operator:
    """
    Asks whoever leads for a change, again and again: a server that is no member to be one, or one that is to be none.
    There may be two of them, who know nothing of each other.
    """

    def __init__(self, cluster: Cluster, number: int, plan: MembersPlan) -> None:
        """
        @param number: which operator it is.
        """
        self._cluster = cluster
        self._plan = plan
        self._random = chance(cluster.seed, "operator", number)
        self._isDone = False
        self._later()

    def stop(self) -> None:
        """
        Change nothing any more.
        """
        self._isDone = True

    def _later(self) -> None:
        self._cluster.later(self._random.expovariate(1 / self._plan.pause), self._change)

    def _change(self) -> None:
        if self._isDone:
            return
        # Not always the right one: one that was deposed does not know it yet.
        leaders = [server for server in self._cluster.servers if server.leads and not server.isPaused]
        if leaders:
            leader = self._random.choice(leaders)
            leader.into(self._ask, leader.id)
        self._later()

    def _ask(self, leader: int) -> None:
        server = self._random.choice(self._cluster.servers).id
        raft = self._cluster.servers[leader].raft
        with suppress(CannotChange, NotLeader):
            change = self._next(raft.state.configuration, server)
            raft.change(change)
            what = "comes" if change.member(server) else "goes"
            self._cluster.tell(f"server {leader}", f"changes the members: server {server} {what}")

    def _next(self, configuration: Configuration, server: int) -> Configuration:
        if configuration.member(server) is None:
            return named(added(configuration, server, None), server, folderOf(server), None)
        return removed(configuration, server)
