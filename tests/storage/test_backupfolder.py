"""
Tests for L{replkv.storage.backupfolder}.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.backup import Backup, readBackup
from replkv.storage.backupfolder import BackupFolder, KeptBackup, NoRoom
from replkv.storage.files import Space
from replkv.testing.files import MemoryFiles, PowerLoss

NOW = 1_790_000_000
INCARNATION = "79fa2f7b0fcf6e8cd585f15245254614"
OTHERS = (
    "server-0-79fa2f7c-000001-20260921T141320Z.backup",
    "server-1-79fa2f7b-000001-20260921T141320Z.backup",
    "server-0-79fa2f7b-000001-20260921T141320Z.backup.old",
    "monday.backup",
)


class BackupFolderTests(SynchronousTestCase):
    """
    The backups of server 0.
    """

    def setUp(self) -> None:
        """
        There are files of others in the folder.
        """
        self.files = MemoryFiles({"/from/CURRENT": b"x" * 1000, **{f"/to/{name}": b"" for name in OTHERS}})
        self.folder = BackupFolder(self.files, "/to", 0, INCARNATION)

    def add(self, wallClock: float = NOW, keep: int = 2, reserve: int = 0) -> KeptBackup:
        """
        Make one, and remove the oldest.
        """
        backup = Backup("replkv", 0, 1, float(wallClock), 9, 3, 1, 5, 7)
        made = self.folder.add(backup, "/from", reserve, lambda: None)[0]
        self.folder.prune(keep)
        return made

    def names(self, files: MemoryFiles | None = None) -> list[str]:
        """
        The files that are not those of others.
        """
        return [name for name in (files or self.files).list("/to") if name not in OTHERS]

    def test_names(self) -> None:
        """
        They are numbered, and named by the time; the older ones go, and no others.
        """
        self.assertIsNone(self.folder.last())
        for number in range(1, 4):
            kept = self.add(NOW + number)
            self.assertEqual(
                kept, (number, NOW + number, f"server-0-79fa2f7b-00000{number}-20260921T14132{number}Z.backup")
            )
            self.assertEqual(self.folder.last(), kept)
        self.assertEqual(self.names(), [f"server-0-79fa2f7b-00000{n}-20260921T14132{n}Z.backup" for n in (2, 3)])
        self.assertEqual(len(self.files.list("/to")), 2 + len(OTHERS))
        self.assertEqual(readBackup(self.files, f"/to/{kept.name}", "/again").index, 9)

    def test_fewer(self) -> None:
        """
        Where fewer are to be kept than before, the others go with the next one.
        """
        for _ in range(5):
            self.add(keep=5)
        self.assertEqual(len(self.names()), 5)
        self.assertEqual([self.add(keep=1).name], self.names())

    def test_wrongClock(self) -> None:
        """
        Whatever the wall clock says, it is those that were made first that go.
        """
        made = [self.add(seconds, keep=3).name for seconds in (NOW, NOW + 10**9, -5, 1e15, 0, NOW, NOW)]
        self.assertEqual(self.names(), made[-3:])
        self.assertEqual(
            made[2:4], ["server-0-79fa2f7b-000003-19700101T000000Z.backup", self.named(4, "99991231T235959Z")]
        )

    def named(self, number: int, moment: str) -> str:
        """
        The name of one.
        """
        return f"server-0-79fa2f7b-{number:06}-{moment}.backup"

    def test_noTime(self) -> None:
        """
        A name with an impossible time is that of a very old one.
        """
        self.files.rename("/to/monday.backup", f"/to/{self.named(4, '20261399T000000Z')}")
        last = self.folder.last()
        assert last is not None
        self.assertEqual((last.number, last.time), (4, 0))

    def test_noRoom(self) -> None:
        """
        None is made where it might fill the disk.
        """
        self.files.room = Space((5 << 20) + 999, 1 << 30)
        error = self.assertRaises(NoRoom, self.add, reserve=5 << 20)
        self.assertEqual(str(error), "/to has room for 5 MiB, and it needs 1 MiB besides a reserve of 5 MiB")
        self.files.room = Space((5 << 20) + 1000, 1 << 30)
        self.add(reserve=5 << 20)

    def test_givenUp(self) -> None:
        """
        One that is given up leaves nothing, and takes the place of none.
        """
        self.add()

        def giveUp() -> None:
            raise KeyError

        backup = Backup("replkv", 0, 1, float(NOW), 9, 3, 1, 5, 7)
        self.assertRaises(KeyError, self.folder.add, backup, "/from", 0, giveUp)
        self.assertEqual(self.names(), [self.named(1, "20260921T141320Z")])

    def test_crash(self) -> None:
        """
        Whenever the power goes, there are two whole ones, the older or the newer; what is left beside goes later.
        """
        begin: Callable[[], MemoryFiles] = lambda: self.files.afterPowerLoss(random.Random(0))  # noqa: E731
        for _ in range(2):
            self.add(keep=2)
        steps = len(self.files.operations)
        self.add(keep=2)
        self.assertTrue(begin())
        for step in range(len(self.files.operations) - steps):
            files = MemoryFiles({"/from/CURRENT": b"x" * 1000})
            self.files, self.folder = files, BackupFolder(files, "/to", 0, INCARNATION)
            for _ in range(2):
                self.add(keep=2)
            files.powerLossAt = len(files.operations) + step
            self.assertRaises(PowerLoss, self.add, keep=2)
            left = self.files = files.afterPowerLoss(random.Random(step))
            self.folder = BackupFolder(left, "/to", 0, INCARNATION)
            whole = [name for name in self.names() if name.endswith(".backup")]
            self.assertIn(len(whole), (2, 3))
            for name in whole:
                readBackup(left, f"/to/{name}", "/again")
            self.add(keep=2)
            self.assertEqual(len(self.names()), 2, step)
