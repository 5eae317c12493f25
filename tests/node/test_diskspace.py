"""
Tests for L{replkv.node.diskspace}.
"""

from __future__ import annotations

import errno
from dataclasses import replace

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.diskspace import DiskSpace
from replkv.node.limits import NODE_LIMITS
from replkv.storage.files import Space
from replkv.testing.files import MemoryFiles
from tests.logged import logged

MIB = 1 << 20


class DiskSpaceTests(SynchronousTestCase):
    """
    Tests for L{DiskSpace}.
    """

    def setUp(self) -> None:
        """
        A disk of 1,000 MiB.
        """
        self.clock = Clock()
        self.files = MemoryFiles()
        self.lines = logged(self)
        self.space = self.begin(None)

    def begin(self, reserve: int | None) -> DiskSpace:
        """
        Look at it every two seconds.
        """
        limits = replace(NODE_LIMITS, spaceInterval=2.0)
        return DiskSpace(self.files, "/data", reserve, maybeDeferred, self.clock, limits)

    def find(self, space: DiskSpace, free: int, size: int = 1000 * MIB) -> bool:
        """
        Have so much room at the next look.

        @return: whether the disk counts as full then.
        """
        self.files.room = Space(free, size)
        self.clock.advance(2)
        return space.isFull

    def test_reserve(self) -> None:
        """
        There should be 64 MiB, or 2 % of a large disk, or what the operator says.
        """
        for given, size, reserve in (
            (None, 1000 * MIB, 64 * MIB),
            (None, 3200 * MIB, 64 * MIB),
            (None, 10_000 * MIB, 200 * MIB),
            (5 * MIB, 10_000 * MIB, 5 * MIB),
            (500 * MIB, 1000 * MIB, 500 * MIB),
        ):
            space = self.begin(given)
            self.files.room = Space(reserve, size)
            space.start()
            self.assertEqual((space.reserve, space.free, space.isFull), (reserve, reserve, False))
            self.assertTrue(self.find(space, reserve - 1, size))
            space.stop()

    def test_noReserve(self) -> None:
        """
        With a reserve of nothing, no disk is ever full.
        """
        space = self.begin(0)
        space.start()
        self.assertFalse(self.find(space, 0))

    def test_hysteresis(self) -> None:
        """
        It is full no longer when there is a quarter more, and the log says both, once.
        """
        self.space.start()
        free = (65, 63, 10, 64, 79, 80, 64, 63)
        self.assertEqual(
            [self.find(self.space, mebibytes * MIB) for mebibytes in free],
            [False, True, True, True, True, False, False, True],
        )
        full = (
            "the disk is nearly full: /data has room for 63 MiB, and the reserve is 64 MiB. This server takes no "
            "writes (ERR_INTERNAL), and goes on with all else, until there are 80 MiB: make room"
        )
        room = "the disk has room again: /data has 80 MiB. This server takes writes"
        self.assertEqual(self.lines, [full, room, full])

    def test_notTold(self) -> None:
        """
        Where the system does not say, that is logged once, and what was known last is believed on.
        """
        self.space.start()
        self.find(self.space, 0)
        self.lines.clear()
        for _ in range(2):
            self.files.failing = lambda kind, path: errno.EIO
            self.assertTrue(self.find(self.space, 500 * MIB))
            self.assertTrue(self.find(self.space, 500 * MIB))
            self.assertEqual(len(self.lines), 1)
            self.assertIn("the system does not say how much room /data has", self.lines.pop())
            self.files.failing = lambda kind, path: 0
            self.assertTrue(self.find(self.space, 0))

    def test_slow(self) -> None:
        """
        A disk that hangs is not asked again before it has answered, and it is no harm to stop then.
        """
        asked: list[Deferred[None]] = []
        space = DiskSpace(
            self.files,
            "/data",
            None,
            lambda function: asked.append(maybeDeferred(function)) or Deferred(),  # type: ignore[func-returns-value]
            self.clock,
            NODE_LIMITS,
        )
        space.start()
        self.clock.advance(100)
        self.assertEqual(len(asked), 1)
        self.assertEqual((space.free, space.isFull), (None, False))
        space.stop()
