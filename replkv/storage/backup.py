"""
A backup: the state of a cluster at one entry, as one file.

The file: magic, format, length of the description, description (JSON), checksum of all that; then the files of the
store, one after the other; then the checksum of the whole. The first checksum is a CRC-32, the last one XXH3 in 128
bits; each file has one of its own in the description. Every number is big-endian.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from xxhash import xxh3_128

from replkv.storage.files import File, Files
from replkv.storage.snapshot import IncomingSnapshot, Manifest, OutgoingSnapshot
from replkv.times import FAR_FUTURE

BACKUP_FORMAT: Final = 1
"""
The format of the files that are written.
"""

_MAGIC: Final = b"rkvbak"
_HEAD: Final = struct.Struct(">6sHI")
_CHECKSUM: Final = struct.Struct(">I")
_DIGEST_BYTES: Final = 16
_MAX_DESCRIPTION: Final = 16 << 20
_COPY_BYTES: Final = 256 << 10
_SYNC_BYTES: Final = 8 << 20
_MAX_NUMBER: Final = 2**64 - 1


class BadBackup(Exception):
    """
    A file is no backup, or is damaged, or was made by a later version of replkv. The message is one line.
    """


class NewerBackup(BadBackup):
    """
    It was made by a later version of replkv.
    """


class Backup(NamedTuple):
    """
    What a backup says of itself.

    @ivar cluster: the name of the cluster.
    @ivar server: the id of the server whose state it is.
    @ivar time: the cluster's time when it was made, in milliseconds.
    @ivar wallClock: the seconds since the epoch then, by the machine on which the file was made.
    @ivar index: the last entry that it has applied.
    @ivar term: the term of that entry.
    @ivar clock: the largest stamp applied, in milliseconds.
    @ivar keys: how many records it has.
    @ivar hash: the hash of these.
    """

    cluster: str
    server: int
    time: int
    wallClock: float
    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody needs.
    term: int
    clock: int
    keys: int
    hash: int


def writeBackup(
    files: Files, path: str, backup: Backup, folder: str, onPiece: Callable[[], None] = lambda: None
) -> int:
    """
    Make a backup. It has its name only when it is whole, and on the disk.

    @param path: the file, which must not be there.
    @param folder: where the store's files are.
    @param onPiece: called for each piece that is written; what it raises ends that, and leaves nothing.
    @return: its size, in bytes.
    @raise OSError: if the system refuses.
    """
    partial = f"{path}.partial"
    if files.exists(partial):
        files.remove(partial)
    outgoing = OutgoingSnapshot(files, folder, 0, backup.index)
    try:
        file = files.open(partial, create=True)
        try:
            size = synced = 0
            digest = xxh3_128()
            for piece in _pieces(backup, outgoing):
                onPiece()
                file.write(size, piece)
                digest.update(piece)
                size += len(piece)
                if size - synced >= _SYNC_BYTES:
                    # All at once at the end, it would hold up what others sync on the same disk.
                    file.sync()
                    synced = size
            file.write(size, digest.digest())
            file.sync()
        finally:
            file.close()
    except BaseException:
        if files.exists(partial):
            files.remove(partial)
        raise
    finally:
        outgoing.close()
    files.rename(partial, path)
    files.syncFolder(os.path.dirname(path))
    return size + _DIGEST_BYTES


def readBackup(files: Files, path: str, folder: str) -> Backup:
    """
    Take a backup apart, and verify every checksum in it.

    @param folder: where the store's files are to be put. What is there goes.
    @return: what it says of itself.
    @raise BadBackup: if it cannot be used.
    @raise OSError: if the system refuses.
    """
    file = files.open(path, create=False)
    try:
        backup, manifest, start = _readDescription(file, path)
        end = start + manifest.size
        if file.size() != end + _DIGEST_BYTES:
            raise BadBackup(f"{path} is damaged: it has {file.size()} bytes, and says that it has {end + 16}")
        digest = xxh3_128(file.read(0, start))
        incoming = IncomingSnapshot(files, folder, manifest)
        try:
            while not incoming.isWhole:
                data = file.read(start, min(_COPY_BYTES, manifest.files[incoming.file].size - incoming.offset))
                digest.update(data)
                start += len(data)
                incoming.write(data)
        except ValueError as error:
            raise BadBackup(f"{path} is damaged: {error}") from None
        finally:
            incoming.close()
        if file.read(end, _DIGEST_BYTES) != digest.digest():
            raise BadBackup(f"{path} is damaged: it does not fit its checksum")
        return backup
    finally:
        file.close()


def _pieces(backup: Backup, outgoing: OutgoingSnapshot) -> Iterator[bytes]:
    content = {"Backup": backup._asdict(), "Files": outgoing.manifest.files}
    description = json.dumps(content).encode("ascii")
    head = _HEAD.pack(_MAGIC, BACKUP_FORMAT, len(description)) + description
    yield head + _CHECKSUM.pack(zlib.crc32(head))
    for number, each in enumerate(outgoing.manifest.files):
        for offset in range(0, each.size, _COPY_BYTES):
            yield outgoing.read(number, offset, _COPY_BYTES)


def _readDescription(file: File, path: str) -> tuple[Backup, Manifest, int]:
    """
    @return: what the backup is, what it is made of, and where its files begin.
    """
    head = file.read(0, _HEAD.size)
    magic, version, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (b"", 0, 0)
    if magic != _MAGIC or length > _MAX_DESCRIPTION:
        raise BadBackup(f"{path} is no backup of replkv")
    start = _HEAD.size + length + _CHECKSUM.size
    data = file.read(0, start)
    # All formats have to begin with these numbers and have this checksum, so that they can be told from damage.
    if len(data) < start or _CHECKSUM.pack(zlib.crc32(data[: -_CHECKSUM.size])) != data[-_CHECKSUM.size :]:
        raise BadBackup(f"{path} is damaged: its description does not fit its checksum")
    if version > BACKUP_FORMAT:
        raise NewerBackup(
            f"{path} has format {version}, and this version of replkv knows none after {BACKUP_FORMAT}: it was made by "
            "a newer replkv; use that version"
        )
    try:
        found = json.loads(data[_HEAD.size : -_CHECKSUM.size])
        backup = Backup(**found["Backup"])
        manifest = Manifest.of(0, backup.index, found["Files"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise BadBackup(f"{path} is damaged: its description is none") from None
    return _checked(backup, path), manifest, start


def _checked(backup: Backup, path: str) -> Backup:
    """
    Refuse what no backup says of itself.
    """
    numbers = (backup.server, backup.time, backup.index, backup.term, backup.clock, backup.keys, backup.hash)
    if (
        all(type(number) is int and 0 <= number <= _MAX_NUMBER for number in numbers)
        and backup.index > 0 < backup.term
        and type(backup.cluster) is str
        and type(backup.wallClock) is float
        and abs(backup.wallClock) < FAR_FUTURE
        and max(backup.time, backup.clock) <= FAR_FUTURE
    ):
        return backup
    raise BadBackup(f"{path} is damaged: its description is none")
