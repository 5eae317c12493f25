"""
What a reader wants to know of a server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replkv.raft.core import Raft

_COMMITS_TOLD: Final = 10
"""
A leader tells of every so many entries that it has committed.
"""


class Story:
    """
    Tells what changes about one server.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        """
        @param tell: adds to the story.
        """
        self._tell = tell
        self._known: tuple[object, ...] = ()
        self._committed = 0

    def starts(self, raft: Raft, lastApplied: int) -> None:
        """
        It starts.
        """
        self._tell(f"starts in term {raft.currentTerm} with {raft.log.lastIndex} entries, {lastApplied} applied")
        self._known = self._state(raft)

    def look(self, raft: Raft) -> None:
        """
        See what has changed.
        """
        known = self._state(raft)
        if known != self._known:
            before, self._known = self._known, known
            self._tell(self._news(raft, known[1:3] != before[1:3]))
        elif raft.commitIndex >= self._committed + _COMMITS_TOLD and raft.role.name == "leader":
            self._committed = raft.commitIndex
            self._tell(f"has committed {raft.commitIndex} entries")

    def _news(self, raft: Raft, voted: bool) -> str:
        """
        @param voted: whether its term or its vote has changed.
        """
        term = raft.currentTerm
        name = raft.role.name
        if name == "leader":
            return f"leads term {term}, and has {raft.log.lastIndex} entries"
        if name == "candidate":
            return f"stands for election in term {term}"
        if name == "pre-candidate":
            return f"asks whether it could win an election in term {term + 1}"
        if raft.leaderId is not None:
            return f"follows server {raft.leaderId} in term {term}"
        if voted and raft.votedFor is not None:
            return f"votes for server {raft.votedFor} in term {term}"
        return f"knows no leader in term {term}"

    def _state(self, raft: Raft) -> tuple[object, ...]:
        return (raft.role.name, raft.currentTerm, raft.votedFor, raft.leaderId)
