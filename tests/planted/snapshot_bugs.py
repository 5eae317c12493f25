"""
Bugs of snapshots on their way from one server's store to another's.
"""

from __future__ import annotations

from typing import Final

import replkv.node.snapshotfetcher
import replkv.storage.log
from replkv.kv.expiry import EXPIRING
from replkv.kv.memory import MemoryEngine
from replkv.kv.state import readState
from replkv.storage.files import Files
from replkv.storage.log import LogStorage
from replkv.storage.snapshot import IncomingSnapshot
from replkv.storage.start import LogStart, writeStart
from tests.planted.bug import Bug, Patch

_checkpoint = MemoryEngine.checkpoint
_restart = LogStorage.restart


def _finishUnsynced(incoming: IncomingSnapshot) -> None:
    incoming.close()
    incoming.file += 1
    incoming.offset = 0


def _checkpointWithoutExpiry(engine: MemoryEngine, path: str) -> None:
    kept = {key: value for key, value in engine._values.items() if not key.startswith(EXPIRING)}
    _checkpoint(MemoryEngine(kept, engine.save), path)


def _startWithoutTerm(files: Files, folder: str, start: LogStart) -> None:
    writeStart(files, folder, start._replace(term=0, votedFor=None))


def _restartWithOldStore(storage: LogStorage, index: int, term: int, store: int) -> None:
    _restart(storage, index, term, storage.store)


BUGS: Final = (
    Bug(
        "a snapshot is put in place without a sync",
        "cluster",
        400,
        (Patch(IncomingSnapshot, "_finish", _finishUnsynced),),
    ),
    Bug(
        "a snapshot lacks the index of expiring keys, and nobody looks",
        "cluster",
        100,
        (
            Patch(MemoryEngine, "checkpoint", _checkpointWithoutExpiry),
            Patch(replkv.node.snapshotfetcher, "verify", readState),
        ),
    ),
    Bug("a lower term after an install", "cluster", 200, (Patch(replkv.storage.log, "writeStart", _startWithoutTerm),)),
    Bug("an install that leaves the old store", "cluster", 200, (Patch(LogStorage, "restart", _restartWithOldStore),)),
)
