"""
Limits of servers, small enough that a short simulation reaches them.
"""

from __future__ import annotations

from random import Random

from replkv.frontends.limits import ConnectionLimits, IntakeLimits, MemoryLimits
from replkv.kv.limits import MachineLimits
from replkv.node.limits import NODE_LIMITS, NodeLimits
from replkv.raft.limits import RaftLimits
from replkv.service.limits import ServerLimits


def drawLimits(random: Random) -> ServerLimits:
    """
    The limits of one seed. Where nothing is kept in memory, peers that lag are sent what is read from the disk, and
    where little is given out at once, the rest is read from there too; where little is purged, keys that have expired
    are there for a while; where little of their index is read ahead, it is cut and read on all the time; where few
    commands are taken, servers soon have too much to do, and where few are taken in a turn, connections wait; where
    little of the log is retained, peers that lag get snapshots, and where these are fetched slowly, much happens
    meanwhile; where replies are given out in small pieces, even short ones are, and where clients have little memory,
    some of what they ask is refused; where few heads are kept, what was met before is read from the store again.
    """
    # In this order, so that a seed stands for the same ones for good.
    batchBytes = random.choice([1, 1000, 1 << 20])
    cacheBytes = random.choice([0, 10_000, 1 << 25])
    readyEntries = random.choice([1, 4, 512])
    writeBytes = random.choice([1, 1 << 23])
    flushEntries = random.choice([10, 100, 50_000])
    workBytes = random.choice([1, 5000, 1 << 22])
    purged = random.choice([1, 1, 128])
    pendingCommands = random.choice([2, 8, 128])
    commands = random.choice([40, 100_000, 100_000])
    commandBytes = random.choice([10_000, 1 << 26, 1 << 26])
    unanswered = random.choice([16, 64, 64])
    readAhead = random.choice([1, 64, 64])
    copiedBytes = random.choice([1, 1 << 22])
    frontLength = random.choice([1, 1 << 10])
    retainedBytes = random.choice([0, 1 << 15, 1 << 26])
    snapshotPieceBytes = random.choice([100, 2000, 1 << 18])
    snapshotBytesPerSecond = random.choice([10_000, 100_000, 1 << 25])
    snapshotPatience = random.choice([0.5, 5.0])
    pieceBytes = random.choice([8, 1000, 1 << 17])
    unreadBytes = random.choice([5000, 1 << 29, 1 << 29])
    arrivingBytes = random.choice([100, 1 << 27, 1 << 27])
    readyBytes = random.choice([1, 10_000, 1 << 22])
    headBytes = random.choice([0, 1000, 1 << 27])
    patientEntries = random.choice([1, 10, 256])
    return ServerLimits(
        raft=RaftLimits(
            batchBytes=batchBytes,
            cacheBytes=cacheBytes,
            unanswered=unanswered,
            readyEntries=readyEntries,
            readyBytes=readyBytes,
            patientEntries=patientEntries,
        ),
        machine=MachineLimits(
            purged=purged,
            readAhead=readAhead,
            copiedBytes=copiedBytes,
            frontLength=frontLength,
            headBytes=headBytes,
        ),
        node=NodeLimits(
            commands=commands,
            commandBytes=commandBytes,
            queuedCommands=min(commands // 4, NODE_LIMITS.queuedCommands),
            writeBytes=writeBytes,
            flushEntries=flushEntries,
            retainedBytes=retainedBytes,
            snapshotPieceBytes=snapshotPieceBytes,
            snapshotBytesPerSecond=snapshotBytesPerSecond,
            snapshotPatience=snapshotPatience,
            workBytes=workBytes,
        ),
        connection=ConnectionLimits(pendingCommands=pendingCommands, pieceBytes=pieceBytes),
        intake=IntakeLimits(turnCommands=pendingCommands),
        memory=MemoryLimits(unreadBytes=unreadBytes, arrivingBytes=arrivingBytes),
    )
