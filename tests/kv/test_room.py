"""
Tests for a store that the system has no room for.
"""

from __future__ import annotations

import errno
import mmap
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import EngineStarved
from replkv.kv.room import checkRoom
from tests.kv.rocksfolder import RocksFolder


@contextmanager
def noDescriptors() -> Iterator[None]:
    """
    Nothing more can be opened for a while.
    """
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


class RoomTests(SynchronousTestCase):
    """
    Tests for L{checkRoom}.
    """

    def test_room(self) -> None:
        """
        Where there is room, nothing stays of what was tried.
        """
        before = threading.active_count()
        checkRoom()
        self.assertEqual(threading.active_count(), before)

    def test_memory(self) -> None:
        """
        Where there is no memory, that is said before RocksDB ends the process.
        """

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

        self.patch(mmap, "mmap", refuse)
        error = self.assertRaises(EngineStarved, checkRoom)
        self.assertIn("512 MiB of address space (Cannot allocate memory): raise the limit (ulimit -v)", str(error))

    def test_threads(self) -> None:
        """
        So it is where there are no threads, and none is left of those that could be started.
        """
        before = threading.active_count()
        start = threading.Thread.start
        started: list[threading.Thread] = []

        def refuse(thread: threading.Thread) -> None:
            if len(started) == 3:
                raise RuntimeError("can't start new thread")
            started.append(thread)
            start(thread)

        self.patch(threading.Thread, "start", refuse)
        error = self.assertRaises(EngineStarved, checkRoom)
        self.assertIn("no more threads (can't start new thread): raise the limit (ulimit -u", str(error))
        self.assertEqual(threading.active_count(), before)


class DescriptorsTests(SynchronousTestCase):
    """
    Tests for RocksDB where it gets no descriptor.
    """

    def setUp(self) -> None:
        """
        A folder for a store.
        """
        self.folder = RocksFolder()
        self.addCleanup(self.folder.remove)

    def test_flush(self) -> None:
        """
        That it wants a descriptor and gets none is told from a disk that fails. It is not done with that: whatever is
        done next fails too.
        """
        rocks = self.folder.open()
        rocks.write({b"a": b"1"})
        with noDescriptors():
            error = self.assertRaises(EngineStarved, rocks.flush)
        self.assertIn("Too many open files", str(error))
        self.assertRaises(EngineStarved, rocks.flush)
        self.assertRaises(EngineStarved, rocks.close)

    def test_open(self) -> None:
        """
        So it is where it cannot be opened.
        """
        with noDescriptors():
            self.assertRaises(EngineStarved, self.folder.open)
        rocks = self.folder.open()
        self.addCleanup(rocks.close)
        self.assertIsNone(rocks.get(b"a"))
