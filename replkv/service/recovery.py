"""
From what is on the disk to where a server goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from twisted.logger import Logger

from replkv.config import Config, ServerConfig
from replkv.kv.conversion import convert
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.state import FORMAT
from replkv.node.clusterclock import ClusterClock, bridged, largestStamp
from replkv.node.node import APPLY_TICKS, TICKS_PER_HEARTBEAT
from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.log import RaftLog, bytesOf
from replkv.raft.membership import configurationsIn
from replkv.raft.outputs import Persist
from replkv.raft.repair import Repair
from replkv.service.host import Host
from replkv.service.limits import ServerLimits
from replkv.storage.clockrecord import ClockRecord
from replkv.storage.errors import LogFailed
from replkv.storage.files import Exhausted
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.storage.outline import LogOutline
from replkv.storage.salvage import Damage

FIRST_ELECTION_FACTOR: Final = 10
"""
On the first start of a cluster, the server with the lowest id stands for election so many times earlier than the
others, which take over if it is not there.
"""

_logger: Final = Logger()


def openMachine(
    host: Host,
    serverId: int,
    folder: DataFolder,
    openFiles: int,
    storage: LogStorage,
    limits: ServerLimits,
    version: int,
) -> StateMachine:
    """
    Open the state machine. A store that an earlier version has left is converted first; a log that has rotted goes on
    from the store.

    @param serverId: this server's id.
    @param openFiles: how many of the store's tables may be open.
    @param version: the newest version of commands that it knows, see L{replkv.versions}.
    @raise EngineError: if the store cannot be opened, or does not go with the log.
    @raise CorruptLog: if the log is damaged even where it could be read before.
    @raise LogFailed: if the disk fails.
    @raise Exhausted: if the system has no descriptor for the log's files.
    """
    path = folder.storePath(storage.store)
    began = host.bootTime()
    store = host.openStore(path, openFiles)
    converted = convert(store, lambda index: _termOf(index, path, storage), limits.machine)
    if converted:
        _logger.info(
            "the store was left by an earlier version of replkv; it has been converted to format {version}: "
            "{count} records, in {seconds:.1f} s",
            count=converted,
            version=FORMAT,
            seconds=host.bootTime() - began,
        )
    machine = StateMachine(store, limits.machine, version)
    if storage.damage is None or machine.appliedIndex <= storage.lastIndex:
        compare(path, machine.appliedIndex, machine.appliedTerm, storage)
    if storage.damage is not None:
        _goOnFrom(machine, serverId, folder, storage, storage.damage, limits)
    return machine


def _goOnFrom(
    machine: StateMachine,
    serverId: int,
    folder: DataFolder,
    storage: LogStorage,
    damage: Damage,
    limits: ServerLimits,
) -> None:
    """
    Have a log that has rotted begin anew after what the store has, with the entries before the damage that come next,
    as far as they are taken into memory. That it lacks others is noted before, so a crash at any moment costs nothing
    but some of those.

    @raise CorruptLog: if no other server can lead, so that there is nobody to get the others from.
    """
    kept = _nextAfter(machine.appliedIndex, storage, limits)
    later = [known for batch in kept for known in configurationsIn(batch.entries)]
    # Whom the servers file names, or the folder has met, may be no member any more, or have no vote.
    if {serverId}.issuperset(_configurations(folder, machine, later).latest.voters):
        raise damage.error
    had = damage.had.joined(folder.repair).joined(Repair(machine.appliedIndex, machine.appliedTerm))
    try:
        folder.rememberRepair(had)
    except Exhausted:
        raise
    except OSError as error:
        raise LogFailed(f"it cannot be noted that the log has lost entries: {error}. Nothing was changed") from error
    storage.restart(machine.appliedIndex, machine.appliedTerm, storage.store)
    for batch in kept:
        storage.write([Persist(0, storage.term, storage.votedFor, batch)])
    where = damage.error
    _logger.error(
        "the log was damaged: {path}, at offset {offset}: {reason}. This server goes on without what came after entry "
        "{index}. Check the disk",
        path=where.path,
        offset=where.offset,
        reason=where.reason,
        index=storage.lastIndex,
    )


def recover(
    host: Host,
    config: Config,
    server: ServerConfig,
    folder: DataFolder,
    storage: LogStorage,
    machine: StateMachine,
    limits: ServerLimits,
) -> Raft:
    """
    Put the core together from the log.

    @raise CorruptLog: if the log is damaged.
    @raise LogFailed: if the disk fails.
    @raise Exhausted: if the system has no descriptor for the log's files.
    """
    if storage.cutBytes:
        _logger.info("cut {bytes} bytes off the log: a write that was not finished", bytes=storage.cutBytes)
    if folder.repair is not None:
        _logger.warn(
            "the log lacks entries that it had, up to entry {last} at the most: this server does not vote until it has "
            "got them from the leader",
            last=folder.repair.lastIndex,
        )
    entries, later = _recent(machine.appliedIndex, storage, limits)
    configurations = _configurations(folder, machine, later)
    lowest = min(configurations.latest.voters, default=server.id)
    return Raft(
        RaftConfig(
            server.id,
            electionTicks=round(config.electionTimeout / config.heartbeat * TICKS_PER_HEARTBEAT),
            heartbeatTicks=TICKS_PER_HEARTBEAT,
            applyTicks=APPLY_TICKS,
            firstElectionFactor=1 if server.id == lowest else FIRST_ELECTION_FACTOR,
            limits=limits.raft,
        ),
        host.random,
        RaftLog(storage.termRuns, storage.lastIndex, entries, storage.firstIndex, storage.prevTerm, limits=limits.raft),
        configurations,
        storage.term,
        storage.votedFor,
        machine.appliedIndex,
        folder.repair,
    )


def beginning(folder: DataFolder) -> Configuration:
    """
    Who the members are as long as the log does not say it: those of the servers file with which the folder was made.
    """
    return Configuration.ofVoters(folder.members)


def _configurations(
    folder: DataFolder, machine: StateMachine, later: Iterable[tuple[int, Configuration]]
) -> Configurations:
    """
    @param later: index and configuration of the entries that have one, of those which the machine has yet to apply.
    """
    return Configurations(machine.members.configuration or beginning(folder), machine.appliedIndex, later)


def _entriesAfter(index: int, storage: LogStorage, limits: ServerLimits) -> Iterator[list[Entry]]:
    """
    Read the entries after C{index}, as many at once as a node reads.
    """
    while index < storage.lastIndex:
        entries = storage.read(index + 1, storage.lastIndex, limits.node.readBytes)
        index = entries[-1].index
        yield entries


def _nextAfter(index: int, storage: LogStorage, limits: ServerLimits) -> list[Batch]:
    """
    Read the entries after C{index}, or the first of them: as many as the core keeps in memory, and one piece at the
    most beyond that.
    """
    batches: list[Batch] = []
    size = 0
    for piece in _entriesAfter(index, storage, limits):
        batches.append(Batch(piece))
        size += bytesOf(piece)
        if size >= limits.raft.cacheBytes:
            break
    return batches


def _recent(
    index: int, storage: LogStorage, limits: ServerLimits
) -> tuple[list[Entry], list[tuple[int, Configuration]]]:
    """
    Read the entries after C{index}.

    @return: all of them, or the last of them, as many as the core keeps in memory; and index and configuration of those
        that have one.
    """
    most = limits.raft.cacheBytes
    pieces: deque[list[Entry]] = deque()
    configurations = []
    size = 0
    for piece in _entriesAfter(index, storage, limits):
        configurations += configurationsIn(piece)
        pieces.append(piece)
        size += bytesOf(piece)
        while size > most and len(pieces) > 1:
            size -= bytesOf(pieces.popleft())
    return [entry for piece in pieces for entry in piece], configurations


def compare(path: str, index: int, term: int, log: LogStorage | LogOutline) -> None:
    """
    Make sure that a store goes with the log.

    @param path: where the store is.
    @param index: the last entry that it has applied.
    @param term: the term of that entry.
    @raise EngineError: if it does not.
    """
    logged = _termOf(index, path, log)
    if term != logged:
        raise EngineError(
            f"the store in {path} has applied entry {index} of term {term}, but the log has that entry of term "
            f"{logged}: they do not belong together, and this server must not go on"
        )


def _termOf(index: int, path: str, log: LogStorage | LogOutline) -> int:
    """
    Tell the term of the last entry that the store has applied, by the log.

    @param path: where the store is.
    @raise EngineError: if the log begins later, or ends before.
    """
    if index < log.firstIndex - 1:
        raise EngineError(
            f"the store in {path} has applied entry {index}, but the log begins after entry {log.firstIndex - 1}: "
            "the store has lost what is no longer in the log, and this server must not go on. Put the store back as it "
            "was, or replace this server (replkv member replace)"
        )
    if index > log.lastIndex:
        raise EngineError(
            f"the store in {path} has applied entry {index}, but the log ends at {log.lastIndex}: the log has lost "
            "entries, and this server must not go on"
        )
    return max([run for run in log.termRuns if run[0] <= index], default=(0, log.prevTerm))[1]


def readClock(folder: DataFolder) -> ClockRecord | None:
    """
    Read what the clocks said last; C{None} if that is not known.
    """
    try:
        return folder.readClock()
    except (ValueError, OSError) as error:
        _logger.warn("{error}; until a leader tells the time, it goes on from the log's last entry", error=error)
        return None


def startClock(host: Host, record: ClockRecord | None, machine: StateMachine, raft: Raft) -> ClusterClock:
    """
    Go on with the cluster's time.

    @param record: what the clocks said last.
    """
    stamp = largestStamp(machine.clock, raft.log.recentAfter(machine.appliedIndex))
    time = bridged(record, host.wallClock(), host.bootTime(), host.bootId(), stamp)
    hasCountedOn = record is not None and record.isKnown and record.isOf(host.bootId())
    return ClusterClock(host.bootTime, time, hasCountedOn)
