"""
The folder into which a server puts backups by itself.

Its files are named by server, by data folder (the beginning of its incarnation), by number and by time, as in
C{server-0-79fa2f7b-000017-20261126T105908Z.backup}. Nothing else in it is touched: it may have the files of other
servers and of other clusters, and those that the operator has put there. It is the numbers that say which is older: the
wall clock may have been wrong.
"""

from __future__ import annotations

import calendar
import os
import re
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from replkv.storage.backup import Backup, writeBackup
from replkv.storage.files import Files

_TIME: Final = "%Y%m%dT%H%M%SZ"
_SUFFIX: Final = ".backup"
_LAST_SECOND: Final = 253_402_300_799  # Of the year 9999.
_MIB: Final = 1 << 20


class NoRoom(Exception):
    """
    A backup might fill the disk. The message is for the operator.
    """


class KeptBackup(NamedTuple):
    """
    One of the files.

    @ivar number: which one it is: later ones have larger numbers.
    @ivar time: when it was made, in seconds since the epoch, by the wall clock of then.
    @ivar name: the file's name.
    """

    number: int
    time: int
    name: str


class BackupFolder:
    """
    The backups of one server in it. All calls block.
    """

    def __init__(self, files: Files, path: str, server: int, incarnation: str) -> None:
        """
        @param path: the folder, which need not be there.
        @param incarnation: that of the server's data folder.
        """
        self._files = files
        self._path = path
        self._prefix = f"server-{server}-{incarnation[:8]}-"
        self._name = re.compile(re.escape(self._prefix) + r"([0-9]{6,15})-([0-9]{8}T[0-9]{6}Z)" + re.escape(_SUFFIX))

    def last(self) -> KeptBackup | None:
        """
        The last one that was made; C{None} if there is none.

        @raise OSError: if the system refuses.
        """
        return max(self._kept(), default=None)

    def add(self, backup: Backup, store: str, reserve: int, onPiece: Callable[[], None]) -> tuple[KeptBackup, int]:
        """
        Make another one.

        @param store: where the store's files are.
        @param reserve: how many bytes have to be free on the disk when it is made.
        @param onPiece: called for each piece of it that is written; what it raises ends that.
        @return: what it is, and its size in bytes.
        @raise NoRoom: if there is too little.
        @raise OSError: if the system refuses.
        """
        self._files.makeFolder(self._path)
        self._removePartial()
        self._checkRoom(store, reserve)
        before = self.last()
        number = 1 if before is None else before.number + 1
        seconds = int(min(max(backup.wallClock, 0), _LAST_SECOND))
        name = f"{self._prefix}{number:06}-{time.strftime(_TIME, time.gmtime(seconds))}{_SUFFIX}"
        size = writeBackup(self._files, os.path.join(self._path, name), backup, store, onPiece)
        return KeptBackup(number, seconds, name), size

    def prune(self, keep: int) -> None:
        """
        Remove the oldest ones.

        @param keep: how many there may be then.
        @raise OSError: if the system refuses.
        """
        for old in sorted(self._kept())[:-keep]:
            self._files.remove(os.path.join(self._path, old.name))
        self._files.syncFolder(self._path)

    def _kept(self) -> list[KeptBackup]:
        if not self._files.exists(self._path):
            return []
        found = []
        for name in self._files.list(self._path):
            match = self._name.fullmatch(name)
            if match is not None:
                found.append(KeptBackup(int(match[1]), _secondsOf(match[2]), name))
        return found

    def _removePartial(self) -> None:
        """
        Remove what a crash has left of one that was being made.
        """
        for name in self._files.list(self._path):
            if self._name.fullmatch(name.removesuffix(".partial")) and name.endswith(".partial"):
                self._files.remove(os.path.join(self._path, name))

    def _checkRoom(self, store: str, reserve: int) -> None:
        needed = sum(_sizeOf(self._files, os.path.join(store, name)) for name in self._files.list(store))
        free = self._files.space(self._path).free
        if free < needed + reserve:
            raise NoRoom(
                f"{self._path} has room for {free // _MIB} MiB, and it needs {-(-needed // _MIB)} MiB besides a "
                f"reserve of {reserve // _MIB} MiB"
            )


def _secondsOf(text: str) -> int:
    """
    Make seconds since the epoch of the time in a name; 0 where it is none.
    """
    try:
        return calendar.timegm(time.strptime(text, _TIME))
    except ValueError:
        return 0


def _sizeOf(files: Files, path: str) -> int:
    file = files.open(path, create=False)
    try:
        return file.size()
    finally:
        file.close()
