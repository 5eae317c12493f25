"""
Limits of servers, small enough that a short simulation reaches them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from random import Random
from typing import NamedTuple

import replkv.frontends.text.connection
import replkv.node.applier
import replkv.node.diskqueue
import replkv.node.pending
from replkv.kv.limits import MachineLimits
from replkv.raft.limits import RaftLimits
from replkv.service.limits import ServerLimits
from replkv.testing.limits import replaced


class Limits(NamedTuple):
    """
    @ivar batchBytes: as in L{RaftLimits}; so with the next two.
    @ivar cacheBytes: where it is 0, peers that lag are sent what is read from the disk.
    @ivar readyEntries: how many are given out at once.
    @ivar writeBytes: L{replkv.node.diskqueue.MAX_WRITE_BYTES}.
    @ivar flushEntries: L{replkv.node.applier.FLUSH_ENTRIES}.
    @ivar workBytes: L{replkv.node.applier.MAX_WORK_BYTES}.
    @ivar purged: as in L{MachineLimits}. Where it is small, keys that have expired are there for a while.
    @ivar pendingCommands: L{replkv.frontends.text.connection.MAX_PENDING_COMMANDS}.
    @ivar commands: L{replkv.node.pending.MAX_COMMANDS}. Where it is small, servers soon have too much to do.
    @ivar bytes: L{replkv.node.pending.MAX_BYTES}, likewise.
    @ivar unanswered: as in L{RaftLimits}.
    """

    batchBytes: int
    cacheBytes: int
    readyEntries: int
    writeBytes: int
    flushEntries: int
    workBytes: int
    purged: int
    pendingCommands: int
    commands: int
    bytes: int
    unanswered: int


def drawLimits(random: Random) -> Limits:
    """
    The limits of one seed.
    """
    return Limits(
        batchBytes=random.choice([1, 1000, 1 << 20]),
        cacheBytes=random.choice([0, 10_000, 1 << 25]),
        readyEntries=random.choice([1, 4, 512]),
        writeBytes=random.choice([1, 1 << 23]),
        flushEntries=random.choice([10, 100, 50_000]),
        workBytes=random.choice([1, 5000, 1 << 22]),
        purged=random.choice([1, 1, 128]),
        pendingCommands=random.choice([2, 8, 128]),
        commands=random.choice([40, 100_000, 100_000]),
        bytes=random.choice([10_000, 1 << 26, 1 << 26]),
        unanswered=random.choice([16, 64, 64]),
    )


def serverLimits(limits: Limits) -> ServerLimits:
    """
    Those that a server is told.
    """
    return ServerLimits(
        raft=RaftLimits(
            batchBytes=limits.batchBytes,
            cacheBytes=limits.cacheBytes,
            readyEntries=limits.readyEntries,
            unanswered=limits.unanswered,
        ),
        machine=MachineLimits(purged=limits.purged),
    )


def limited(limits: Limits) -> AbstractContextManager[None]:
    """
    Have servers run with these limits.
    """
    return replaced(
        (
            (replkv.node.diskqueue, "MAX_WRITE_BYTES", limits.writeBytes),
            (replkv.node.applier, "FLUSH_ENTRIES", limits.flushEntries),
            (replkv.node.applier, "MAX_WORK_BYTES", limits.workBytes),
            (replkv.frontends.text.connection, "MAX_PENDING_COMMANDS", limits.pendingCommands),
            (replkv.node.pending, "MAX_COMMANDS", limits.commands),
            (replkv.node.pending, "MAX_BYTES", limits.bytes),
        )
    )
