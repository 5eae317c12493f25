"""
Whom a fault troubles.
"""

from __future__ import annotations

from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.faults import CLONE, FOLLOWER_CUT_OFF, HAND_OVER, NEARLY_FULL, RUNNING_COPY, WRONG_STATE, Fault


def troubled(servers: list[SimulatedServer], fault: Fault) -> list[int]:
    """
    Whom a fault troubles: all others, and what is between those, are as well as before. A server without a process is
    never well.
    """
    if fault.kind in ("cut from clients", "clock jump", CLONE, RUNNING_COPY, HAND_OVER, WRONG_STATE, "rotten record"):
        return []  # That is nothing to the other servers, but for the time that a server is down, or in doubt.
    some = followers(servers)[:1] if fault.kind == FOLLOWER_CUT_OFF else servers[:1]
    if fault.kind == "partition":
        some = servers[: cutOf(servers, fault)]
    elif fault.kind == "suspend":
        some = suspended(servers, fault)
    elif fault.kind == "no descriptors":
        some = starved(servers, fault)
    elif fault.kind == NEARLY_FULL:
        some = filling(servers, fault)
    elif fault.kind in ("unknown names", "silent name server"):
        some = servers  # In most cases all have to connect again.
    return [server.id for server in some]


def followers(servers: list[SimulatedServer]) -> list[SimulatedServer]:
    """
    Those that do not lead.
    """
    return [server for server in servers if not server.leads]


def suspended(servers: list[SimulatedServer], fault: Fault) -> list[SimulatedServer]:
    """
    Those whose machines are suspended: one, or all of them.
    """
    return servers if fault.amount < 0.4 else servers[:1]


def starved(servers: list[SimulatedServer], fault: Fault) -> list[SimulatedServer]:
    """
    Those that have no descriptors left.
    """
    return servers[: 1 + int(2 * fault.amount * len(servers))]


def filling(servers: list[SimulatedServer], fault: Fault) -> list[SimulatedServer]:
    """
    Those whose disks fill: any number of them.
    """
    return servers[: 1 + int(fault.amount * len(servers))]


def cutOf(servers: list[SimulatedServer], fault: Fault) -> int:
    """
    How many servers are in the first part of a partition.
    """
    return 1 + int(fault.amount * (len(servers) - 1))
