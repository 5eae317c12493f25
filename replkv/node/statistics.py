"""
How a server is, for those who operate it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from replkv.kv.machine import StateMachine
from replkv.node.backupschedule import BackupSchedule
from replkv.node.diskspace import DiskSpace
from replkv.node.executor import Executor
from replkv.node.forwarder import Forwarder
from replkv.node.roster import Roster
from replkv.node.shortages import Shortages
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
        forwarder: Forwarder,
        roster: Roster,
        refused: Collection[int],
        versions: MemberVersions,
        space: DiskSpace,
        shortages: Shortages,
        backups: BackupSchedule | None,
        certificateEnd: Callable[[], datetime | None],
        clock: IReactorTime,
    ) -> None:
        """
        @param roster: knows who the members are.
        @param refused: the servers that this one does not let in, since they are not what they were; kept by whoever
            judges them.
        @param versions: what this server speaks, and the others.
        @param space: the room on its disk.
        @param shortages: which disks are nearly full.
        @param backups: those that it makes by itself, if it does.
        @param certificateEnd: tells when the first of its certificates ends; C{None} if it has none.
        @param clock: counts from now on for how long the server is up.
        """
        self._raft = raft
        self._machine = machine
        self._executor = executor
        self._forwarder = forwarder
        self._roster = roster
        self._refused = refused
        self._versions = versions
        self._space = space
        self._shortages = shortages
        self._backups = backups
        self._certificateEnd = certificateEnd
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
            "member": self._roster.standing,
            "term": str(status.term),
            "leader": "none" if status.leaderId is None else str(status.leaderId),
            "commit_index": str(status.commitIndex),
            "applied_index": str(self._machine.appliedIndex),
            "state_hash": f"{self._machine.hash:016x}",
            "state": "wrong" if self._raft.isDistrusted else "ok",
            "last_log_index": str(status.lastIndex),
            "log": "repairing" if self._raft.isRepairing else "ok",
            "auth": "on" if self._machine.users.areHeeded else "off",
            "keys": str(self._machine.keys),
            "refused": ",".join(map(str, sorted(self._refused))) or "none",
            "protocol_version": str(self._versions.own.newest),
            "enabled_version": str(self._versions.lowest),
            "disk_free": "unknown" if self._space.free is None else str(self._space.free),
            "disk_reserve": str(self._space.reserve),
            "full_disks": ",".join(map(str, self._shortages.full)) or "none",
            "takes_writes": "yes" if self._shortages.takesWrites else "no",
            "last_backup": self._lastBackup(),
            "certificate_end": "none" if (end := self._certificateEnd()) is None else f"{end:%Y-%m-%d}",
            "pending": str(self._executor.pending),
            "forwarded": str(self._forwarder.count),
            "uptime": str(int(self._clock.seconds() - self._started)),
        }

    def _lastBackup(self) -> str:
        if self._backups is None:
            return "off"
        last = self._backups.last
        return "none" if last is None else last.name
