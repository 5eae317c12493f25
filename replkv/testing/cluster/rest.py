"""
What servers hold on behalf of others: at rest, nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from replkv.service.assembly import Assembly
from replkv.testing.outcome import NotInTime, Violation

if TYPE_CHECKING:
    from replkv.testing.cluster.cluster import SimulatedCluster


def counters(assembly: Assembly) -> Mapping[str, int]:
    """
    All that a server counts of what others have asked it for, or have not yet answered. What bounds a server's memory
    goes by these numbers, so one that does not come back to zero makes the server refuse everything some day.
    """
    node, clients = assembly.node, assembly.clients
    executor = node.executor
    counted = {
        "commands that wait": len(executor._deadlines._queue),
        "their bytes": executor._deadlines._bytes,
        "commands that wait for a leader": len(executor._leaderless._queue),
        "the bytes of those": executor._leaderless._bytes,
        "commands that are held up": len(executor._held),
        "logins that wait": len(executor._access._waiting._queue),
        "tokens to be tried": executor._access._logins._trials._count,
        "proposals": len(executor._proposals._requests),
        "the bytes of proposals": executor._proposals._bytes,
        "connections of clients": len(clients._connections),
        "bytes pending on connections": clients.budget.reserved,
        "bytes of replies that the system has not taken": clients.budget.unread,
        "bytes of values that have not arrived whole": clients.arrivals.total,
        "entries and reads given out": len(node._applier._toDo),
        "things to write": len(node._disk._queue),
    }
    for peer, link in assembly.links.items():
        # A server that is not to be started again owes the answers that it died with.
        counted[f"answers due from server {peer}"] = link._due if link.isUp else 0
    for peer, progress in node.raft.status.progress.items():
        counted[f"messages to server {peer} without an answer"] = progress.unanswered
        counted[f"bytes on the way to server {peer}"] = progress.onTheWayBytes
    return counted


def checkCounters(cluster: SimulatedCluster, patience: float) -> None:
    """
    Have a cluster that nobody uses forget all that it held.

    @param patience: seconds that each server has for it.
    @raise Violation: if one holds something for ever.
    """
    for server in cluster.servers:
        if not server.isServing:
            continue
        # Heartbeats are on their way all the time, so what counts them is zero now and then.
        held = set(counters(server.service.assembly))

        def isFree(assembly: Assembly = server.service.assembly, held: set[str] = held) -> bool:
            held -= {name for name, count in counters(assembly).items() if not count}
            return not held

        try:
            cluster.until(isFree, "it is forgotten", patience)
        except NotInTime:
            left = ", ".join(f"{name}: {counters(server.service.assembly).get(name)}" for name in sorted(held))
            raise Violation(f"all is well, nobody asks for anything, and server {server.id} holds {left}") from None
