"""
What can go wrong with disks, and with what else a system has.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.loss import frail, mayRot
from replkv.testing.cluster.machine import EMPTY, NEARLY_FULL_ROOM
from replkv.testing.cluster.repairs import interruptRepair
from replkv.testing.cluster.rot import rotLog
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.troubled import filling, starved
from replkv.testing.faults import Fault, Undo, nothing
from replkv.testing.span import Span


def slowDisk(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk is slow.
    """
    return servers[0].pace.slow(Span(fault.amount / 20, fault.amount / 2))


def hangingDisk(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk does nothing for a while.
    """
    return servers[0].pace.hang()


def writeError(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk refuses to write.
    """
    return _failing(servers[0], lambda kind, path: errno.EIO if kind == "write" else 0)


def readError(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk cannot read.
    """
    return _failing(servers[0], lambda kind, path: errno.EIO if kind == "read" else 0)


def syncError(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk cannot bring to itself what it has taken.
    """
    return _failing(servers[0], lambda kind, path: errno.EIO if kind == "sync" else 0)


def fullDisk(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk has no room for anything new.
    """
    return _failing(servers[0], lambda kind, path: errno.ENOSPC if kind in ("create", "makeFolder") else 0)


def nearlyFullDisk(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    Disks of some servers fill until there is less than their reserve. All that they must write still finds room.
    """
    full = filling(servers, fault)
    for server in full:
        cluster.tell(server.name, "has a disk that is nearly full")
        server.room = NEARLY_FULL_ROOM

    def undo() -> None:
        for server in full:
            cluster.tell(server.name, "has room on its disk")
            server.room = EMPTY

    return undo


def noDescriptors(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    Systems have no descriptors left: nothing more can be opened, nobody connects, and what is open goes on.
    """
    hosts = [server.name for server in starved(servers, fault)]
    for host in hosts:
        cluster.network.starve(host)

    def undo() -> None:
        for host in hosts:
            cluster.network.feed(host)

    return undo


def storeError(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    The store cannot be written.
    """
    servers[0].hadBadDisk = True
    servers[0].storeFails = True
    return lambda: setattr(servers[0], "storeFails", False)


def rot(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A bit rots in a log.
    """
    server = frail(cluster, servers)
    if server is None or server.isPaused:
        return None
    server.rotten = rotLog(server.files, f"/{server.id}/log", chance(cluster.seed, "rot", fault.number))
    mustBeFound = server.rotten > 0
    server.hadBadDisk = True
    # What is in the last record is not found. It may go on, but whoever starts it again has to replace its disk.
    server.condemned = not mustBeFound
    cluster.rare[rare.ROT_IN_LAST] += not mustBeFound
    cluster.tell(server.name, f"has a log in which a bit has rotted{'' if mustBeFound else ', in the last record'}")
    if fault.amount < 0.5:
        server.kill()
    if mustBeFound and fault.amount % 0.5 < 0.25:
        interruptRepair(cluster, server)
    return server.revive


def rottenRecord(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A bit rots in a store. Whoever reads that record must notice, and take a snapshot; or stop, if it is alone. It can
    be read again when this is over.
    """
    server = next((server for server in servers if len(servers) == 1 or mayRot(cluster, server)), None)
    if server is None:
        return None
    key = server.store.rot(chance(cluster.seed, "rotten record", fault.number))
    if key is None:
        return None
    server.hadBadDisk = True
    server.doubt()
    cluster.tell(server.name, f"has a store in which a bit of the value of {key!r} has rotted")
    # The store may be another one by then: it was there in a crash.
    return lambda: server.store.heal()


def wrongState(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A store holds a record that no entry has put there, and the machine counts it in. Nothing but the hash tells.
    """
    server = frail(cluster, servers)
    if server is None or server.isPaused or server.raft.isDistrusted or server.store.isWrong:
        return None
    server.goWrong(fault.amount)
    cluster.tell(server.name, "has a store with a record that no entry has put there")
    return nothing


def _failing(server: SimulatedServer, failing: Callable[[str, str], int]) -> Undo:
    server.hadBadDisk = True
    server.failing = failing

    def undo() -> None:
        # Something else may have gone wrong with it since.
        if server.failing is failing:
            server.failing = None

    return undo
