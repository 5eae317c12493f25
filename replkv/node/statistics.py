"""
How a server is, for those who operate it.
"""

from __future__ import annotations

from collections.abc import Collection

from twisted.internet.interfaces import IReactorTime

from replkv.kv.machine import StateMachine
from replkv.node.executor import Executor
from replkv.raft.core import Raft
from replkv.versions import MemberVersions


class NodeStatistics:
    """
    Reads the numbers where they are kept.
    """

    def __init__(
        self,
        raft: Raft,
        machine: StateMachine,
        executor: Executor,
        refused: Collection[int],
        versions: MemberVersions,
        clock: IReactorTime,
    ) -> None:
        """
        @param refused: the servers that this one does not let in, since they are not what they were; kept by whoever
            judges them.
        @param versions: what this server speaks, and the others.
        @param clock: counts from now on for how long the server is up.
        """
        self._raft = raft
        self._machine = machine
        self._executor = executor
        self._refused = refused
        self._versions = versions
        self._clock = clock
        self._started = clock.seconds()

    def values(self) -> dict[str, str]:
        """
        Values for C{stats}, by name.
        """
        status = self._raft.status
        return {
            "id": str(status.id),
            "role": status.role.value,
            "term": str(status.term),
            "leader": "none" if status.leaderId is None else str(status.leaderId),
            "commit_index": str(status.commitIndex),
            "applied_index": str(self._machine.appliedIndex),
            "state_hash": f"{self._machine.hash:016x}",
            "last_log_index": str(status.lastIndex),
            "keys": str(self._machine.keys),
            "refused": ",".join(map(str, sorted(self._refused))) or "none",
            "protocol_version": str(self._versions.own.newest),
            "enabled_version": str(self._versions.lowest),
            "pending": str(self._executor.pending),
            "uptime": str(int(self._clock.seconds() - self._started)),
        }
