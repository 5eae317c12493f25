"""
How much the core does, sends and keeps at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RaftLimits:
    """
    Servers may differ in them.

    @ivar batchBytes: how many bytes of data the entries of one batch have, unless it is one entry: a heartbeat waits no
        longer than that.
    @ivar cacheBytes: how many bytes of what is applied and synced are kept in memory for peers that lag. Older entries
        are read from the disk.
    @ivar unanswered: how many messages to one peer may be without an answer; then it is sent nothing more, not even
        heartbeats, so that a peer that is stopped costs bounded memory.
    @ivar unansweredBytes: how many bytes of entries may be on their way to one peer, before the last batch.
    @ivar readyEntries: how many entries are given out at once to be applied, so that a long replay does not keep the
        reactor.
    @ivar diskPatience: for how many of the shortest election timeouts the disk may be at one write before this server
        leads no longer.
    """

    batchBytes: int = 1024 * 1024
    cacheBytes: int = 32 * 1024 * 1024
    unanswered: int = 64
    unansweredBytes: int = 4 * 1024 * 1024
    readyEntries: int = 512
    diskPatience: int = 8


RAFT_LIMITS: Final = RaftLimits()
"""
The usual ones.
"""
