"""
Slow disks, in a cluster of cores where all else is well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replkv.raft.pace import SLOW_TIMES
from replkv.testing import rare
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.plan import TICK
from replkv.testing.outcome import Violation

_LEAST: Final = 3 * SLOW_TIMES
"""
So many ticks a write takes at least: the others need up to two for it, with what is sent and gathered.
"""

_HANGS: Final = 0.6
"""
So much of the time after which a disk hangs it takes at the most: that is for other runs.
"""

_WRITES: Final = 6
"""
After so many writes, each of which had to wait for a slow disk, another server leads.
"""


def checkSlowDisks(cluster: Cluster, write: Callable[[], None], allSlow: bool) -> None:
    """
    Have a leader's disk be slow, and find another server lead soon, and go on to lead. Small clusters have no others
    that could do without it; and where a disk is soon taken to hang, this is not tried.

    @param write: has something written, and returns when it is.
    @param allSlow: whether before that all disks are slow, which must not make anyone step down.
    @raise Violation: if the leader leads on, or leadership goes to and fro.
    """
    plan, leader = cluster.plan, cluster.leader()
    ticks = int(_HANGS * plan.limits.diskPatience * plan.electionTicks)
    if ticks < _LEAST or leader is None or len(leader.raft.state.configuration.voters) < 3:
        return
    seconds = _LEAST * TICK
    if allSlow:
        term = leader.raft.currentTerm
        over = cluster.health.trouble([server.id for server in cluster.servers])
        for server in cluster.servers:
            server.disk.slowness += seconds
        for _ in range(_WRITES):
            write()
        for server in cluster.servers:
            server.disk.slowness -= seconds
        over()
        if not leader.leads or leader.raft.currentTerm != term:
            raise Violation(f"all disks are equally slow, and {leader.name} does not lead term {term} any more")
        write()
    cluster.tell("cluster", f"the disk of {leader.name}, which leads, takes {seconds:.2f} s for each write")
    over = cluster.health.trouble([leader.id])
    leader.disk.slowness += seconds
    for _ in range(_WRITES):
        write()
        if not leader.leads:
            break
    else:
        raise Violation(f"{leader.name} leads on, though its disk is slow and those of the others are not")
    cluster.happened(rare.SLOW_DISK)
    write()
    following = cluster.leader()
    assert following is not None
    term = following.raft.currentTerm
    for _ in range(_WRITES):
        write()
        cluster.run(plan.electionTicks * TICK)
    if following is leader or not following.leads or following.raft.currentTerm != term:
        raise Violation(f"the disk of {leader.name} is slow, and {following.name} does not lead term {term} any more")
    leader.disk.slowness -= seconds
    over()
