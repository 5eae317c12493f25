"""
All keys of a cluster, written as JSON lines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import ClassVar, Final

from replkv.cli.backup import reading, refused
from replkv.cli.command import serversOf
from replkv.cli.fetching import FetchingCommand
from replkv.cli.jsonlines import encodeLine
from replkv.cli.statuses import DONE, UNAVAILABLE
from replkv.cli.streams import remark, write
from replkv.config import Config, ConfigError
from replkv.kv.rocks import unchanged
from replkv.kv.verification import recordsOf
from replkv.service.restoration import unpack
from replkv.storage.backup import BadBackup
from replkv.storage.files import OSFiles

_PROGRESS_KEYS: Final = 100_000
_WRITE_BYTES: Final = 256 << 10


class ExportCommand(FetchingCommand):
    """
    C{replkv export}.
    """

    subject = "the file to make, or - for the standard output"
    synopsis = "[--config FILE] [--server N] [--timeout SECONDS] FILE\n       replkv export --backup BACKUP FILE"
    longdesc = (
        "Writes all keys as they are at one entry, all that was answered before included; or as they are in a backup. "
        "Each is one line of JSON: key, value, version, flags, where there are some, and, where it expires, exptime, "
        "the seconds that it has left then. A key or value that is not UTF-8 is written as keyBase64 or valueBase64. "
        "FILE is the file to make, or - for the standard output."
    )
    optParameters: ClassVar = [
        ["backup", "b", None, "Export this backup, and not the cluster."],
        ["server", "s", None, "The id of the server to take the keys from. [default: one that follows]"],
        ["timeout", "t", "60", "For how many seconds to wait for a server."],
    ]

    def carryOut(self) -> int:
        """
        Export a backup, or a cluster.
        """
        if self["path"] != "-" and os.path.lexists(self["path"]):
            raise ConfigError(f"{self['path']} is there already")
        return super().carryOut() if self["backup"] is None else self._exportBackup()

    def run(self, filename: str, config: Config) -> int:
        """
        Export a cluster.
        """
        serversOf(config, self["server"], "--server")
        with self._room() as room:
            fetched = self.fetch(config, _storeIn(room))
            return UNAVAILABLE if fetched is None else self._write(room, fetched.time)

    def _exportBackup(self) -> int:
        with self._room() as room:
            try:
                backup = reading(self["backup"], lambda: unpack(self["backup"], _storeIn(room)))
            except BadBackup as error:
                return refused(error)
            return self._write(room, backup.time)

    @contextmanager
    def _room(self) -> Iterator[str]:
        """
        A folder for a store, and for the file until it is whole: beside where that will be.
        """
        beside = None if self["path"] == "-" else os.path.dirname(os.path.abspath(self["path"]))
        with TemporaryDirectory(prefix="replkv-export.", dir=beside) as temporary:
            yield temporary

    def _write(self, room: str, moment: int) -> int:
        """
        Write what is in the store. A file has its name only when it is whole, and on the disk.

        @param moment: the cluster's time.
        """
        path = self["path"]
        if path == "-":
            count = _export(_storeIn(room), moment, write)
        else:
            partial = os.path.join(room, "keys")
            with open(partial, "wb", opener=_private) as file:
                count = _export(_storeIn(room), moment, file.write)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            OSFiles().syncFolder(os.path.dirname(os.path.abspath(path)))
        remark(f"exported {count} keys")
        return DONE


def _storeIn(room: str) -> str:
    return os.path.join(room, "store")


def _export(folder: str, moment: int, take: Callable[[bytes], object]) -> int:
    """
    @return: how many keys there were.
    """
    count = size = 0
    lines: list[bytes] = []
    with unchanged(folder) as engine:
        for key, record in recordsOf(engine):
            if record.deadline and record.deadline <= moment:
                continue
            lines.append(encodeLine(key, record, moment))
            size += len(lines[-1])
            count += 1
            if size >= _WRITE_BYTES:
                take(b"".join(lines))
                lines, size = [], 0
            if count % _PROGRESS_KEYS == 0:
                remark(f"{count} keys")
    take(b"".join(lines))
    return count


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
