"""
Tests for writes that the system does by itself, on systems that do.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import shutil
import struct
import tempfile
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor, IWriteDescriptor
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from replkv.service import ring
from replkv.service.ring import Ring, openRing
from replkv.service.thread import SystemThread
from replkv.storage.files import OSFile
from replkv.storage.segment import NewFrame
from tests.service.test_thread import PATIENCE_SECONDS, Reactor

SETUP, ENTER = 425, 426


@implementer(IReactorFDSet)
class ReadingReactor(Reactor):
    """
    Reads when the test lets it.

    @ivar readers: from what.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: IReadDescriptor) -> None:
        """
        See L{IReactorFDSet}.
        """
        self.readers.append(reader)

    def removeReader(self, reader: IReadDescriptor) -> None:
        """
        See L{IReactorFDSet}.
        """
        self.readers.remove(reader)

    def addWriter(self, writer: IWriteDescriptor) -> None:
        """
        See L{IReactorFDSet}.
        """

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        """
        See L{IReactorFDSet}.
        """

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        """
        See L{IReactorFDSet}.
        """
        return []

    def getReaders(self) -> list[IReadDescriptor]:
        """
        See L{IReactorFDSet}.
        """
        return self.readers

    def getWriters(self) -> list[IWriteDescriptor]:
        """
        See L{IReactorFDSet}.
        """
        return []

    def read(self) -> None:
        """
        Wait until there is something to be read, and have it read.
        """
        found, _, _ = select.select(self.readers, [], [], PATIENCE_SECONDS)
        for reader in found:
            reader.doRead()


class RingCase(SynchronousTestCase):
    """
    What the tests begin with: a reactor, and a file.
    """

    def setUp(self) -> None:
        """
        There is a file.
        """
        self.reactor = ReadingReactor()
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.path = os.path.join(folder, "file")
        self.file = self.open(os.O_RDWR | os.O_CREAT)

    def open(self, flags: int, path: str | None = None) -> int:
        """
        Open the file, or another one.
        """
        descriptor = os.open(path or self.path, flags)
        self.addCleanup(os.close, descriptor)
        return descriptor

    def makeRing(self) -> Ring:
        """
        Make one, if the system has it.
        """
        made = openRing(self.reactor)
        if made is None:
            raise SkipTest("this system has no io_uring for us")
        self.addCleanup(made.close)
        return made

    def change(self, change: Callable[..., int]) -> None:
        """
        Have the system do something else.
        """
        system = ring._systemCalls()
        self.patch(ring, "_systemCalls", lambda: lambda *arguments: change(system, *arguments))


class RingTests(RingCase):
    """
    Tests for L{Ring}.
    """

    def setUp(self) -> None:
        """
        There is one.
        """
        super().setUp()
        self.ring = self.makeRing()

    def write(self, descriptor: int, offset: int, data: bytes) -> Deferred[None]:
        """
        Write, and wait until it is done.
        """
        written = self.ring.write(descriptor, offset, data)
        assert written is not None
        self.assertFalse(self.ring.isUsable)
        self.assertNoResult(written)
        self.reactor.read()
        return written

    def assertFails(self, number: int, descriptor: int, data: bytes) -> None:
        """
        It is told that this could not be written, and nothing more is written.
        """
        failure = self.failureResultOf(self.write(descriptor, 0, data), OSError)
        self.assertEqual(getattr(failure.value, "errno", None), number)
        self.assertIn(os.strerror(number), failure.getErrorMessage())
        self.assertFalse(self.ring.isUsable)
        # Nor is anything told twice.
        for reader in self.reactor.readers:
            found, _, _ = select.select([reader], [], [], 0)
            self.assertEqual(found, [])

    def test_write(self) -> None:
        """
        What is given is written where it belongs, time after time.
        """
        for number in range(9):
            self.assertIsNone(self.successResultOf(self.write(self.file, 100 * number, b"%d" % number * 100)))
            self.assertTrue(self.ring.isUsable)
        self.assertEqual(os.pread(self.file, 2000, 0), b"".join([b"%d" % number * 100 for number in range(9)]))

    def test_large(self) -> None:
        """
        However much it is, it is written as one.
        """
        data = os.urandom(1 << 22)
        self.assertIsNone(self.successResultOf(self.write(self.file, 4095, data)))
        self.assertEqual(os.pread(self.file, 1 << 23, 4095), data)

    def test_writeFails(self) -> None:
        """
        A write that fails.
        """
        self.assertFails(errno.EBADF, self.open(os.O_RDONLY), b"data")

    def test_full(self) -> None:
        """
        A disk that is full.
        """
        self.assertFails(errno.ENOSPC, self.open(os.O_WRONLY, "/dev/full"), b"data")

    def test_syncFails(self) -> None:
        """
        A sync that fails.
        """
        self.assertFails(errno.EINVAL, self.open(os.O_WRONLY, "/dev/null"), b"data")

    def test_short(self) -> None:
        """
        A write that ends before its end: that is none.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        self.assertFails(errno.EIO, self.file, bytes(10_000))

    def test_close(self) -> None:
        """
        All that it has is given back, and once.
        """
        before = len(os.listdir("/proc/self/fd"))
        other = self.makeRing()
        self.assertGreater(len(os.listdir("/proc/self/fd")), before)
        for _ in range(2):
            other.close()
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.assertEqual(self.reactor.readers, [self.ring])
        self.assertFalse(other.isUsable)


class UnavailableTests(RingCase):
    """
    Tests for systems that have none, and for what is done then.
    """

    def write(self) -> None:
        """
        A frame is written by a thread, which has been asked to write it as best it can.
        """
        thread = SystemThread(self.reactor, "log")
        self.addCleanup(thread.stop)
        thread.start()
        written = thread.write(NewFrame(OSFile(self.file), 3, b"frame"))
        self.reactor.turn()
        self.assertIsNone(self.successResultOf(written))
        self.assertEqual(os.pread(self.file, 20, 0), b"\0\0\0frame")
        self.assertEqual(self.reactor.readers, [])

    def test_notAllowed(self) -> None:
        """
        The system does not allow it.
        """
        self.change(lambda *_: -1)
        self.assertIsNone(openRing(self.reactor))
        self.write()

    def test_tooOld(self) -> None:
        """
        It has one that cannot do what is asked of it.
        """
        before = len(os.listdir("/proc/self/fd"))

        def change(system: Callable[..., int], number: int, *arguments: Any) -> int:
            result = system(number, *arguments)
            if number == SETUP:
                struct.pack_into("=I", arguments[1], 20, 1)
            return result

        self.makeRing().close()
        self.change(change)
        self.assertIsNone(openRing(self.reactor))
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.write()

    def test_notTaken(self) -> None:
        """
        It takes nothing: then nothing was begun, and the thread does it.
        """
        self.makeRing().close()
        self.change(lambda system, number, *arguments: -1 if number == ENTER else system(number, *arguments))
        self.write()

    def test_halfTaken(self) -> None:
        """
        It takes the write and not the sync: that is a failure, for what was written may never be on the disk.
        """
        self.makeRing().close()
        self.change(lambda system, number, *arguments: 1 if number == ENTER else system(number, *arguments))
        written = self.makeRing().write(self.file, 0, b"data")
        assert written is not None
        self.failureResultOf(written, OSError)

    def test_otherReactor(self) -> None:
        """
        The reactor cannot listen to it.
        """
        self.assertIsNone(openRing(Reactor()))


class ThreadTests(RingCase):
    """
    Tests for a thread that has one.
    """

    def test_write(self) -> None:
        """
        Frames are written without the thread; it gives back what it has when it stops.
        """
        self.makeRing().close()
        thread = SystemThread(self.reactor, "log")
        self.addCleanup(thread.stop)
        for number in range(3):
            written = thread.write(NewFrame(OSFile(self.file), 5 * number, b"frame"))
            self.reactor.read()
            self.assertIsNone(self.successResultOf(written))
        self.assertEqual(os.pread(self.file, 20, 0), b"frame" * 3)
        self.assertEqual(len(self.reactor.readers), 1)
        thread.stop()
        self.assertEqual(self.reactor.readers, [])
