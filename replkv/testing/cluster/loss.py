"""
What can happen to a server's data folder: it is wiped, or an older copy is put back.

Only where all others have met what the server forgets is that a fault which the cluster must stand: who has met only
the copy cannot tell it from what was never lost (see L{replkv.lives}). A copy that was made while the server ran, and
that is put back before it was started again, is met by all. It may be believed if it lacks nothing but entries, and a
majority of the others has all of those; only a leader who knows that the server had them finds something wrong.
"""

from __future__ import annotations

from typing import Final

from replkv.lives import Life
from replkv.testing import rare
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.durable import Copy
from replkv.testing.cluster.renewal import mayRenew, renew
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.faults import Fault, Undo

_MOST: Final = 5
"""
So many entries at the most are waited for that a copy is to lack.
"""

_LOOK_SECONDS: Final = 0.02


def wipe(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped, its data folder is wiped, and it is started again.
    """
    server = frail(cluster, servers)
    if server is None or not isMet(cluster, server):
        return None
    server.kill()

    def end() -> None:
        if server.isIntact and len(cluster.servers) > len(cluster.config.servers):
            if mayRenew(cluster, server):
                cluster.rare[rare.WIPED] += 1
                renew(cluster, server)
        elif server.isIntact:
            cluster.rare[rare.WIPED] += 1
            _lose(cluster, server, None)
        server.revive()

    return end


def putBack(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server is stopped, its data folder is copied, and it is started again; later the copy is put back, if the others
    can still do without it.
    """
    server = frail(cluster, servers)
    if server is None:
        return None
    copy = copyOfStopped(server)

    def end() -> None:
        if server.isIntact and isMet(cluster, server, copy) and mayRot(cluster, server):
            cluster.rare[rare.PUT_BACK] += 1
            _lose(cluster, server, copy)
        server.revive()

    return end


def putBackOfRunning(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    The data folder of a server is copied while that runs; later the copy is put back. Whenever the server has given its
    word for something else it is copied anew, so that there is a copy which lacks nothing but entries; if it was
    started again, the copy is as good as one that was made of a server that is stopped. It is not put back where the
    others cannot do without the server any more.
    """
    server = frail(cluster, servers)
    if server is None:
        return None
    copy, lastIndex = server.copy(), server.disk.lastIndex
    fewest = 1 + int(_MOST * fault.amount)
    isOver = False

    def look() -> None:
        nonlocal copy, lastIndex, isOver
        if isOver or not server.isIntact or server.met.life != copy.word.life:
            return
        if server.word != copy.word:
            copy, lastIndex = server.copy(), server.disk.lastIndex
        elif server.disk.lastIndex >= lastIndex + fewest and _isHeld(cluster, server) and not server.leads:
            isOver = True
            if not mayRot(cluster, server):
                return
            _goBack(cluster, server, copy)
            server.revive()
            return
        cluster.timeline.callLater(_LOOK_SECONDS, look)

    def end() -> None:
        nonlocal isOver
        if not isOver and server.isIntact and isMet(cluster, server, copy) and mayRot(cluster, server):
            cluster.rare[rare.PUT_BACK] += 1
            _lose(cluster, server, copy)
            server.revive()
        isOver = True

    look()
    return end


def frail(cluster: SimulatedCluster, servers: list[SimulatedServer]) -> SimulatedServer | None:
    """
    A server that runs, and may lose what it has.
    """
    return next(
        (server for server in servers if mayRot(cluster, server) and server.isServing and server.isIntact), None
    )


def mayRot(cluster: SimulatedCluster, server: SimulatedServer) -> bool:
    """
    Whether a server's disk may go bad: it is one of those to which that may happen, and the others can do without.
    """
    return server.isFrail and cluster.quorums.canSpare(server.id)


def copyOfStopped(server: SimulatedServer) -> Copy:
    """
    Stop a server, copy its data folder, and start it again.
    """
    server.kill()
    copy = server.copy()
    server.revive()
    return copy


def isMet(cluster: SimulatedCluster, server: SimulatedServer, copy: Copy | None = None) -> bool:
    """
    Whether all others whose word counts have met the process that runs now, or ran last.

    @param copy: if it is not C{None}, that process must have begun since this was made.
    """
    life = server.met.life
    return (copy is None or _isLater(life, copy.word.life)) and all(
        other.met.knows(server.id, life) for other in cluster.servers if other is not server and other.isIntact
    )


def _isLater(life: Life | None, copied: Life | None) -> bool:
    """
    Whether a process has begun on the same data folder after another one.
    """
    return life is not None and copied is not None and life.incarnation == copied.incarnation and life != copied


def _isHeld(cluster: SimulatedCluster, server: SimulatedServer) -> bool:
    """
    Whether a majority has all that a server has, without that server.
    """
    disk = server.disk
    others = [other for other in cluster.servers if other is not server and other.isIntact]
    held = {other.id for other in others if other.disk.has(disk.lastIndex, disk.lastTerm)}
    return cluster.quorums.isCertain(lambda other: other in held)


def _lose(cluster: SimulatedCluster, server: SimulatedServer, copy: Copy | None) -> None:
    if server.isRunning:
        server.kill()
    server.lose(copy)
    # It is never well again: no leader is heard by it.
    cluster.health.trouble([server.id])


def _goBack(cluster: SimulatedCluster, server: SimulatedServer, copy: Copy) -> None:
    if server.isRunning:
        server.kill()
    cluster.rare[rare.COPY_OF_RUNNING] += 1
    server.goBack(copy)
    # If the leader finds it out, it is never well again.
    cluster.health.trouble([server.id])
