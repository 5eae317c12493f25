"""
A server that runs twice: a copy of its data folder is started on another host while it runs itself, as where a virtual
machine was cloned.

Only where all others have met a process of the server that is not in the copy is that a fault which the cluster must
stand. Then it is the clone whom nobody lets in, and the server itself goes on as if there were none: see
L{replkv.lives}.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.durable import Copy
from replkv.testing.cluster.loss import copyOfStopped, frail, isMet
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.faults import Fault, Undo, nothing

_LOOK_SECONDS: Final = 0.05


class Clone(SimulatedServer):
    """
    The second one. Nobody may believe it anything; and whether it is well is nothing to the others.
    """

    def __init__(self, cluster: SimulatedCluster, server: SimulatedServer, copy: Copy, host: str) -> None:
        """
        @param copy: what it is made of.
        @param host: where it runs.
        """
        self._host = host
        super().__init__(cluster, replace(server.config, hostname=host), server.file)
        self.hasForgotten = True
        self.versions = server.versions
        self._replace(copy)

    def _troubles(self) -> Callable[[], None]:
        return nothing

    def _chance(self, *names: object) -> Random:
        return chance(self._cluster.seed, self._host, *names)


def runTwice(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped, its data folder is copied, and it is started again; then the copy is started too.
    """
    server = frail(cluster, servers)
    if server is None:
        return None
    copy = copyOfStopped(server)
    clone: Clone | None = None
    isOver = False

    def look() -> None:
        nonlocal clone
        if isOver:
            return
        if clone is not None:
            _check(cluster, clone)
        elif server.isIntact and isMet(cluster, server, copy):
            cluster.rare[rare.CLONED] += 1
            cluster.clones += 1
            clone = Clone(cluster, server, copy, f"clone{fault.number}")
            clone.start()
        cluster.timeline.callLater(_LOOK_SECONDS, look)

    def end() -> None:
        nonlocal isOver
        isOver = True
        if clone is not None:
            clone.condemned = True
            cluster.clones -= 1
            if clone.isRunning:
                clone.kill()
        server.revive()

    look()
    return end


def _check(cluster: SimulatedCluster, clone: Clone) -> None:
    """
    Nobody lets a clone in whose word counts.
    """
    for peer in clone.links if clone.isServing else ():
        if cluster.servers[peer].isIntact:
            cluster.fail(f"server {peer} lets in a clone of server {clone.id}")
