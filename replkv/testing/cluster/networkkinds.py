"""
What can go wrong between hosts.
"""

from __future__ import annotations

from typing import Final

from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.troubled import cutOf, followers
from replkv.testing.faults import Fault, Undo, nothing

_LEAST_FLAP: Final = 0.05


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
    return nothing


def deadConnections(cluster: SimulatedCluster, servers: list[SimulatedServer], fault: Fault) -> Undo | None:
    """
    The connections between a server and the others let nothing through any more, and nobody is told. New ones work.
    """
    for other in servers[1:]:
        cluster.network.kill(servers[0].name, other.name)
    # Each is found out only when it is used, which may be long after.
    cluster.health.trouble([servers[0].id])
    return nothing


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
