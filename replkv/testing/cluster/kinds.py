"""
What can go wrong, and how it is made to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from replkv.testing.cluster.clone import runTwice
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.diskkinds import (
    fullDisk,
    hangingDisk,
    nearlyFullDisk,
    noDescriptors,
    readError,
    rot,
    rottenRecord,
    slowDisk,
    storeError,
    syncError,
    writeError,
    wrongState,
)
from replkv.testing.cluster.loss import putBack, putBackOfRunning, wipe
from replkv.testing.cluster.networkkinds import (
    connectionLoss,
    cutFromClients,
    deadConnections,
    flapping,
    isolate,
    isolateFollower,
    isolateOneWay,
    partition,
    silentLink,
    silentNameServer,
    slowLink,
    unknownNames,
)
from replkv.testing.cluster.processkinds import (
    clockJump,
    handOver,
    kill,
    pause,
    powerLoss,
    powerLossOfAll,
    powerLossWhileWriting,
    restart,
    suspend,
    upgrade,
)
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.faults import (
    CLONE,
    FOLLOWER_CUT_OFF,
    HAND_OVER,
    NEARLY_FULL,
    RUNNING_COPY,
    UPGRADE,
    WRONG_STATE,
    Fault,
    Undo,
)

Kind = Callable[[SimulatedCluster, list[SimulatedServer], Fault], "Undo | None"]
"""
Makes something go wrong with the first of these servers, or with several.

@return: what makes it right again; C{None} if it could not be done.
"""

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
    NEARLY_FULL: nearlyFullDisk,
    "no descriptors": noDescriptors,
    "store error": storeError,
    "rot": rot,
    "rotten record": rottenRecord,
    "wiped folder": wipe,
    "older copy": putBack,
    RUNNING_COPY: putBackOfRunning,
    CLONE: runTwice,
    "clock jump": clockJump,
    HAND_OVER: handOver,
    UPGRADE: upgrade,
    WRONG_STATE: wrongState,
}
"""
All of it, by name.
"""
