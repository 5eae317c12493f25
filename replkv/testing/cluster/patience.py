"""
Commands that wait until their time is up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.testing import rare

if TYPE_CHECKING:
    from replkv.server import Server
    from replkv.testing.cluster.cluster import SimulatedCluster


def watchPatience(cluster: SimulatedCluster, service: Server) -> None:
    """
    Have a violation told when a command waits in vain: until RequestTimeoutMs is over, on a server that knows another
    one to lead. What that server has taken it has answered when it was deposed, and what comes after that it redirects
    at once. Only a server that leads, and does not hear of a majority, or that knows no leader, lets clients wait.
    """
    executor, raft = service._node.executor, service._node.raft
    tick = executor.tick

    def watched() -> None:
        now = executor._clock.seconds()
        queue = executor._deadlines._queue
        late = [type(request.command).__name__ for due, request in queue if due <= now and request.reply is None]
        if late:
            cluster.rare[rare.TIMED_OUT] += len(late)
            if raft.leaderId not in (None, raft.config.id):
                what = f"server {raft.config.id} let a {late[0].lower()} wait until its time was up"
                cluster.fail(f"{what}, though server {raft.leaderId} leads")
        tick()

    executor.tick = watched  # type: ignore[method-assign]
