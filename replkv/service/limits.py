"""
How much a server does and keeps at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replkv.frontends.limits import (
    CONNECTION_LIMITS,
    INTAKE_LIMITS,
    MEMORY_LIMITS,
    ConnectionLimits,
    IntakeLimits,
    MemoryLimits,
)
from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.node.limits import NODE_LIMITS, NodeLimits
from replkv.raft.limits import RAFT_LIMITS, RaftLimits


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """
    @ivar raft: the limits of its core, and of the log as the core sees it.
    @ivar machine: those of its state machine.
    @ivar node: those of its node.
    @ivar connection: those of each connection of a client.
    @ivar intake: those of what all of them ask together.
    @ivar memory: those of what all of them have in memory together.
    """

    raft: RaftLimits = RAFT_LIMITS
    machine: MachineLimits = MACHINE_LIMITS
    node: NodeLimits = NODE_LIMITS
    connection: ConnectionLimits = CONNECTION_LIMITS
    intake: IntakeLimits = INTAKE_LIMITS
    memory: MemoryLimits = MEMORY_LIMITS


SERVER_LIMITS: Final = ServerLimits()
"""
The usual ones.
"""
