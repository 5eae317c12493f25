"""
Backups: made of a cluster that runs, verified, and made a cluster again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import ClassVar, Final, TypeVar

from twisted.python.usage import UsageError

from replkv.cli.command import PathCommand, ServersCommand, serversOf
from replkv.cli.fetching import FetchingCommand
from replkv.cli.statuses import DAMAGED, DONE, UNAVAILABLE
from replkv.cli.streams import say, tell
from replkv.config import Config, ConfigError, ServerConfig
from replkv.kv.engine import EngineError
from replkv.service.inspection import inspect
from replkv.service.restoration import recover, restore, unpack
from replkv.storage.backup import Backup, BadBackup, NewerBackup, writeBackup
from replkv.storage.errors import CorruptLog, UnknownFormat
from replkv.storage.files import OSFiles
from replkv.storage.stamp import FolderError

_DATA_DIR: Final = ["data-dir", None, None, 'The folder to use instead of the file\'s "Path".']

_T = TypeVar("_T")


class BackupCommand(FetchingCommand):
    """
    C{replkv backup}.
    """

    subject = "the file to make"
    synopsis = "[--config FILE] [--server N] [--timeout SECONDS] BACKUP"
    longdesc = (
        "Makes a backup of the cluster, which goes on meanwhile: the file has the state at one entry, all that was "
        "answered before included. It is verified before it gets its name."
    )
    optParameters: ClassVar = [
        ["server", "s", None, "The id of the server to take it from. [default: one that follows]"],
        ["timeout", "t", "60", "For how many seconds to wait for a server."],
    ]

    def run(self, filename: str, config: Config) -> int:
        """
        Make the backup.
        """
        path = os.path.abspath(self["path"])
        if os.path.lexists(path):
            raise ConfigError(f"{path} is there already")
        serversOf(config, self["server"], "--server")
        with TemporaryDirectory(prefix=f"{os.path.basename(path)}.", dir=os.path.dirname(path)) as temporary:
            folder = os.path.join(temporary, "store")
            fetched = self.fetch(config, folder)
            if fetched is None:
                return UNAVAILABLE
            backup = Backup(fetched.cluster, fetched.server, fetched.time, time.time(), *fetched.state)
            size = writeBackup(OSFiles(), path, backup, folder)
        say(f"{_described(backup)}, {size} bytes")
        return DONE


class VerifyCommand(PathCommand):
    """
    C{replkv verify}.
    """

    subject = "a backup"
    synopsis = "BACKUP"
    longdesc = (
        "Verifies a backup: its checksums, and every record of the store that is in it, for which it is taken apart "
        f"in a temporary folder. The exit status is {DAMAGED} if it is damaged, or no backup."
    )

    def carryOut(self) -> int:
        """
        Verify it.
        """
        with TemporaryDirectory(prefix="replkv-") as temporary:
            try:
                backup = reading(self["path"], lambda: unpack(self["path"], os.path.join(temporary, "store")))
            except BadBackup as error:
                return refused(error)
        say(f"{_described(backup)}: all of it is well")
        return DONE


class RestoreCommand(PathCommand, ServersCommand):
    """
    C{replkv restore}.
    """

    subject = "a backup"
    synopsis = "[--config FILE] [--id N] [--data-dir DIR] [--without-users] BACKUP"
    longdesc = (
        "Makes a fresh cluster of a backup: the data folders of all servers of the servers file, or that of server N. "
        "All servers have to be made of the same backup. Versions and expiry go on where they were. A data folder in "
        "which something is left is refused."
    )
    optParameters: ClassVar = [["id", None, None, "Only this server. [default: all]"], _DATA_DIR]
    optFlags: ClassVar = [
        [
            "without-users",
            None,
            "Leave the users out, of all servers: then everybody may do everything, until there is an admin.",
        ]
    ]

    def run(self, filename: str, config: Config) -> int:
        """
        Make the data folders.
        """
        for server in serversOf(config, self["id"]):
            folder = _folderOf(config, self["data-dir"], server)
            try:
                backup = reading(self["path"], lambda: self._restored(folder, server, config))  # noqa: B023
            except FolderError as error:
                raise ConfigError(str(error)) from None
            except BadBackup as error:
                return refused(error)
            say(f"{folder}: {_described(backup)}")
        return DONE

    def _restored(self, folder: str, server: ServerConfig, config: Config) -> Backup:
        members = [each.id for each in config.servers]
        return restore(self["path"], folder, server.id, config.cluster, members, not self["without-users"])


class RecoverCommand(ServersCommand):
    """
    C{replkv recover}.
    """

    synopsis = "--id N [--config FILE] [--data-dir DIR] [--yes]"
    longdesc = (
        "For a cluster that has lost the majority of its servers for good: makes a cluster of one of the data folder "
        "of server N, which is stopped. Without --yes it only tells what that means."
    )
    optParameters: ClassVar = [["id", None, None, "The server whose folder survived. Required."], _DATA_DIR]
    optFlags: ClassVar = [["yes", "y", "Do it."]]

    def run(self, filename: str, config: Config) -> int:
        """
        Make a cluster of one.
        """
        if self["id"] is None:
            raise UsageError("--id N has to say whose folder survived")
        [server] = serversOf(config, self["id"])
        folder = _folderOf(config, self["data-dir"], server)
        try:
            found = inspect(folder, False)
            if found.findings or found.log is None:
                raise ConfigError(f"{folder} is not fit for it: {'; '.join(found.findings) or 'it has no log'}")
            outline = found.log.outline
            last = outline.lastIndex
            for line in (
                f"{folder} has entries up to {last}, of term {outline.termAt(last)}.",
                f"Server {server.id} becomes a cluster of its own, with all that is in its log:",
                "- What the lost servers had acknowledged and this one never got is lost, and nothing can tell how much"
                " that is.",
                "- What was written and never acknowledged may count from now on.",
                "- The other servers of the old cluster do not belong to it any more, and must never be started with "
                "it.",
                "Of several folders that survived, take the one with the highest term, and then the highest entry.",
            ):
                say(line)
            if not self["yes"]:
                tell("nothing was done: --yes does it")
                return UNAVAILABLE
            recover(folder, server.id, config.cluster)
        except (FolderError, UnknownFormat, CorruptLog, EngineError) as error:
            raise ConfigError(str(error)) from None
        say(f"done: now start server {server.id}; others come by replkv member add, with empty data folders")
        return DONE


def reading(path: str, read: Callable[[], _T]) -> _T:
    """
    Have a file that cannot be read be the user's mistake.
    """
    try:
        return read()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def refused(error: BadBackup) -> int:
    """
    Tell what is wrong with a backup.

    @return: the exit status.
    @raise ConfigError: if it is a mistake of the user's: what made it is newer.
    """
    if isinstance(error, NewerBackup):
        raise ConfigError(str(error)) from None
    tell(str(error))
    return DAMAGED


def _folderOf(config: Config, dataDir: str | None, server: ServerConfig) -> str:
    """
    Where a server keeps its data, as C{twistd replkv} has it.
    """
    return os.path.abspath(os.path.join(dataDir or config.path, str(server.id)))


def _described(backup: Backup) -> str:
    return (
        f"cluster {backup.cluster!r} as of server {backup.server}, {_moment(backup.wallClock)}: entry {backup.index} "
        f"of term {backup.term}, {backup.keys} keys, hash {backup.hash:016x}"
    )


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
