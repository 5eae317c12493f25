"""
Who has members come and go in a simulated cluster of cores.
"""

from __future__ import annotations

from contextlib import suppress

from replkv.raft.changes import CannotChange, added, named, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.core import NotLeader
from replkv.raft.member import Kind, Member
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.plan import MembersPlan
from replkv.testing.core.server import Server

_AWAY_SECONDS = 2.0


class Operator:
    """
    Asks whoever leads for a change, again and again: a server that is no member to be one, or one that is to be none,
    or to come with another data folder. There may be two of them, who know nothing of each other. It does what a leader
    does by itself, too: it names the folders of those who have come.
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
        Change nothing any more, but for what has to be done about those that have lost their folders.
        """
        self._isDone = True

    def _later(self) -> None:
        self._cluster.later(self._random.expovariate(1 / self._plan.pause), self._change)

    def _change(self) -> None:
        # Not always the right one: one that was deposed does not know it yet.
        leaders = [server for server in self._cluster.servers if server.leads and not server.isPaused]
        if leaders:
            leader = self._random.choice(leaders)
            leader.into(self._ask, leader)
        self._later()

    def _ask(self, leader: Server) -> None:
        raft, server = leader.raft, self._random.choice(self._cluster.servers)
        before = raft.state.configuration
        with suppress(CannotChange, NotLeader):
            change = self._due(before) or (None if self._isDone else self._next(before, server))
            if change is not None:
                raft.change(change)
                self._cluster.tell(leader.name, f"changes the members: {_told(change)}")

    def _due(self, before: Configuration) -> Configuration | None:
        """
        What has to be done, if anything.
        """
        for member in before.members:
            server = self._cluster.servers[member.id]
            if not self._cluster.isWhole(member):
                return replaced(before, member.id)
            if member.kind is not Kind.VOTER and not member.incarnation and server.isRunning:
                return named(before, member.id, server.folder, None)
        return None

    def _next(self, before: Configuration, server: Server) -> Configuration | None:
        """
        What is wanted; C{None} if it is nothing that the others could do without.
        """
        member = before.member(server.id)
        if member is None:
            return added(before, server.id, None)
        if member.kind is Kind.VOTER and not member.incarnation and self._random.random() < 0.3:
            return named(before, server.id, server.folder, None)
        if not self._cluster.quorums.canSpare(server.id):
            return None
        if self._random.random() < 0.6 or not self._mayRenew(server.id):
            return removed(before, server.id)
        self._cluster.happened(rare.WIPED)
        # One that leads is gone then, and the next leader hears of it.
        self._cluster.later(0, self._renew, server.id)
        return replaced(before, server.id) if self._random.random() < 0.5 else None

    def _mayRenew(self, server: int) -> bool:
        """
        Whether it is known with which folder a server is a member; and there were others in the beginning: it would be
        a cluster of its own otherwise.
        """
        found: list[Member | None] = [each.member(server) for each in self._cluster.quorums.inForce]
        isKnown = all(member is None or member.incarnation or member.kind is not Kind.VOTER for member in found)
        return isKnown and self._cluster.beginning.voters != (server,)

    def _renew(self, server: int) -> None:
        if self._mayRenew(server) and self._cluster.quorums.canSpare(server):
            self._cluster.renew(server)
            self._cluster.later(_AWAY_SECONDS * self._random.random(), self._cluster.restart, server)


def _told(configuration: Configuration) -> str:
    return ", ".join(
        f"{member.kind} {member.id}{'' if member.incarnation else '?'}" for member in configuration.members
    )
