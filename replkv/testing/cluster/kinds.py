"""
What can go wrong, and how it is made to.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from typing import Final

from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.loss import putBack, wipe
from replkv.testing.cluster.rot import rotLog
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.troubled import cutOf, followers, starved, suspended
from replkv.testing.faults import FOLLOWER_CUT_OFF, Fault, Undo

Kind = Callable[[SimulatedCluster, list[SimulatedServer], Fault], "Undo | None"]
"""
Makes something go wrong with the first of these servers, or with several.

@return: what makes it right again; C{None} if it could not be done.
"""

_YEAR: Final = 365 * 24 * 3600.0
_LEAST_FLAP: Final = 0.05
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


def isolate(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server reaches none of the others, and they do not reach it; clients may.
    """
    name = servers[0].name
    return _block(cluster, [way for other in servers[1:] for way in ((name, other.name), (other.name, name))])


def isolateFollower(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server that does not lead and the others do not hear each other.
    """
    follower = followers(servers)[0] if followers(servers) else None
    if follower is None:
        return None
    return isolate(cluster, [follower, *(server for server in servers if server is not follower)], fault)


def isolateOneWay(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A server reaches none of the others, but hears them; or the other way round.
    """
    name = servers[0].name
    if fault.amount < 0.5:
        return _block(cluster, [(name, other.name) for other in servers[1:]])
    return _block(cluster, [(other.name, name) for other in servers[1:]])


def partition(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    The servers fall into two groups.
    """
    if len(servers) < 2:
        return None
    cut = cutOf(servers, fault)
    ways = [(one.name, other.name) for one in servers[:cut] for other in servers[cut:]]
    return _block(cluster, ways + [(to, sender) for sender, to in ways])


def silentLink(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    What one server sends to one other is taken, and never comes out.
    """
    return _block(cluster, [(servers[0].name, servers[1].name)]) if len(servers) > 1 else None


def cutFromClients(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    Clients do not reach a server, or hear nothing from it.
    """
    ways = [(host, servers[0].name) for host in cluster.clientHosts]
    return _block(cluster, ways if fault.amount < 0.5 else [(to, sender) for sender, to in ways])


def connectionLoss(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    All connections of a server are lost, with what is on its way on them.
    """
    for other in servers[1:]:
        cluster.network.reset(servers[0].name, other.name)
    for host in cluster.clientHosts:
        cluster.network.reset(servers[0].name, host)
    return _nothing


def deadConnections(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    The connections between a server and the others let nothing through any more, and nobody is told. New ones work.
    """
    for other in servers[1:]:
        cluster.network.kill(servers[0].name, other.name)
    # Each is found out only when it is used, which may be long after.
    cluster.health.trouble([servers[0].id])
    return _nothing


def flapping(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    The link between two servers comes and goes.
    """
    if len(servers) < 2:
        return None
    one, other = servers[0].name, servers[1].name
    ways = [(one, other), (other, one)]
    undo: Undo | None = None
    over = False

    def flap() -> None:
        nonlocal undo
        if undo is not None:
            undo()
            undo = None
        elif not over:
            undo = _block(cluster, ways)
            cluster.network.reset(one, other)
        if not over:
            cluster.timeline.callLater(_LEAST_FLAP + fault.amount / 5, flap)

    def end() -> None:
        nonlocal over
        over = True
        if undo is not None:
            flap()

    flap()
    return end


def slowLink(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    What a server sends and receives takes long.
    """
    name = servers[0].name
    ways = [way for other in servers[1:] for way in ((name, other.name), (other.name, name))]
    seconds = fault.amount / 2
    for sender, to in ways:
        cluster.network.slow(sender, to, seconds)

    def undo() -> None:
        for sender, to in ways:
            cluster.network.unslow(sender, to, seconds)

    return undo


def unknownNames(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    Hosts lose their connections, and are told that there are no such names when they make new ones.
    """
    return cluster.network.names.forget(_disconnected(cluster, servers, fault))


def silentNameServer(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    Hosts lose their connections, and are told nothing about names when they make new ones.
    """
    return cluster.network.names.silence(_disconnected(cluster, servers, fault))


def slowDisk(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A disk is slow.
    """
    return servers[0].pace.slow((fault.amount / 20, fault.amount / 2))


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
    server = next((server for server in servers if server.isFrail and server.isServing and server.isIntact), None)
    if server is None or server.isPaused:
        return None
    mustBeFound = rotLog(server.files, f"/{server.id}/log", chance(cluster.seed, "rot", fault.number))
    server.hadBadDisk = True
    server.rotten = mustBeFound
    # What is in the last record is not found. It may go on, but whoever starts it again has to replace its disk.
    server.condemned = not mustBeFound
    cluster.rare[rare.ROT_IN_LAST] += not mustBeFound
    cluster.tell(server.name, f"has a log in which a bit has rotted{'' if mustBeFound else ', in the last record'}")
    if fault.amount < 0.5:
        server.kill()
    return server.revive


def clockJump(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    A wall clock jumps.
    """
    wrongs = (0.0, 3.0, -3.0, 3600.0, -3600.0, _YEAR, -_YEAR)
    servers[0].resetClock(wrongs[int(fault.amount * len(wrongs))])
    return _nothing


KINDS: Final[Mapping[str, Kind]] = {
    "kill": kill,
    "power loss": powerLoss,
    "power loss while writing": powerLossWhileWriting,
    "power loss of all": powerLossOfAll,
    "restart": restart,
    "pause": pause,
    "suspend": suspend,
    "isolation": isolate,
    FOLLOWER_CUT_OFF: isolateFollower,
    "one-way isolation": isolateOneWay,
    "partition": partition,
    "silent link": silentLink,
    "cut from clients": cutFromClients,
    "connection loss": connectionLoss,
    "dead connections": deadConnections,
    "flapping link": flapping,
    "slow link": slowLink,
    "unknown names": unknownNames,
    "silent name server": silentNameServer,
    "slow disk": slowDisk,
    "hanging disk": hangingDisk,
    "read error": readError,
    "write error": writeError,
    "sync error": syncError,
    "full disk": fullDisk,
    "no descriptors": noDescriptors,
    "store error": storeError,
    "rot": rot,
    "wiped folder": wipe,
    "older copy": putBack,
    "clock jump": clockJump,
}
"""
All of it, by name.
"""


def _block(cluster: SimulatedCluster, ways: list[tuple[str, str]]) -> Undo | None:
    if not ways:
        return None
    for sender, to in ways:
        cluster.network.block(sender, to)

    def unblock() -> None:
        for sender, to in ways:
            cluster.network.unblock(sender, to)

    return unblock


def _disconnected(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> list[str]:
    """
    Break the connections of one server, or of all.

    @return: the hosts that have to connect again.
    """
    if fault.amount < 0.3:
        connectionLoss(cluster, servers, fault)
        return [servers[0].name]
    for number in range(len(servers)):
        connectionLoss(cluster, servers[number:], fault)
    return [*(server.name for server in servers), *cluster.clientHosts]


def _failing(server: SimulatedServer, failing: Callable[[str, str], int]) -> Undo:
    server.hadBadDisk = True
    server.failing = failing

    def undo() -> None:
        # Something else may have gone wrong with it since.
        if server.failing is failing:
            server.failing = None

    return undo


def _nothing() -> None:
    """
    It was over at once.
    """
