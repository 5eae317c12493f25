"""
What a server is told about its part in the consensus.
"""

from __future__ import annotations

from dataclasses import dataclass

from replkv.raft.limits import RAFT_LIMITS, RaftLimits


@dataclass(frozen=True)
class RaftConfig:
    """
    @ivar id: this server's id.
    @ivar electionTicks: the shortest election timeout; each is drawn between this and its double.
    @ivar heartbeatTicks: ticks between two heartbeats.
    @ivar applyTicks: for how many ticks a follower lets committed entries wait for others, so that it applies more at
        once. It does not wait where it has C{limits.patientEntries} of them.
    @ivar firstElectionFactor: stretches the election timeouts of a server that has never seen a term, so that on the
        first start of a fresh cluster the server with the factor 1 normally wins.
    @ivar limits: how much it does, sends and keeps at once.
    """

    id: int
    electionTicks: int = 25
    heartbeatTicks: int = 5
    applyTicks: int = 0
    firstElectionFactor: int = 1
    limits: RaftLimits = RAFT_LIMITS
