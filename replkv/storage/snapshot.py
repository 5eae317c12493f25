"""
A snapshot as the files that it is made of: to be read on the one side, and put together again on the other.
"""

from __future__ import annotations

import json
import os
import re
from typing import Final, NamedTuple

from xxhash import xxh3_128

from replkv.storage.files import File, Files

SNAPSHOT_FORMAT: Final = 1
"""
The format of what is sent.
"""

MAX_FILES: Final = 100_000
"""
The most files that a snapshot has. A store of a terabyte has some ten thousand.
"""

_MAX_NUMBER: Final = 2**64 - 1
_MAX_SIZE: Final = 2**53
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")
_READ_BYTES: Final = 1 << 20


class LaterFormat(ValueError):
    """
    A snapshot of a later version of replkv.
    """


class SnapshotFile(NamedTuple):
    """
    One of the files.

    @ivar size: in bytes.
    @ivar digest: the checksum of what is in it: XXH3 in 128 bits, in hexadecimal.
    """

    name: str
    size: int
    digest: str


class Manifest(NamedTuple):
    """
    What a snapshot is made of.

    @ivar number: made up when it was taken, so that the files of two of them are never mixed.
    @ivar index: it has the entries up to this one, at least.
    """

    number: int
    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody needs.
    files: tuple[SnapshotFile, ...]

    @property
    def size(self) -> int:
        """
        How many bytes all files have.
        """
        return sum(file.size for file in self.files)

    def isLast(self, file: int, end: int) -> bool:
        """
        Whether nothing is left to be read after byte C{end} of a file.

        @param file: its place among the files.
        """
        return end >= self.files[file].size and not any(later.size for later in self.files[file + 1 :])

    def encode(self) -> bytes:
        """
        As it is sent.
        """
        content = {"Format": SNAPSHOT_FORMAT, "Number": self.number, "Index": self.index, "Files": self.files}
        return json.dumps(content, separators=(",", ":")).encode("ascii")

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """
        As it was sent.

        @raise LaterFormat: if it is of a later version of replkv.
        @raise ValueError: if it is none.
        """
        try:
            found = json.loads(data)
        except RecursionError:
            raise ValueError("it is no manifest of a snapshot") from None
        match found:
            case {"Format": int(version)} if version > SNAPSHOT_FORMAT:
                raise LaterFormat(f"the snapshot has format {version}, and no format after {SNAPSHOT_FORMAT} is known")
            case {"Format": 1, "Number": int(number), "Index": int(index), "Files": [*files]} if (
                0 <= number <= _MAX_NUMBER and 0 < index <= _MAX_NUMBER
            ):
                return cls.of(number, index, files)
        raise ValueError("it is no manifest of a snapshot")

    @classmethod
    def of(cls, number: int, index: int, files: object) -> Manifest:
        """
        Make it of a list of files, as L{encode} has it.

        @raise ValueError: if it is none.
        """
        if isinstance(files, list) and 0 < len(files) <= MAX_FILES:
            manifest = cls(number, index, tuple(map(_decodeFile, files)))
            if len({file.name for file in manifest.files}) == len(files):
                return manifest
        raise ValueError("it is no manifest of a snapshot")


def _decodeFile(found: object) -> SnapshotFile:
    match found:
        case [str(name), int(size), str(digest)] if (
            # A name, and no path: the sender does not say where to write.
            _NAME.fullmatch(name) and 0 <= size <= _MAX_SIZE and _DIGEST.fullmatch(digest)
        ):
            return SnapshotFile(name, size, digest)
    raise ValueError("a snapshot has a file that cannot be")


class OutgoingSnapshot:
    """
    A snapshot in a folder, to be read. Its calls block.

    @ivar manifest: what it is made of.
    """

    def __init__(self, files: Files, path: str, number: int, index: int) -> None:
        """
        Read all of it once, for the checksums.

        @param path: the folder, in which nothing changes any more.
        @raise OSError: if the system refuses.
        """
        self._files = files
        self._path = path
        self._open: tuple[int, File] | None = None
        self.manifest = Manifest(number, index, tuple(self._describe(name) for name in files.list(path)))

    def read(self, file: int, offset: int, length: int) -> bytes:
        """
        Read a piece of a file.

        @param file: its place in the manifest.
        @param length: how many bytes, at the most.
        @raise OSError: if the system refuses.
        """
        if self._open is None or self._open[0] != file:
            self.close()
            self._open = file, self._files.open(os.path.join(self._path, self.manifest.files[file].name), create=False)
        return self._open[1].read(offset, length)

    def close(self) -> None:
        """
        Close what is open.
        """
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _describe(self, name: str) -> SnapshotFile:
        digest, size = xxh3_128(), 0
        file = self._files.open(os.path.join(self._path, name), create=False)
        try:
            while data := file.read(size, _READ_BYTES):
                digest.update(data)
                size += len(data)
        finally:
            file.close()
        return SnapshotFile(name, size, digest.hexdigest())


class IncomingSnapshot:
    """
    A snapshot that is put together in a folder, from its beginning to its end. Its calls block.

    @ivar manifest: what it is made of.
    @ivar file: the place in the manifest of the file that is being written; past the last one when all are.
    @ivar offset: how much of it there is.
    """

    def __init__(self, files: Files, path: str, manifest: Manifest) -> None:
        """
        @param path: the folder. What is there from earlier attempts goes.
        @raise OSError: if the system refuses.
        """
        self.manifest = manifest
        self.file = 0
        self.offset = 0
        self._files = files
        self._path = path
        self._digest = xxh3_128()
        self._open: File | None = None
        if files.exists(path):
            files.removeFolder(path)
        files.makeFolder(path)
        self._finishEmpty()

    @property
    def isWhole(self) -> bool:
        """
        Whether all files are there, and on the disk.
        """
        return self.file == len(self.manifest.files)

    def write(self, data: bytes) -> None:
        """
        Write what comes next of the file. When it is whole, it is brought to the disk.

        @raise ValueError: if it is more than there is to come, or nothing, or the file is not what was sent.
        @raise OSError: if the system refuses.
        """
        name, size, _ = self.manifest.files[self.file]
        if not 0 < len(data) <= size - self.offset:
            raise ValueError(f"{name} of the snapshot has {len(data)} bytes at {self.offset} of {size}")
        if self._open is None:
            self._open = self._files.open(os.path.join(self._path, name), create=True)
        self._open.write(self.offset, data)
        self._digest.update(data)
        self.offset += len(data)
        if self.offset == size:
            self._finish()
            self._finishEmpty()

    def close(self) -> None:
        """
        Close what is open.
        """
        if self._open is not None:
            self._open.close()
            self._open = None

    def _finish(self) -> None:
        """
        The file has all its bytes.
        """
        name, _, digest = self.manifest.files[self.file]
        if self._open is None:
            self._open = self._files.open(os.path.join(self._path, name), create=True)
        if self._digest.hexdigest() != digest:
            raise ValueError(f"{name} of the snapshot does not fit its checksum")
        self._open.sync()
        self.close()
        self._digest = xxh3_128()
        self.file += 1
        self.offset = 0
        if self.isWhole:
            self._files.syncFolder(self._path)
            self._files.syncFolder(os.path.dirname(self._path))

    def _finishEmpty(self) -> None:
        """
        Files without content need nothing to be sent.
        """
        while not self.isWhole and self.manifest.files[self.file].size == 0:
            self._finish()
