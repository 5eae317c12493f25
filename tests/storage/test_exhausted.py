"""
Tests for a log whose system has no descriptors left.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.errors import LogFailed
from replkv.storage.files import EXHAUSTED, Exhausted, OSFiles
from replkv.testing.files import MemoryFiles
from tests.storage.model import append, newFolder, openLog

OPENING = ("create", "open", "syncFolder")


def refusing(number: int, step: int) -> Callable[[str, str], int]:
    """
    A system that refuses one descriptor: the one that is wanted when C{step} others have been given.
    """
    steps = itertools.count()
    return lambda kind, path: number if kind in OPENING and next(steps) == step else 0


class LogTests(SynchronousTestCase):
    """
    Tests for L{LogStorage<replkv.storage.log.LogStorage>}.
    """

    def begins(self, prepared: bool, number: int, step: int) -> bool:
        """
        Have the log begin a segment, where a descriptor is refused, and then with all that it wants. All that it
        was told to write is there in the end, whenever the power fails.

        @return: whether it wanted so many descriptors.
        """
        files = MemoryFiles()
        log = openLog(files)
        log.write([append(1, 1, bytes(4000))])
        if prepared:
            log.prepare()
        files.failing = refusing(number, step)
        refused = False
        try:
            log.write([append(2, 1, bytes(4000))])
        except Exhausted:
            refused = True
            self.assertEqual(log.lastIndex, 1)
            log.write([append(2, 1, bytes(4000))])
        files.failing = lambda kind, path: 0
        log.write([append(3, 1, b"three")])
        for seed in range(5):
            found = openLog(files.afterPowerLoss(random.Random(seed)))
            self.assertEqual([entry.index for entry in found.read(1, 3, 1 << 20)], [1, 2, 3])
            self.assertEqual(found.cutBytes, 0)
        return refused

    def test_begin(self) -> None:
        """
        Where there is no descriptor for the next segment, whichever step it is that needs one, nothing is written, and
        the log is none the worse for it: the same can be written later.
        """
        for number in EXHAUSTED:
            self.assertEqual([self.begins(False, number, step) for step in range(4)], [True, True, True, False])
            self.assertEqual([self.begins(True, number, step) for step in range(3)], [True, True, False])

    def test_read(self) -> None:
        """
        Where there is no descriptor to read with, that is no failure either.
        """
        files = MemoryFiles()
        log = openLog(files)
        for index in (1, 2, 3):
            log.write([append(index, 1, bytes(4000))])
        files.failing = refusing(errno.EMFILE, 0)
        self.assertRaises(Exhausted, log.read, 1, 3, 1 << 20)
        self.assertEqual([entry.index for entry in log.read(1, 3, 1 << 20)], [1, 2, 3])

    def test_write(self) -> None:
        """
        A write or a sync that fails is a failure, whatever the system says: what it was given may be lost.
        """
        for kind in ("write", "sync"):
            for number in EXHAUSTED:
                files = MemoryFiles()
                log = openLog(files)
                failing = {kind: number}
                files.failing = lambda kind, path, failing=failing: failing.get(kind, 0)  # type: ignore[misc]
                self.assertRaises(LogFailed, log.write, [append(1, 1, b"one")])


class OSFilesTests(SynchronousTestCase):
    """
    Tests for L{OSFiles}.
    """

    def test_exhausted(self) -> None:
        """
        That there is no descriptor is told from other reasons not to open something.
        """
        files, folder = OSFiles(), newFolder(self)
        path = os.path.join(folder, "file")

        def refuse(*_: object) -> int:
            raise OSError(self.number, os.strerror(self.number), path)

        self.patch(os, "open", refuse)
        self.patch(os, "listdir", refuse)
        for self.number in (*EXHAUSTED, errno.EACCES):
            for call in (
                lambda: files.open(path, create=False),
                lambda: files.open(path, create=True),
                lambda: files.syncFolder(folder),
                lambda: files.lock(path),
                lambda: files.list(folder),
            ):
                error = self.assertRaises(OSError, call)
                self.assertEqual((error.errno, error.filename), (self.number, path))
                self.assertEqual(isinstance(error, Exhausted), self.number != errno.EACCES)
