"""
What can happen to a server's data folder: it is wiped, or an older copy is put back.

Only where all others have met what the server forgets is that a fault which the cluster must stand: who has met only
the copy cannot tell it from what was never lost (see L{replkv.lives}).
"""

from __future__ import annotations

from replkv.testing import rare
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.durable import Copy
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.faults import Fault, Undo


def wipe(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped, its data folder is wiped, and it is started again.
    """
    server = _frail(servers)
    if server is None or not _isMet(cluster, server):
        return None
    server.kill()

    def end() -> None:
        if server.isIntact:
            cluster.rare[rare.WIPED] += 1
            _lose(cluster, server, None)
        server.revive()

    return end


def putBack(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped, its data folder is copied, and it is started again; later the copy is put back.
    """
    server = _frail(servers)
    if server is None:
        return None
    server.kill()
    copy = server.copy()
    server.revive()

    def end() -> None:
        if server.isIntact and _isMet(cluster, server):
            cluster.rare[rare.PUT_BACK] += 1
            _lose(cluster, server, copy)
        server.revive()

    return end


def _frail(servers: list[SimulatedServer]) -> SimulatedServer | None:
    """
    A server that runs, and may lose what it has.
    """
    return next((server for server in servers if server.isFrail and server.isServing and server.isIntact), None)


def _isMet(cluster: SimulatedCluster, server: SimulatedServer) -> bool:
    """
    Whether all others whose word counts have met the process that runs now, or ran last.
    """
    return all(
        other.met.knows(server.id, server.met.life)
        for other in cluster.servers
        if other is not server and other.isIntact
    )


def _lose(cluster: SimulatedCluster, server: SimulatedServer, copy: Copy | None) -> None:
    if server.isRunning:
        server.kill()
    server.lose(copy)
    # It is never well again: no leader is heard by it.
    cluster.health.trouble([server.id])
