"""
Why a server cannot go on.
"""

from __future__ import annotations

from replkv import exits
from replkv.commands.logged import UnknownCommand
from replkv.kv.engine import EngineError, EngineStarved
from replkv.kv.record import RottenRecord
from replkv.storage.errors import CorruptLog, LogFailed


def endOf(error: BaseException | None) -> tuple[int, str]:
    """
    Tell the exit status of a server that has met C{error}, and the reason. Where something is wrong with its system or
    its disk, its operator is told what; anything else is an error of this program, as a broken invariant is
    (L{InvariantViolation<replkv.raft.invariants.InvariantViolation>}).
    """
    match error:
        case MemoryError():
            return exits.SYSTEM, "the system gives it no more memory"
        case EngineStarved():
            # It only had no descriptor: the next process will open the store.
            return exits.SYSTEM, f"the store failed: {error}"
        case RottenRecord():
            return exits.DISK, f"{error}. Check this machine's disk and memory, and restore a backup"
        case EngineError():
            return exits.DISK, f"the store failed: {error}"
        case LogFailed() | CorruptLog():
            return exits.DISK, str(error)
        case UnknownCommand():
            return exits.CONFIGURATION, str(error)
    return exits.INTERNAL, "it has met an error of its own, which is logged above"
