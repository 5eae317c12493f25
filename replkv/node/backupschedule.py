"""
The backups that a server makes by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from replkv.config import BackupPlan
from replkv.kv.engine import Engine, EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.record import RottenRecord
from replkv.kv.state import MachineState
from replkv.kv.verification import verify
from replkv.node.clusterclock import ClusterClock
from replkv.node.diskqueue import RunInThread
from replkv.node.diskspace import DiskSpace
from replkv.node.limits import NodeLimits
from replkv.raft.core import Raft
from replkv.storage.backup import Backup
from replkv.storage.backupfolder import BackupFolder, KeptBackup, NoRoom
from replkv.storage.files import Files

_CHECKPOINT: Final = "scheduled"
"""
The name of the folder for the state that is being backed up.
"""


class _Stopping(Exception):
    """
    The server stops.
    """


class BackupSchedule:
    """
    Makes a backup whenever one is due. The first one is due when the last one that is there was made so long ago, by
    the wall clock; but whatever that says, it is never further away than the time between two. From then on they are
    counted by a clock that only goes forward. One that could not be made is tried again, and those that were missed are
    not made up for.

    @ivar last: the last one that was made; C{None} if there is none, or that is not known yet.
    """

    _logger = Logger()

    def __init__(
        self,
        plan: BackupPlan,
        folder: BackupFolder,
        machine: StateMachine,
        raft: Raft,
        clusterClock: ClusterClock,
        cluster: str,
        space: DiskSpace,
        distrust: Callable[[str], None],
        files: Files,
        path: str,
        readStore: Callable[[str], AbstractContextManager[Engine]],
        runStore: RunInThread,
        runBackup: RunInThread,
        wallClock: Callable[[], float],
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param folder: where they are put.
        @param cluster: the cluster's name.
        @param space: how much room the disk of the store has.
        @param distrust: called with the reason when the state is found to be wrong.
        @param path: the folder in which snapshots are made, on the disk that the store is on.
        @param readStore: opens a store to read it.
        @param runStore: the thread for the store.
        @param runBackup: a thread for what takes long.
        @param wallClock: tells the seconds since the epoch.
        """
        self.last: KeptBackup | None = None
        self._plan = plan
        self._folder = folder
        self._machine = machine
        self._raft = raft
        self._clusterClock = clusterClock
        self._cluster = cluster
        self._space = space
        self._distrust = distrust
        self._files = files
        self._snapshots = path
        self._path = os.path.join(path, _CHECKPOINT)
        self._readStore = readStore
        self._runStore = runStore
        self._runBackup = runBackup
        self._wallClock = wallClock
        self._clock = clock
        self._limits = limits
        self._due = clock.seconds()
        self._knowsLast = False
        self._stopping = Event()
        self._told: str | None = None
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """
        Begin.
        """
        self._looking.start(self._limits.backupLookSeconds, now=False)

    def stop(self) -> None:
        """
        Begin no other one. The one that is being made is given up, soon.
        """
        self._stopping.set()
        self._looking.stop()

    def _look(self) -> Deferred[None] | None:
        """
        @return: fires when what is begun is over; until then nothing else is.
        """
        if self._clock.seconds() < self._due:
            return None
        return Deferred.fromCoroutine(self._attempt())

    async def _attempt(self) -> None:
        now = self._clock.seconds()
        try:
            await self._resume(now)
            # A new server has nothing yet, and one whose state is wrong has said so.
            if now < self._due or self._raft.isDistrusted or not self._machine.appliedIndex:
                return
            self._due = now + self._plan.every
            if self._space.isFull:
                raise NoRoom("the disk of the data folder is nearly full")
            await self._make()
            self._told = None
        except _Stopping:
            pass
        except RottenRecord as error:
            self._failed(now, str(error))
            if self._raft.peers:
                self._distrust(str(error))
        except (EngineError, NoRoom, OSError) as error:
            self._failed(now, str(error))

    async def _resume(self, now: float) -> None:
        """
        Go on from the last one that was made, by this process or before.
        """
        if self._knowsLast:
            return
        found: list[KeptBackup | None] = []
        await self._runBackup(lambda: found.append(self._folder.last()))
        [self.last] = found
        self._knowsLast = True
        if self.last is not None:
            passed = self._wallClock() - self.last.time
            self._due = now + min(max(self._plan.every - passed, 0.0), self._plan.every)

    async def _make(self) -> None:
        """
        Make one.
        """
        await self._runBackup(self._prepare)
        if self._stopping.is_set():
            return
        engine = self._machine.engine
        await self._runStore(lambda: self._machine.checkpoint(self._path))
        try:
            states: list[MachineState] = []
            await self._runBackup(lambda: states.append(self._verified()))
            # Where another store has taken its place meanwhile, this one may have been wrong.
            if self._raft.isDistrusted or self._machine.engine is not engine or self._stopping.is_set():
                return
            [state] = states
            backup = Backup(self._cluster, self._raft.config.id, self._clusterClock.now(), self._wallClock(), *state)
            made: list[tuple[KeptBackup, int]] = []
            reserve = self._space.reserve
            await self._runBackup(lambda: made.append(self._folder.add(backup, self._path, reserve, self._goOn)))
        finally:
            await self._runBackup(lambda: self._files.removeFolder(self._path))
        [(self.last, size)] = made
        self._logger.info(
            "a backup is made: {name} in {folder}, up to entry {index}, {keys} keys, {size} bytes",
            name=self.last.name,
            folder=self._plan.to,
            index=backup.index,
            keys=backup.keys,
            size=size,
        )
        try:
            await self._runBackup(lambda: self._folder.prune(self._plan.keep))
        except OSError as error:
            self._logger.warn(
                "older backups than are to be kept are in {folder}, and cannot be removed: {error}",
                folder=self._plan.to,
                error=error,
            )

    def _prepare(self) -> None:
        self._files.makeFolder(self._snapshots)
        if self._files.exists(self._path):
            self._files.removeFolder(self._path)

    def _verified(self) -> MachineState:
        with self._readStore(self._path) as engine:
            return verify(engine, self._goOn)

    def _goOn(self) -> None:
        """
        Called by the thread between two small steps: to let the reactor's thread have its turn, and the disk too.
        """
        if self._stopping.wait(self._limits.backupPause):
            raise _Stopping

    def _failed(self, now: float, reason: str) -> None:
        """
        Try again after a while, and tell the operator, but not the same once more.
        """
        self._due = now + min(self._limits.backupRetrySeconds, self._plan.every)
        if reason != self._told:
            self._told = reason
            self._logger.error(
                "no backup could be made, and it is tried again until one is: {reason}. See to it that {folder} is "
                "there, has room, and that the server's account may write there",
                reason=reason,
                folder=self._plan.to,
            )
