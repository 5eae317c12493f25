"""
Bugs of whole servers with their disks: the log, the store, and what is told of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import replkv.storage.log
import replkv.storage.segment
import replkv.storage.start
from replkv.commands.results import Result
from replkv.kv.engine import Engine
from replkv.kv.machine import StateMachine
from replkv.node.applier import Applier
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.repair import Repair
from replkv.service import assembly, recovery
from replkv.service.host import Host
from replkv.service.server import Server
from replkv.storage.files import Files
from replkv.storage.folder import DataFolder
from replkv.storage.salvage import _Reading
from replkv.storage.segment import NewFrame
from tests.planted.bug import Bug, Patch

_apply = StateMachine.apply
_applierApply = Applier._apply
_fail = Server._fail
_finish = _Reading.finish
_recover = recovery.recover


def _writeUnsynced(frame: NewFrame) -> None:
    frame.file.write(frame.offset, frame.data)


def _writeSynced(frame: NewFrame) -> None:
    """
    It ignores what the sync says.
    """
    frame.file.write(frame.offset, frame.data)
    with suppress(OSError):
        frame.file.sync()


class _Never(Exception):
    """
    Is never raised.
    """


def _recoverWithClock(host: Host, *given: Any) -> Raft:
    raft = _recover(host, *given)
    machine = next(part for part in given if isinstance(part, StateMachine))
    machine.localClock = host.wallClock  # type: ignore[attr-defined]
    return raft


def _applyByLocalClock(machine: StateMachine, entries: Sequence[Entry]) -> list[Result | None]:
    machine._records.clock = max(machine.clock, int(machine.localClock() * 1000))  # type: ignore[attr-defined]
    return _apply(machine, entries)


class _InTwoSteps:
    """
    An engine that gets the data first, and then how much of the log that is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        Write.
        """
        data = dict(changes)
        last = data.popitem()
        self._engine.write(data)
        self._engine.write(dict([last]))


def _applyInTwoSteps(machine: StateMachine, entries: Sequence[Entry]) -> list[Result | None]:
    engine = machine.engine
    machine.engine = _InTwoSteps(engine)
    try:
        return _apply(machine, entries)
    finally:
        machine.engine = engine


def _forgetUnflushed(applier: Applier, entries: list[Entry]) -> int:
    """
    It takes for flushed what is applied.
    """
    size = _applierApply(applier, entries)
    applier._compaction.flushed(applier._machine.appliedIndex)
    return size


def _replaceUnsynced(files: Files, folder: str, name: str, data: bytes) -> None:
    new = os.path.join(folder, f"{name}.new")
    if files.exists(new):
        files.remove(new)
    file = files.open(new, create=True)
    file.write(0, data)
    file.close()
    files.rename(new, os.path.join(folder, name))
    files.syncFolder(folder)


def _rememberInMemory(folder: DataFolder, repair: Repair) -> None:
    folder.repair = repair


def _keepOldVote(reading: _Reading) -> Repair:
    term, votedFor = reading.outline.term, reading.outline.votedFor
    had = _finish(reading)
    reading.outline.term, reading.outline.votedFor = term, votedFor
    return had


def _failUnnoticed(server: Server, status: int, reason: str) -> None:
    _fail(server, status, reason)
    server.exitStatus = 0


BUGS: Final = (
    Bug("acknowledged before the fsync", "cluster", 100, (Patch(NewFrame, "write", _writeUnsynced),)),
    Bug(
        "a system without descriptors taken for a failed disk",
        "cluster",
        100,
        (Patch(replkv.storage.log, "Exhausted", _Never),),
    ),
    Bug("a failed fsync ignored", "cluster", 400, (Patch(NewFrame, "write", _writeSynced),)),
    Bug(
        "damage in the middle of a log taken for a torn tail",
        "cluster",
        100,
        (Patch(replkv.storage.segment, "findFrame", lambda data, marker, offset: None),),
    ),
    Bug(
        "expiry by the local clock",
        "cluster",
        20,
        (
            Patch(assembly, "recover", _recoverWithClock),
            Patch(StateMachine, "apply", _applyByLocalClock),
        ),
    ),
    Bug("applied index and data not in one write", "cluster", 300, (Patch(StateMachine, "apply", _applyInTwoSteps),)),
    Bug(
        "a log cut before the store is on the disk",
        "cluster",
        100,
        (Patch(Applier, "_apply", _forgetUnflushed),),
    ),
    Bug(
        "where a log begins not synced",
        "cluster",
        100,
        (Patch(replkv.storage.start, "replaceFile", _replaceUnsynced),),
    ),
    Bug(
        "a repair forgotten over a restart",
        "cluster",
        150,
        (Patch(DataFolder, "rememberRepair", _rememberInMemory),),
    ),
    Bug(
        "a vote lost with a part of the log",
        "cluster",
        150,
        (Patch(_Reading, "finish", _keepOldVote),),
    ),
    Bug("a failed disk not told by the exit status", "cluster", 50, (Patch(Server, "_fail", _failUnnoticed),)),
)
