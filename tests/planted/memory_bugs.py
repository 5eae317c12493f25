"""
Bugs of what a core keeps of its log in memory, and of what it reads back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replkv.raft.entry import Entry
from replkv.raft.log import RaftLog
from replkv.raft.outputs import Ready
from replkv.raft.readback import ReadBack
from replkv.raft.state import ServerState
from tests.planted.bug import Bug, Patch

_forget = RaftLog.forget
_takeReady = ServerState.takeReady


def _keepUnapplied(state: ServerState, mayApply: bool) -> Ready:
    log = state.log
    log.forget = lambda index: _forget(log, state.lastApplied)  # type: ignore[method-assign]
    return _takeReady(state, mayApply)


def _anyPiece(readBack: ReadBack, first: int, last: int) -> list[Entry]:
    found, readBack._entries = list(readBack._entries[: last + 1 - first]), ()
    return found


def _leaveOut(readBack: ReadBack, entries: Sequence[Entry]) -> None:
    readBack.isUnderWay = False
    readBack._entries = [*entries[:1], *entries[2:]]


BUGS: Final = (
    Bug("what is not applied stays in memory", "core", 50, (Patch(ServerState, "takeReady", _keepUnapplied),)),
    Bug("what was read for another place is applied", "core", 1000, (Patch(ReadBack, "entries", _anyPiece),)),
    Bug("an entry that was read is left out", "core", 50, (Patch(ReadBack, "loaded", _leaveOut),)),
)
