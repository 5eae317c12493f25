"""
Memory: what a core keeps of its log is within its limits.
"""

from __future__ import annotations

from collections import Counter

from replkv.raft.outputs import Ready
from replkv.testing import rare
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Memory:
    """
    However far a state machine is behind its log: see L{RaftLimits<replkv.raft.limits.RaftLimits>}.
    """

    def __init__(self, counted: Counter[str]) -> None:
        self._rare = counted

    def check(self, view: View, ready: Ready) -> None:
        """
        A server has to do with others.

        @raise Violation: if it keeps more than it may of what its disk has, or gives out more at once.
        """
        raft, limits = view.raft, view.raft.config.limits
        log, durable = raft.log, raft.state.durableCommit
        kept = log.bytes - log.bytesBetween(durable, log.lastIndex)
        if kept > limits.cacheBytes:
            raise Violation(
                f"server {view.id} keeps {kept} bytes of entries up to {durable} in memory, which are committed and on "
                f"its disk, and {limits.cacheBytes} are the most"
            )
        given = sum(len(data) for _, _, data in ready.entries)
        if given > limits.readyBytes and len(ready.entries) > 1:
            raise Violation(f"server {view.id} has {given} bytes applied at once, and {limits.readyBytes} are the most")
        own = sum(load.peer == view.id for load in ready.loads)
        self._rare[rare.READ_BACK] += len(ready.loads) - own
        self._rare[rare.BACKLOG_READ] += own
