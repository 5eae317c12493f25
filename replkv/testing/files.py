"""
A disk in memory, for tests: it loses power, tears writes, refuses, and rots.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Mapping
from typing import Final

from replkv.storage.files import EXHAUSTED, Exhausted, File, Lock, Locked, Space

SECTOR_BYTES = 512

_UNITS = (16, SECTOR_BYTES, SECTOR_BYTES)
"""
In pieces of so many bytes a write is torn.
"""

OPENING: Final = ("create", "list", "lock", "open", "syncFolder")
"""
The operations that take a descriptor.
"""

READ_LIMIT = 1 << 24
"""
Nobody has a reason to read more at once: the longest write is half as long.
"""


class PowerLoss(Exception):
    """
    The machine has stopped in the middle of an operation. Nothing works any more; see L{MemoryFiles.afterPowerLoss}.
    """


class _Content:
    """
    A file's content, whatever its names.

    @ivar now: what is read.
    @ivar synced: what is on the disk for certain.
    @ivar unsynced: the writes that the disk may have done in whole, in part, or not at all.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.now = bytearray(data)
        self.synced = bytearray(data)
        self.unsynced: list[tuple[int, bytes]] = []

    def afterPowerLoss(self, chance: random.Random) -> _Content:
        """
        What the disk holds when the power is back: of each unsynced write, any of its sectors, or smaller pieces.
        """
        unit = chance.choice(_UNITS)
        survivor = bytearray(self.synced)
        for offset, data in self.unsynced:
            fate = chance.random()
            position = 0
            while position < len(data):
                end = min(len(data), position + unit - (offset + position) % unit)
                if fate < 0.25 or (fate < 0.75 and chance.random() < 0.5):
                    _put(survivor, offset + position, data[position:end])
                position = end
        return _Content(bytes(survivor))


class MemoryFiles:
    """
    L{replkv.storage.files.Files} in memory. Folders are durable from the start; a name is when its folder is synced.

    @ivar operations: what was done to the disk, in order, as (kind, path).
    @ivar powerLossAt: the number of the operation, from 0, in which the power goes.
    @ivar room: what it says of its room, which nothing that is written takes away.
    @ivar failing: given each operation as (kind, path), says with which error number the disk answers; 0 for none.
    """

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self.operations: list[tuple[str, str]] = []
        self.powerLossAt: int | None = None
        self.room = Space(1 << 40, 1 << 40)
        self.failing: Callable[[str, str], int] = lambda kind, path: 0
        self._names = {path: _Content(data) for path, data in (contents or {}).items()}
        self._syncedNames = dict(self._names)
        self._renamings: list[dict[str, _Content]] = []
        self._folders = {"/"} | {os.path.dirname(path) for path in self._names}
        self._locked: set[str] = set()
        self._stopped = False

    def contents(self) -> dict[str, bytes]:
        """
        All files, by path.
        """
        return {path: bytes(content.now) for path, content in self._names.items()}

    def put(self, path: str, offset: int, data: bytes) -> None:
        """
        Have the disk rot: what is at C{offset} becomes C{data}.
        """
        _put(self._names[path].now, offset, data)
        _put(self._names[path].synced, offset, data)

    def afterPowerLoss(self, chance: random.Random) -> MemoryFiles:
        """
        The disk as it is when the power is back: unsynced writes are there, torn or gone; of the unsynced changes of
        names, which reach the disk in order, only the first ones are there.
        """
        steps = [self._syncedNames, *self._renamings]
        kept = steps[chance.randrange(len(steps))]
        survivors: dict[_Content, _Content] = {}
        survivor = MemoryFiles()
        for path, content in sorted(kept.items()):
            if content not in survivors:
                survivors[content] = content.afterPowerLoss(chance)
            survivor._names[path] = survivors[content]
        survivor._syncedNames = dict(survivor._names)
        survivor._folders = set(self._folders)
        survivor.room = self.room
        return survivor

    def afterKill(self) -> MemoryFiles:
        """
        The same disk, for the next process: what the system took from the killed one is still in its memory, synced
        or not, and locks are gone.
        """
        self._locked.clear()
        self._stopped = False
        self.powerLossAt = None
        self.failing = lambda kind, path: 0
        return self

    def makeFolder(self, path: str) -> None:
        """
        See L{replkv.storage.files.Files.makeFolder}.
        """
        if path in self._names:
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        if path not in self._folders:
            self.step("makeFolder", path)
            self._folders.add(path)

    def list(self, path: str) -> list[str]:
        """
        See L{replkv.storage.files.Files.list}.
        """
        self.look("list", path)
        names = {*self._names, *self._folders}
        return sorted([os.path.basename(name) for name in names if os.path.dirname(name) == path and name != path])

    def exists(self, path: str) -> bool:
        """
        See L{replkv.storage.files.Files.exists}.
        """
        return path in self._names or path in self._folders

    def open(self, path: str, create: bool) -> File:
        """
        See L{replkv.storage.files.Files.open}.
        """
        if create == (path in self._names):
            number = errno.EEXIST if create else errno.ENOENT
            raise OSError(number, os.strerror(number), path)
        if create:
            self.step("create", path)
            self._rename({**self._names, path: _Content()})
        else:
            self.look("open", path)
        return _MemoryFile(self, path, self._names[path])

    def rename(self, old: str, new: str) -> None:
        """
        See L{replkv.storage.files.Files.rename}.
        """
        self.step("rename", new)
        names = dict(self._names)
        names[new] = names.pop(old)
        self._rename(names)

    def remove(self, path: str) -> None:
        """
        See L{replkv.storage.files.Files.remove}.
        """
        self.step("remove", path)
        self._rename({name: content for name, content in self._names.items() if name != path})

    def removeFolder(self, path: str) -> None:
        """
        See L{replkv.storage.files.Files.removeFolder}. Where the power goes meanwhile, nothing is removed.
        """
        self.step("removeFolder", path)
        self._folders = {folder for folder in self._folders if not f"{folder}/".startswith(f"{path}/")}
        self._rename({name: content for name, content in self._names.items() if not name.startswith(f"{path}/")})

    def syncFolder(self, path: str) -> None:
        """
        See L{replkv.storage.files.Files.syncFolder}. One journal serves all folders.
        """
        self.step("syncFolder", path)
        self._syncedNames = self._names
        self._renamings = []

    def lock(self, path: str) -> Lock:
        """
        See L{replkv.storage.files.Files.lock}.
        """
        if path in self._locked:
            raise Locked(path)
        self.step("lock", path)
        self._locked.add(path)
        return _MemoryLock(self._locked, path)

    def space(self, path: str) -> Space:
        """
        See L{replkv.storage.files.Files.space}.
        """
        self.look("space", path)
        return self.room

    def step(self, kind: str, path: str) -> None:
        """
        Begin an operation, and let happen to it what is to happen.
        """
        number = len(self.operations)
        self.operations.append((kind, path))
        if self._stopped or number == self.powerLossAt:
            self._stopped = True
            raise PowerLoss
        self.look(kind, path)

    def look(self, kind: str, path: str) -> None:
        """
        Let the disk refuse an operation.
        """
        error = self.failing(kind, path)
        if error:
            isOpening = kind in OPENING and error in EXHAUSTED
            raise (Exhausted if isOpening else OSError)(error, os.strerror(error), path)

    def _rename(self, names: dict[str, _Content]) -> None:
        """
        Change the names.
        """
        self._names = names
        self._renamings.append(names)


class _MemoryFile:
    """
    An open file of a L{MemoryFiles}.
    """

    def __init__(self, files: MemoryFiles, path: str, content: _Content) -> None:
        self._files = files
        self._path = path
        self._content = content

    def read(self, offset: int, length: int) -> bytes:
        """
        See L{replkv.storage.files.File.read}.
        """
        self._files.look("read", self._path)
        if length > READ_LIMIT:
            raise MemoryError(f"there is no memory for {length} bytes")
        return bytes(self._content.now[offset : offset + length])

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """
        See L{replkv.storage.files.File.write}. A write that fails, or in which the power goes, may have got
        anywhere.
        """
        self._content.unsynced.append((offset, bytes(data)))
        _put(self._content.now, offset, data)
        self._files.step("write", self._path)

    def sync(self) -> None:
        """
        See L{replkv.storage.files.File.sync}. When it fails, the system takes what was not synced for clean: it is
        still read, but never reaches the disk, whatever is synced later.
        """
        try:
            self._files.step("sync", self._path)
        except OSError:
            self._content.unsynced = []
            raise
        for offset, data in self._content.unsynced:
            _put(self._content.synced, offset, data)
        self._content.unsynced = []

    def size(self) -> int:
        """
        See L{replkv.storage.files.File.size}.
        """
        return len(self._content.now)

    def close(self) -> None:
        """
        See L{replkv.storage.files.File.close}.
        """


class _MemoryLock:
    """
    A held lock of a L{MemoryFiles}.
    """

    def __init__(self, locked: set[str], path: str) -> None:
        self._locked = locked
        self._path = path

    def release(self) -> None:
        """
        See L{replkv.storage.files.Lock.release}.
        """
        self._locked.discard(self._path)


def _put(target: bytearray, offset: int, data: bytes | memoryview) -> None:
    """
    Write C{data} into C{target}, which grows with zeros where it is too short.
    """
    if len(target) < offset:
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data
