"""
How much a node takes in, and does at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class NodeLimits:
    """
    Servers may differ in them.

    @ivar commands: how many commands a node takes at once; then it is overloaded.
    @ivar commandBytes: how many bytes of values these may have, before the last one.
    @ivar patienceDivisor: where commands are not answered within such a part of the request timeout, no more of them
        are taken than were answered in that time.
    @ivar queuedCommands: but so many are taken in any case.
    @ivar writeBytes: how many bytes of entries are brought to the log's disk with one sync, before the last batch.
    @ivar readBytes: how many bytes of entries are read from there at once for another server.
    @ivar backlogBytes: and how many that are to be applied here: more than C{writeBytes} and a batch. Writes and reads
        take turns, so a server that is behind, and reads no more than it writes, stays behind for as long as it has to
        write.
    @ivar flushEntries: after how many entries the store is brought to the disk: a restart replays about as many.
    @ivar flushBytes: after how many bytes of entries that is done.
    @ivar retainedBytes: how many bytes of the log stay, for servers that lag, though the store has them.
    @ivar snapshots: to how many other servers it gives a snapshot at once.
    @ivar snapshotPieceBytes: how many bytes of one are sent at once.
    @ivar snapshotBytesPerSecond: how fast it fetches one, at the most.
    @ivar snapshotPatience: for how many seconds it keeps one that nobody asks for.
    @ivar reserveBytes: how many bytes should be free on its disk, at the least, where the operator says nothing else.
        That is enough for a file of the log, a flush of the store, and all until the disk is looked at again.
    @ivar reserveDivisor: or such a part of the disk, if that is more.
    @ivar spaceInterval: after how many seconds its disk is looked at again.
    @ivar reliefPause: for how many seconds a leader with a full disk waits before it asks to be relieved once more.
    @ivar auditSeconds: how often a leader has all servers compare their states.
    @ivar backupLookSeconds: how often a server looks whether a backup is due.
    @ivar backupRetrySeconds: after how many seconds it tries again to make one that could not be made, at the most.
    @ivar backupPause: how many seconds the thread that makes one rests after each 256 records that it has verified, and
        each 256 KiB that it has written.
    @ivar repairPatience: for how many seconds a server whose log is being repaired hears of no leader before it tells
        its operator.
    @ivar logins: how many tokens may wait to be tried.
    @ivar loginsPerAddress: and how many from one address.
    @ivar knownTokens: of how many tokens it is known whether they are right.
    @ivar freeFailures: how many wrong tokens of a user may come from an address before the next ones have to wait.
    @ivar loginPause: for how many seconds the first of those waits.
    @ivar loginDoublings: how often that doubles, with each one more that is wrong.
    @ivar failureSeconds: for how many seconds without another one they count.
    @ivar failingGuessers: of how many addresses and users that is remembered.
    @ivar changePause: for how many seconds after a change of users another one is refused, unless it is by somebody
        who may do everything: all clients wait while users change.
    @ivar forwardBoxes: how many batches of commands are on their way to the leader at once. What comes meanwhile waits,
        and goes in larger ones.
    @ivar forwardBoxCommands: how many commands one has, at the most.
    @ivar forwardBoxBytes: how many bytes of values these have, unless it is one command.
    @ivar forwardBytes: how many bytes are on their way to the leader, before the last batch.
    @ivar forwardReplyBytes: how many bytes of replies a leader gives at once to a server that forwards, before the last
        reply.
    @ivar forwardHeldBytes: how many bytes of replies it has for one such server. Beyond them, it answers reads with an
        error, and what else takes long replies.
    @ivar forwardPatience: after how many seconds it says at least that there is no answer yet.
    @ivar workBytes: how many bytes of values are read from the store in one turn of the reactor, before the last, to be
        replied or to be written anew. To each reply is added what it costs whatever its size is.
    """

    commands: int = 100_000
    commandBytes: int = 64 * 1024 * 1024
    patienceDivisor: int = 5
    queuedCommands: int = 1000
    writeBytes: int = 8 * 1024 * 1024
    readBytes: int = 1024 * 1024
    backlogBytes: int = 12 * 1024 * 1024
    flushEntries: int = 50_000
    flushBytes: int = 16 * 1024 * 1024
    retainedBytes: int = 64 * 1024 * 1024
    snapshots: int = 2
    snapshotPieceBytes: int = 256 * 1024
    snapshotBytesPerSecond: int = 32 * 1024 * 1024
    snapshotPatience: float = 30.0
    reserveBytes: int = 64 * 1024 * 1024
    reserveDivisor: int = 50
    spaceInterval: float = 1.0
    reliefPause: float = 5.0
    auditSeconds: float = 60.0
    backupLookSeconds: float = 1.0
    backupRetrySeconds: float = 300.0
    backupPause: float = 0.002
    repairPatience: float = 10.0
    logins: int = 10_000
    loginsPerAddress: int = 64
    knownTokens: int = 10_000
    freeFailures: int = 5
    loginPause: float = 0.125
    loginDoublings: int = 4
    failureSeconds: float = 600.0
    failingGuessers: int = 10_000
    changePause: float = 0.2
    forwardBoxes: int = 16
    forwardBoxCommands: int = 512
    forwardBoxBytes: int = 256 * 1024
    forwardBytes: int = 4 * 1024 * 1024
    forwardReplyBytes: int = 1024 * 1024
    forwardHeldBytes: int = 32 * 1024 * 1024
    forwardPatience: float = 1.0
    workBytes: int = 4 * 1024 * 1024


NODE_LIMITS: Final = NodeLimits()
"""
The usual ones.
"""
