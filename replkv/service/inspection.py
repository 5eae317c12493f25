"""
What a data folder holds, and what is wrong with it. Nothing in it is changed, and its server may run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from replkv.kv.engine import EngineError
from replkv.kv.members import Members
from replkv.kv.rocks import unchanged
from replkv.kv.state import EarlierStore, MachineState, UnknownStore, readState
from replkv.kv.verification import verify
from replkv.lives import Life, Past
from replkv.raft.configuration import Configuration
from replkv.raft.repair import Repair
from replkv.service.recovery import compare
from replkv.storage.clockrecord import ClockRecord, decodeRecord
from replkv.storage.errors import CorruptLog
from replkv.storage.folder import storeName, storesIn
from replkv.storage.stamp import (
    REPAIR,
    WRONG,
    FolderError,
    NewerFolder,
    Stamp,
    WrongStore,
    readFile,
    readPast,
    readPeers,
    readRepair,
    readStamp,
    readWrong,
)
from replkv.storage.start import readStart
from replkv.storage.survey import LogSurvey, UnchangedFiles, survey

_LOOKS: Final = 3
"""
So often a folder is looked at in which something seems to be wrong: a server that runs may have changed one part of it
between the looks at two others.
"""

_T = TypeVar("_T")


class Inspection(NamedTuple):
    """
    What a folder holds: C{None} where it could not be read, or is not there.

    @ivar path: the folder.
    @ivar stamp: whose it is.
    @ivar past: how often its server was started.
    @ivar peers: the servers that it has met.
    @ivar clock: the clocks, when they were stored last.
    @ivar repair: what its log had before it lost entries, if that is not repaired yet.
    @ivar log: the log.
    @ivar store: the number of the current store.
    @ivar state: what that says of itself.
    @ivar members: those of the cluster, by that; C{None} where it names none, and those of the stamp count.
    @ivar isEarlier: whether the store is yet to be converted from an earlier format.
    @ivar leftovers: the names of other stores in it: a server that runs fetches one, or is removing it; after a crash
        the next start removes it.
    @ivar snapshots: how many snapshots it is giving to others, or was when it ended.
    @ivar findings: what is wrong, each in one line.
    """

    path: str
    stamp: Stamp
    past: Past | None
    peers: dict[int, Life]
    clock: ClockRecord | None
    repair: Repair | None
    log: LogSurvey | None
    store: int
    state: MachineState | None
    members: Configuration | None
    isEarlier: bool
    leftovers: tuple[str, ...]
    snapshots: int
    findings: tuple[str, ...]


def inspect(path: str, isThorough: bool) -> Inspection:
    """
    Look at a data folder.

    @param isThorough: read all of the store.
    @raise FolderError: if it is no data folder, or its stamp is damaged, or it is that of a later version.
    @raise UnknownFormat: if its log was written by a later version.
    @raise UnknownStore: if its store was.
    """
    for _ in range(_LOOKS):
        found = _look(path, isThorough)
        if not found.findings:
            break
    return found


class _Store(NamedTuple):
    """
    What a store says of itself, and of the members.
    """

    state: MachineState
    members: Configuration | None


class _Findings:
    """
    Gathers what is wrong.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def reading(self, name: str, read: Callable[[], _T], otherwise: _T) -> _T:
        """
        Read something.

        @param name: what it is.
        @param otherwise: what to take for it if it cannot be read.
        """
        try:
            return read()
        except (EarlierStore, NewerFolder, UnknownStore):
            raise
        except (CorruptLog, EngineError, FolderError) as error:
            self.lines.append(str(error))
        except OSError as error:
            self.lines.append(f"{error.filename or name} cannot be read: {error.strerror or error}")
        except (MemoryError, ValueError) as error:
            self.lines.append(f"{name} is damaged: {str(error) or 'it is larger than the memory'}")
        return otherwise


def _look(path: str, isThorough: bool) -> Inspection:
    files, findings = UnchangedFiles(), _Findings()
    stamp = _stampOf(path)
    past = findings.reading("starts.json", lambda: readPast(files, path, stamp.incarnation), None)
    nobody: dict[int, Life] = {}
    peers = findings.reading("peers.json", lambda: readPeers(files, path), nobody)
    clock = findings.reading("clock.json", lambda: _readClock(path), None)
    repair = findings.reading(REPAIR, lambda: readRepair(files, path), None)
    logPath = os.path.join(path, "log")
    if not files.exists(logPath):
        return Inspection(
            path, stamp, past, peers, clock, repair, None, 0, None, None, False, (), 0, tuple(findings.lines)
        )
    # What says where the log begins is damaged for the log too, which tells it.
    store = _Findings().reading("start", lambda: readStart(files, logPath).store, 0)
    storePath = os.path.join(path, storeName(store))
    isEarlier = False
    found: _Store | None = _Store(MachineState(), None)
    try:
        # A server makes one where there is none. The store is read before the log: if its server runs, it is behind.
        if files.exists(os.path.join(storePath, "CURRENT")):
            found = findings.reading(storePath, lambda: _readStore(storePath, isThorough), None)
    except EarlierStore:
        isEarlier, found = True, None
    state, members = (None, None) if found is None else found
    log = survey(logPath)
    if log.damage is not None:
        findings.lines.append(log.damage)
    elif state is not None:
        index, term = state.appliedIndex, state.appliedTerm
        findings.reading(storePath, lambda: compare(storePath, index, term, log.outline), None)
    wrong = findings.reading(WRONG, lambda: readWrong(files, path), None)
    if wrong is not None and wrong.store == store:
        ids = stamp.members if members is None else members.ids
        findings.lines.append(_describeWrong(wrong, len(ids)))
    leftovers = tuple(name for name in storesIn(files, path) if name != storeName(store))
    snapshots = findings.reading("snapshots", lambda: _countSnapshots(path), 0)
    lines = tuple(findings.lines)
    return Inspection(
        path, stamp, past, peers, clock, repair, log, store, state, members, isEarlier, leftovers, snapshots, lines
    )


def _describeWrong(wrong: WrongStore, count: int) -> str:
    """
    Tell what a server has found out about itself, and what to do.

    @param count: how many members its cluster has.
    """
    if count > 1:
        cure = "It goes on from a snapshot of another server when it runs: start it, and a majority of the others"
    else:
        cure = "Nobody else has it: check this machine's disk and memory, and restore a backup"
    return f"the server has found that its state is wrong: {wrong.reason}. {cure}"


def _countSnapshots(path: str) -> int:
    try:
        return len(os.listdir(os.path.join(path, "snapshots")))
    except FileNotFoundError:
        return 0


def _stampOf(path: str) -> Stamp:
    """
    @raise FolderError: if it has none, or none that can be read.
    """
    try:
        stamp = readStamp(UnchangedFiles(), path)
    except (OSError, ValueError) as error:
        raise FolderError(f"{path} is no data folder that can be read: {error}") from None
    if stamp is None:
        raise FolderError(f"{path} is no server's data folder: there is no stamp.json in it")
    return stamp


def _readClock(path: str) -> ClockRecord | None:
    found = readFile(UnchangedFiles(), path, "clock.json")
    return None if found is None else decodeRecord(found)


def _readStore(path: str, isThorough: bool) -> _Store:
    with unchanged(path) as engine:
        state = readState(engine)
        members = Members(engine, {}).configuration
        return _Store(verify(engine) if isThorough else state, members)
