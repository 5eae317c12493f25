"""
The one door to the file system: everything that the storage does to a disk goes through L{Files}, so that the same
code can be run over a disk that loses, tears, fails and rots.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol


class Locked(Exception):
    """
    Somebody else holds the lock.
    """


class Exhausted(OSError):
    """
    The system has no descriptor left, or no memory for one. Nothing was done, so the same may be tried again: that is
    no failure of the disk.
    """


EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""
With these errors a system refuses to open anything more. Where a write or a sync fails with one of them, that is a
failure like any other: what it had to write may be lost.
"""


class Space(NamedTuple):
    """
    The room on a disk.

    @ivar free: how many bytes can still be written there, by whoever is not root.
    @ivar size: how many there are in all.
    """

    free: int
    size: int


class File(Protocol):
    """
    An open file. What is written is durable once L{sync} has returned, and not before.
    """

    def read(self, offset: int, length: int) -> bytes:
        """
        Read C{length} bytes, or what there is of them before the end of the file.
        """

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """
        Write all of C{data}.
        """

    def sync(self) -> None:
        """
        Bring what was written to the disk.
        """

    def size(self) -> int:
        """
        The file's length in bytes.
        """

    def close(self) -> None:
        """
        Give the file back to the system.
        """


class Lock(Protocol):
    """
    A lock that is held until it is released, or its process and all who were forked from it have ended.
    """

    def release(self) -> None:
        """
        Let others have it.
        """


class Files(Protocol):
    """
    A file system. Every method raises C{OSError} when the system refuses; L{Exhausted} where it only has no descriptor.
    """

    def makeFolder(self, path: str) -> None:
        """
        Make the folder, and those above it that are missing, durably. One that is there already is left alone.
        """

    def list(self, path: str) -> list[str]:
        """
        The names in a folder, in order.
        """

    def exists(self, path: str) -> bool:
        """
        Whether there is a file or folder of that name.
        """

    def open(self, path: str, create: bool) -> File:
        """
        Open a file for reading and writing.

        @param create: make it; it must not be there yet. Its name is durable once its folder is synced.
        """

    def rename(self, old: str, new: str) -> None:
        """
        Rename a file, in place of whatever had the new name. Durable once the folder is synced.
        """

    def remove(self, path: str) -> None:
        """
        Remove a file. Durable once the folder is synced.
        """

    def removeFolder(self, path: str) -> None:
        """
        Remove a folder and all that is in it, which a crash may leave half done. Durable once the folder that it was in
        is synced.
        """

    def syncFolder(self, path: str) -> None:
        """
        Bring the names in a folder to the disk.
        """

    def lock(self, path: str) -> Lock:
        """
        Take the lock that the file C{path} stands for; the file is made if it is missing.

        @raise Locked: if another has it.
        """

    def space(self, path: str) -> Space:
        """
        Tell the room on the disk that a folder is on.
        """


class OSFiles:
    """
    The operating system's files, as L{Files}.
    """

    def makeFolder(self, path: str) -> None:
        """
        See L{Files.makeFolder}.
        """
        if os.path.isdir(path):
            return
        if os.path.lexists(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        parent = os.path.dirname(os.path.abspath(path))
        self.makeFolder(parent)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            # Another server, started at the same moment, has made the folder that they share.
            if not os.path.isdir(path):
                raise
        self.syncFolder(parent)

    def list(self, path: str) -> list[str]:
        """
        See L{Files.list}.
        """
        with _opening():
            return sorted(os.listdir(path))

    def exists(self, path: str) -> bool:
        """
        See L{Files.exists}.
        """
        return os.path.lexists(path)

    def open(self, path: str, create: bool) -> File:
        """
        See L{Files.open}.
        """
        return openFile(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0))

    def rename(self, old: str, new: str) -> None:
        """
        See L{Files.rename}.
        """
        os.replace(old, new)

    def remove(self, path: str) -> None:
        """
        See L{Files.remove}.
        """
        os.remove(path)

    def removeFolder(self, path: str) -> None:
        """
        See L{Files.removeFolder}.
        """
        with _opening():
            shutil.rmtree(path)

    def syncFolder(self, path: str) -> None:
        """
        See L{Files.syncFolder}.
        """
        with _opening():
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def lock(self, path: str) -> Lock:
        """
        See L{Files.lock}.
        """
        with _opening():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Not lockf: such a lock belongs to the process, and would be lost when it forks to become a daemon.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Locked(path) from None
        except BaseException:
            os.close(descriptor)
            raise
        return _OSLock(descriptor)

    def space(self, path: str) -> Space:
        """
        See L{Files.space}.
        """
        told = os.statvfs(path)
        return Space(told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize)


def openFile(path: str, flags: int) -> File:
    """
    Open a file of the operating system.

    @param flags: those of C{os.open}.
    @raise OSError: if the system refuses.
    """
    with _opening():
        return OSFile(os.open(path, flags, 0o600))


def replaceFile(files: Files, folder: str, name: str, data: bytes) -> None:
    """
    Write a small file of a folder anew, on the disk before this returns. After a crash there is the old one or the new
    one, and nothing in between.

    @raise OSError: if the system refuses. Then it is the old one, or the new one, which may not be on the disk.
    """
    new = os.path.join(folder, f"{name}.new")
    if files.exists(new):
        files.remove(new)
    createFile(files, new, data)
    files.rename(new, os.path.join(folder, name))
    files.syncFolder(folder)


def createFile(files: Files, path: str, data: bytes) -> None:
    """
    Make a file, with its content on the disk before this returns. Its name is durable once its folder is synced.

    @raise OSError: if the system refuses, or the file is there already.
    """
    file = files.open(path, create=True)
    try:
        file.write(0, data)
        file.sync()
    finally:
        file.close()


@contextmanager
def _opening() -> Iterator[None]:
    """
    Tell a shortage from a failure.
    """
    try:
        yield
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise Exhausted(error.errno, error.strerror, error.filename) from None
        raise


class OSFile:
    """
    An open file of the operating system.

    @ivar descriptor: what the system knows it by.
    """

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read(self, offset: int, length: int) -> bytes:
        """
        See L{File.read}.
        """
        data = os.pread(self.descriptor, length, offset)
        if len(data) == length or not data:
            return data
        # One call reads at most 2 GiB, and may stop at less.
        pieces = [data]
        done = len(data)
        while done < length and (data := os.pread(self.descriptor, length - done, offset + done)):
            pieces.append(data)
            done += len(data)
        return b"".join(pieces)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """
        See L{File.write}.
        """
        rest = memoryview(data)
        while rest:
            done = os.pwrite(self.descriptor, rest, offset)
            offset += done
            rest = rest[done:]

    def sync(self) -> None:
        """
        See L{File.sync}.
        """
        if sys.platform == "darwin":
            # There is no fdatasync, and fsync leaves the data in the drive's own cache.
            fcntl.fcntl(self.descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(self.descriptor)

    def size(self) -> int:
        """
        See L{File.size}.
        """
        return os.fstat(self.descriptor).st_size

    def close(self) -> None:
        """
        See L{File.close}.
        """
        os.close(self.descriptor)


class _OSLock:
    """
    A held lock of the operating system.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """
        See L{Lock.release}.
        """
        os.close(self._descriptor)
