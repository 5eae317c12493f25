"""
How much a server does and keeps at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replkv.kv.limits import MACHINE_LIMITS, MachineLimits
from replkv.raft.limits import RAFT_LIMITS, RaftLimits


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """
    @ivar raft: the limits of its core, and of the log as the core sees it.
    @ivar machine: those of its state machine.
    """

    raft: RaftLimits = RAFT_LIMITS
    machine: MachineLimits = MACHINE_LIMITS


SERVER_LIMITS: Final = ServerLimits()
"""
The usual ones.
"""
