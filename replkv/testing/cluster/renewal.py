"""
Servers that are given an empty data folder, while the cluster goes on.
"""

from __future__ import annotations

from dataclasses import replace

from replkv.config import Config
from replkv.raft.member import Kind
from replkv.raft.quorum import majority
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.server import SimulatedServer


def mayRenew(cluster: SimulatedCluster, server: SimulatedServer) -> bool:
    """
    Whether a server may be given an empty folder, and its cluster stand it:

      - the others can do without what it had, and know with which folder it is a member;
      - no other one is known to have forgotten what it promised only by those who have met it: who has an empty folder
        has met nobody;
      - servers with empty folders, and files that name the same, are no majority of those: they would be a cluster of
        their own.
    """
    isKnown = all(
        member is None or member.incarnation or member.kind is not Kind.VOTER
        for member in [configuration.member(server.id) for configuration in cluster.quorums.inForce]
    )
    areOthersKnown = not cluster.clones and not any(
        other.hasForgotten for other in cluster.servers if other is not server
    )
    return isKnown and areOthersKnown and cluster.quorums.canSpare(server.id) and _file(cluster, server) is not None


def renew(cluster: SimulatedCluster, server: SimulatedServer) -> None:
    """
    Stop a server, and give it an empty folder: L{mayRenew}.
    """
    file = _file(cluster, server)
    assert file is not None, f"server {server.id} would be a cluster of its own"
    if server.isRunning:
        server.kill()
    server.file = file
    server.renew()


def _file(cluster: SimulatedCluster, server: SimulatedServer) -> Config | None:
    """
    The file with which a server can begin anew: its own, or one that names all there are.
    """
    whole = replace(server.file, servers=tuple(other.config for other in cluster.servers))
    return next((file for file in (server.file, whole) if _isHarmless(cluster, server, file)), None)


def _isHarmless(cluster: SimulatedCluster, server: SimulatedServer, file: Config) -> bool:
    named = _named(file)
    others = [other for other in cluster.servers if other is not server and other.isFresh]
    return sum(_named(other.file) == named for other in others) + 1 < majority(len(named))


def _named(file: Config) -> set[int]:
    return {server.id for server in file.servers}
