"""
What can go wrong with processes and machines.
"""

from __future__ import annotations

from typing import Final

from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.troubled import suspended
from replkv.testing.faults import Fault, Undo, nothing
from replkv.versions import VERSIONS

_YEAR: Final = 365 * 24 * 3600.0
_LOOK_SECONDS: Final = 0.0005


def kill(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A process is killed.
    """
    server = servers[0]
    if not server.isRunning:
        return None
    server.kill()
    return server.revive


def powerLoss(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A host loses its power.
    """
    server = servers[0]
    if not server.isRunning:
        return None
    server.losePower()
    return server.revive


def powerLossWhileWriting(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A host loses its power just when it writes to its disk.
    """
    server = servers[0]
    waiting = True

    def look() -> None:
        if waiting and server.isRunning and server.isWriting:
            server.losePower()
        elif waiting:
            cluster.timeline.callLater(_LOOK_SECONDS, look)

    def end() -> None:
        nonlocal waiting
        waiting = False
        server.revive()

    look()
    return end


def powerLossOfAll(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    All hosts lose their power at once.
    """
    running = [server for server in servers if server.isRunning]
    for server in running:
        server.losePower()
    # They do not come back all at once.
    for position, server in enumerate(running):
        cluster.timeline.callLater(fault.lasts * position / len(running), server.revive)

    def reviveAll() -> None:
        for server in running:
            server.revive()

    return reviveAll if running else None


def restart(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped in order, and started again.
    """
    server = servers[0]
    if not server.isRunning:
        return None
    server.stop()

    def again() -> None:
        if server.isRunning:
            cluster.timeline.callLater(_LOOK_SECONDS, again)
        else:
            server.revive()

    return again


def handOver(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    Whoever leads is to hand over: to any other server, or to a certain one, which may lead itself, or be down.
    """
    leader = next((server for server in servers if server.leads and not server.isPaused), None)
    if leader is None:
        return None
    among = servers if fault.amount < 0.5 else servers[:1]
    leader.handOver([server.id for server in cluster.servers if server not in among])
    return nothing


def upgrade(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped in order, if it runs, and is started again as one that speaks all versions that there are.
    """
    servers[0].versions = VERSIONS
    return restart(cluster, servers, fault) or nothing


def pause(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A process stands still.
    """
    server = servers[0]
    if not server.isRunning:
        return None
    server.pause()
    return server.resume


def suspend(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A machine is suspended, or all of them are.
    """
    running = [server for server in suspended(servers, fault) if server.isRunning]
    for server in running:
        server.suspend()

    def wake() -> None:
        for server in running:
            server.resume()

    return wake if running else None


def clockJump(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A wall clock jumps.
    """
    wrongs = (0.0, 3.0, -3.0, 3600.0, -3600.0, _YEAR, -_YEAR)
    servers[0].resetClock(wrongs[int(fault.amount * len(wrongs))])
    return nothing
