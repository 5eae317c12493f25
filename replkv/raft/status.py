"""
What a server's part in the consensus looks like from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from replkv.raft.progress import ProgressStatus
from replkv.raft.roles import RoleName


class Status(NamedTuple):
    """
    How things are at one moment.

    @ivar id: the server's id.
    @ivar role: what it is.
    @ivar term: currentTerm.
    @ivar leaderId: the id of the leader, where this server knows it.
    @ivar commitIndex: index of the last entry known to be committed.
    @ivar lastIndex: index of the last entry of its log.
    @ivar noopIndex: of a leader, index of the entry with which it opened its term; else 0.
    @ivar handOver: of a leader that hands over, the id of the peer that is to lead; else C{None}.
    @ivar progress: of a leader, what it knows of each peer, by id; else empty.
    """

    id: int
    role: RoleName
    term: int
    leaderId: int | None
    commitIndex: int
    lastIndex: int
    noopIndex: int
    handOver: int | None
    progress: Mapping[int, ProgressStatus]
