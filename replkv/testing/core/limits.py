"""
Limits of the core, small enough that a short simulation reaches them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from random import Random
from typing import NamedTuple

import replkv.raft.log
import replkv.raft.progress
import replkv.raft.state
from replkv.testing.limits import replaced


class Limits(NamedTuple):
    """
    @ivar batchBytes: L{replkv.raft.log.MAX_BATCH_BYTES}. Where it is small, the entries of an old term and those of a
        new one travel apart, without which there is no figure 8.
    @ivar cacheBytes: L{replkv.raft.log.CACHE_BYTES}. Where it is 0, peers that lag are sent what is read from the disk.
    @ivar unanswered: L{replkv.raft.progress.MAX_UNANSWERED}.
    @ivar unansweredBytes: L{replkv.raft.progress.MAX_UNANSWERED_BYTES}.
    @ivar readyEntries: L{replkv.raft.state.MAX_READY_ENTRIES}.
    @ivar diskPatience: L{replkv.raft.state.DISK_PATIENCE}.
    """

    batchBytes: int
    cacheBytes: int
    unanswered: int
    unansweredBytes: int
    readyEntries: int
    diskPatience: int


def drawLimits(random: Random) -> Limits:
    """
    The limits of one seed.
    """
    return Limits(
        batchBytes=random.choice([1, 1, 1, 30, 1 << 20]),
        cacheBytes=random.choice([0, 1000, 1 << 25]),
        unanswered=random.choice([4, 16, 64, 64]),
        unansweredBytes=random.choice([100, 1000, 1 << 22, 1 << 22]),
        readyEntries=random.choice([1, 4, 512]),
        diskPatience=random.choice([2, 3, 8]),
    )


def limited(limits: Limits) -> AbstractContextManager[None]:
    """
    Have the core run with these limits.
    """
    return replaced(
        (
            (replkv.raft.log, "MAX_BATCH_BYTES", limits.batchBytes),
            (replkv.raft.log, "CACHE_BYTES", limits.cacheBytes),
            (replkv.raft.progress, "MAX_UNANSWERED", limits.unanswered),
            (replkv.raft.progress, "MAX_UNANSWERED_BYTES", limits.unansweredBytes),
            (replkv.raft.state, "MAX_READY_ENTRIES", limits.readyEntries),
            (replkv.raft.state, "DISK_PATIENCE", limits.diskPatience),
        )
    )
