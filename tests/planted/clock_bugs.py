"""
Mistakes about time, planted in whole servers.
"""

from __future__ import annotations

from typing import Any, Final

from replkv.node.clusterclock import ClusterClock
from replkv.node.leaderclock import LeaderClock
from replkv.service import assembly, recovery
from replkv.service.host import Host
from replkv.testing.cluster.clocks import MachineClocks
from replkv.testing.cluster.server import SimulatedServer
from tests.planted.bug import Bug, Patch

_bootTime = MachineClocks.bootTime
_init = ClusterClock.__init__
_lead = LeaderClock.lead
_startClock = recovery.startClock


def _bootTimeAwake(clocks: MachineClocks) -> float:
    return _bootTime(clocks) - clocks._slept * clocks.bootRate


def _startWithWallClock(host: Host, *given: Any) -> ClusterClock:
    clock = _startClock(host, *given)
    clock.wallClock = host.wallClock  # type: ignore[attr-defined]
    return clock


def _leadByWallClock(leaderClock: LeaderClock) -> None:
    clock = leaderClock._clusterClock
    clock._ahead = int(clock.wallClock() * 1e6) - clock._boot()  # type: ignore[attr-defined]
    _lead(leaderClock)


def _startSure(clock: ClusterClock, *arguments: Any) -> None:
    _init(clock, *arguments)
    clock.isMeasured = True


BUGS: Final = (
    Bug("ticks by the wall clock", "cluster", 60, (Patch(SimulatedServer, "ticksByWallClock", True),)),
    Bug(
        "a clock that stands still in a suspend",
        "cluster",
        400,
        (Patch(MachineClocks, "bootTime", _bootTimeAwake),),
    ),
    Bug(
        "a new leader stamps by its wall clock",
        "cluster",
        200,
        (
            Patch(assembly, "startClock", _startWithWallClock),
            Patch(LeaderClock, "lead", _leadByWallClock),
        ),
    ),
    Bug(
        "the leader's time is not followed", "cluster", 100, (Patch(ClusterClock, "follow", lambda clock, time: None),)
    ),
    Bug("a started server believes no leader", "cluster", 100, (Patch(ClusterClock, "__init__", _startSure),)),
)
"""
Each is found by the judge of expiry, but the first.
"""
