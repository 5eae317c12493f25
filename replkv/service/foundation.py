"""
What a server stands on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twisted.internet import defer
from twisted.logger import Logger

from replkv.config import Config, ServerConfig
from replkv.service.descriptors import Descriptors
from replkv.service.host import Host
from replkv.service.limits import ServerLimits
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.versions import Versions

BACKUP_TIMEOUT: Final = 5.0
"""
Seconds that the thread for backups has, when the server stops, to give up what it does.
"""


class Threads:
    """
    The threads of a server.

    @ivar log: in which the log is written.
    @ivar store: in which the store is brought to the disk, and all else that is small is written.
    @ivar files: in which the files of snapshots are read and written.
    @ivar logins: in which the tokens of users are tried.
    @ivar backup: in which backups are made; C{None} if the server makes none by itself.
    """

    _logger = Logger()

    def __init__(self, host: Host, makesBackups: bool) -> None:
        self._clock = host.reactor
        self._run = False
        self.log = host.worker("log")
        self.store = host.worker("store")
        self.files = host.worker("files")
        self.logins = host.worker("logins")
        self.backup = host.worker("backup") if makesBackups else None

    def start(self) -> None:
        """
        Start them all.
        """
        self._run = True
        for thread in (self.log, self.store, self.files, self.logins, self.backup):
            if thread is not None:
                thread.start()

    async def stop(self) -> None:
        """
        Stop them all, each when it has done what it was given. But where backups go to a disk of another machine that
        does not answer, their thread is left behind: it ends with the process.
        """
        for thread in (self.log, self.store, self.files, self.logins):
            thread.stop()
        if self.backup is None:
            return
        if self._run:
            try:
                await self.backup.run(lambda: None).addTimeout(BACKUP_TIMEOUT, self._clock)
            except defer.TimeoutError:
                self._logger.warn(
                    "the folder for backups has not answered for {seconds:g} s: this server does not wait for it",
                    seconds=BACKUP_TIMEOUT,
                )
                return
        self.backup.stop()


@dataclass(frozen=True)
class Foundation:
    """
    All that is there before a server's parts are made.

    @ivar host: what the server runs on.
    @ivar config: the cluster's configuration.
    @ivar server: the server's own part of it.
    @ivar folder: the data folder, locked.
    @ivar storage: the log in it.
    @ivar descriptors: how many files the server may have open, and what for.
    @ivar limits: how much it does and keeps at once.
    @ivar versions: the versions that it speaks with the other servers.
    @ivar threads: its threads, which do not run yet.
    """

    host: Host
    config: Config
    server: ServerConfig
    folder: DataFolder
    storage: LogStorage
    descriptors: Descriptors
    limits: ServerLimits
    versions: Versions
    threads: Threads
