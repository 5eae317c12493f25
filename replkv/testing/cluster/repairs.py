"""
Servers that end while their log is repaired.
"""

from __future__ import annotations

from replkv.testing import rare
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.server import SimulatedServer

_LOOK_SECONDS = 0.005

_LEADERLESS_SECONDS = 1.0


def interruptRepair(cluster: SimulatedCluster, server: SimulatedServer) -> None:
    """
    Kill a server that has a log which must be repaired, as soon as that has begun, and whoever leads with it. It is
    back at once, and is asked for its vote before there is a leader from whom it could get anything.
    """

    def look() -> None:
        if server.condemned or server.hasForgotten:
            return
        if not (server.isServing and server.raft.isRepairing):
            if server.rotten:
                cluster.timeline.callLater(_LOOK_SECONDS, look)
            return
        cluster.rare[rare.REPAIR_KILLED] += 1
        for other in [other for other in cluster.servers if other is not server and other.leads]:
            other.kill()
            cluster.timeline.callLater(_LEADERLESS_SECONDS, other.revive)
        server.kill()
        cluster.timeline.callLater(_LOOK_SECONDS, server.revive)

    cluster.timeline.callLater(_LOOK_SECONDS, look)
