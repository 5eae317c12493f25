"""
Tests for L{replkv.storage.files}, on real files.
"""

from __future__ import annotations

import os
import random
import stat

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.files import Locked, OSFiles
from replkv.storage.log import LogStorage
from tests.storage.model import append, newFolder, vote


class OSFilesTests(SynchronousTestCase):
    """
    Tests for L{OSFiles}.
    """

    def setUp(self) -> None:
        """
        Have a folder.
        """
        self.files = OSFiles()
        self.folder = newFolder(self)
        self.path = os.path.join(self.folder, "file")

    def test_makeFolder(self) -> None:
        """
        A folder is made with those above it, for the server's account alone; one that is there is left alone.
        """
        path = os.path.join(self.folder, "a", "b")
        self.files.makeFolder(path)
        self.files.makeFolder(path)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0)

    def test_makeFolderAtOnce(self) -> None:
        """
        A folder that another process makes at the same moment is as good.
        """
        make = os.mkdir

        def late(path: str, mode: int) -> None:
            make(path, mode)
            make(path, mode)

        self.patch(os, "mkdir", late)
        path = os.path.join(self.folder, "a", "b")
        self.files.makeFolder(path)
        self.assertTrue(os.path.isdir(path))

    def test_space(self) -> None:
        """
        There is some room where this test runs, and not more than the whole disk.
        """
        free, size = self.files.space(self.folder)
        self.assertTrue(0 < free <= size, (free, size))
        self.assertRaises(OSError, self.files.space, self.path)

    def test_makeFolderOverFile(self) -> None:
        """
        A file in the way is an error.
        """
        self.files.open(self.path, create=True).close()
        self.assertRaises(NotADirectoryError, self.files.makeFolder, self.path)
        self.assertRaises(NotADirectoryError, self.files.makeFolder, os.path.join(self.path, "a"))

    def test_readAndWrite(self) -> None:
        """
        What was written is read, short at the end of the file.
        """
        file = self.files.open(self.path, create=True)
        self.addCleanup(file.close)
        file.write(3, b"data")
        file.write(5, memoryview(b"TA"))
        file.sync()
        self.assertEqual(file.size(), 7)
        self.assertEqual(file.read(0, 7), b"\0\0\0daTA")
        self.assertEqual(file.read(4, 100), b"aTA")
        self.assertEqual(file.read(7, 1), b"")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode) & 0o077, 0)

    def test_systemDoesLess(self) -> None:
        """
        All is read and written when the system does only a part at a time.
        """
        pread, pwrite = os.pread, os.pwrite
        self.patch(os, "pread", lambda fd, length, offset: pread(fd, min(length, 3), offset))
        self.patch(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:2], offset))
        file = self.files.open(self.path, create=True)
        self.addCleanup(file.close)
        file.write(1, b"0123456789")
        self.assertEqual(file.read(0, 11), b"\x000123456789")
        self.assertEqual(file.read(0, 20), b"\x000123456789")

    def test_create(self) -> None:
        """
        A file is made where there is none, and opened where there is one, and not the other way round.
        """
        self.assertRaises(FileNotFoundError, self.files.open, self.path, create=False)
        self.files.open(self.path, create=True).close()
        self.assertRaises(FileExistsError, self.files.open, self.path, create=True)
        self.files.open(self.path, create=False).close()

    def test_names(self) -> None:
        """
        Files are listed, renamed over others, and removed.
        """
        other = os.path.join(self.folder, "another")
        for path, data in [(self.path, b"file"), (other, b"another")]:
            file = self.files.open(path, create=True)
            file.write(0, data)
            file.close()
        self.assertEqual(self.files.list(self.folder), ["another", "file"])
        self.files.rename(self.path, other)
        self.files.syncFolder(self.folder)
        self.assertEqual(self.files.list(self.folder), ["another"])
        self.assertFalse(self.files.exists(self.path))
        file = self.files.open(other, create=False)
        self.assertEqual(file.read(0, 10), b"file")
        file.close()
        self.files.remove(other)
        self.assertFalse(self.files.exists(other))

    def test_removeFolder(self) -> None:
        """
        A folder is removed with all that is in it.
        """
        path = os.path.join(self.folder, "a")
        self.files.makeFolder(os.path.join(path, "b"))
        self.files.open(os.path.join(path, "b", "file"), create=True).close()
        self.files.removeFolder(path)
        self.assertEqual(self.files.list(self.folder), [])

    def test_lock(self) -> None:
        """
        Of two, one gets the lock, and the other when it was released.
        """
        lock = self.files.lock(self.path)
        self.assertRaises(Locked, self.files.lock, self.path)
        lock.release()
        self.files.lock(self.path).release()

    def test_lockSurvivesFork(self) -> None:
        """
        The lock stays with the child when the process that took it forks and ends, as a daemon's does.
        """
        childRuns, parentTells = os.pipe()
        locked, childTells = os.pipe()
        parent = os.fork()
        if parent == 0:
            # The process that takes the lock; its own child waits to be told, and holds on to it.
            try:
                lock = self.files.lock(self.path)
                if os.fork() == 0:
                    os.close(parentTells)
                    os.write(childTells, b"1")
                    os.read(childRuns, 1)
                    # When it ends, the system may close the pipe first.
                    lock.release()
            finally:
                os._exit(0)
        os.close(childTells)
        os.waitpid(parent, 0)
        self.assertEqual(os.read(locked, 1), b"1")
        self.assertRaises(Locked, self.files.lock, self.path)
        os.close(parentTells)
        # The end of the child shows as the end of its pipe.
        self.assertEqual(os.read(locked, 1), b"")
        self.files.lock(self.path).release()
        os.close(childRuns)
        os.close(locked)


class RealLogTests(SynchronousTestCase):
    """
    A log on real files.
    """

    def test_log(self) -> None:
        """
        It is written, goes over several segments, and is opened again.
        """
        folder = os.path.join(newFolder(self), "log")
        log = LogStorage.open(OSFiles(), folder, random.Random(1), 8192)
        log.write([vote(1, 0)])
        for index in range(1, 20):
            log.write([append(index, 1, bytes([index]) * 1000, votedFor=0)])
            log.prepare()
        log.close()
        log = LogStorage.open(OSFiles(), folder, random.Random(2), 8192)
        self.addCleanup(log.close)
        self.assertEqual((log.term, log.votedFor, log.lastIndex), (1, 0, 19))
        self.assertEqual([entry.data[0] for entry in log.read(1, 19, 1 << 20)], list(range(1, 20)))
        self.assertIn("spare.segment", os.listdir(folder))

    def test_filesAreClosed(self) -> None:
        """
        A log that was opened, read and closed leaves no file open, nor does one that could not be opened.
        """
        folder = newFolder(self)
        before = len(os.listdir("/dev/fd"))
        log = LogStorage.open(OSFiles(), folder, random.Random(1), 8192)
        for index in range(1, 10):
            log.write([append(index, 1, bytes(3000))])
        log.read(1, 9, 1 << 20)
        log.close()
        LogStorage.open(OSFiles(), folder, random.Random(1), 8192).close()
        os.remove(os.path.join(folder, "0000000000000003.segment"))
        self.assertRaises(CorruptLog, LogStorage.open, OSFiles(), folder, random.Random(1), 8192)
        self.assertEqual(len(os.listdir("/dev/fd")), before)

    def test_fullDisk(self) -> None:
        """
        The system's refusal stops the log.
        """
        log = LogStorage.open(OSFiles(), newFolder(self), random.Random(1), 8192)
        self.addCleanup(log.close)

        def refuse(descriptor: int, data: bytes, offset: int) -> int:
            raise OSError(28, "No space left on device")

        self.patch(os, "pwrite", refuse)
        error = self.assertRaises(LogFailed, log.write, [vote(1, 0)])
        self.assertIn("No space left on device", str(error))
