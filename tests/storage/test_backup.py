"""
Tests for L{replkv.storage.backup}.
"""

from __future__ import annotations

import errno
import random
import zlib

from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.backup import Backup, BadBackup, NewerBackup, readBackup, writeBackup
from replkv.testing.files import MemoryFiles, PowerLoss

CONTENTS = {"CURRENT": b"MANIFEST-1\n", "000004.log": b"", "000008.sst": bytes(range(256)) * 40}

BACKUP = Backup("replkv", 2, 1_700_000_000_000, 1_700_000_000.5, 9, 3, 1_600_000_000_000, 5, 2**64 - 1)


def aStore() -> MemoryFiles:
    """
    A store on a disk.
    """
    return MemoryFiles({f"/from/{name}": data for name, data in CONTENTS.items()})


class BackupTests(SynchronousTestCase):
    """
    Backups, written and read.
    """

    def setUp(self) -> None:
        """
        Make one.
        """
        self.files = aStore()
        self.size = writeBackup(self.files, "/backup", BACKUP, "/from")
        self.data = self.files.contents()["/backup"]

    def read(self, data: bytes) -> Backup:
        """
        Read a file with these bytes.
        """
        files = MemoryFiles({"/file": data})
        return readBackup(files, "/file", "/to")

    def test_read(self) -> None:
        """
        What is read is what was written.
        """
        self.assertEqual(readBackup(self.files, "/backup", "/to"), BACKUP)
        found = self.files.contents()
        self.assertEqual({name: found[f"/to/{name}"] for name in CONTENTS}, CONTENTS)
        self.assertEqual(len(self.data), self.size)
        self.assertNotIn("/backup.partial", found)

    def test_damaged(self) -> None:
        """
        No byte of it may be another, none be missing, and none follow.
        """
        chance = random.Random(1)
        anywhere = [chance.randrange(self.size) for _ in range(300)]
        for place in [*range(60), *anywhere, *range(self.size - 20, self.size)]:
            data = bytearray(self.data)
            data[place] ^= 1 << chance.randrange(8)
            self.assertRaises(BadBackup, self.read, bytes(data))
        for size in [*range(40), *(chance.randrange(self.size) for _ in range(100)), self.size - 1]:
            self.assertRaises(BadBackup, self.read, self.data[:size])
        self.assertRaises(BadBackup, self.read, self.data + b"x")
        for _ in range(100):
            self.assertRaises(BadBackup, self.read, chance.randbytes(chance.randrange(300)))

    def test_anotherFileOfTheSameName(self) -> None:
        """
        A description with right checksums that no replkv has written is refused too.
        """
        start, end = 12, self.data.index(b"]]}") + 3
        for old, new in (
            (b'"index": 9', b'"index": 0'),
            (b'"index": 9', b'"index": true'),
            (b'"cluster": "replkv"', b'"cluster": 7'),
            (b'"wallClock": 1700000000.5', b'"wallClock": NaN'),
            (b'"clock"', b'"watch"'),
            (b'"CURRENT"', b'"../CURRENT"'),
        ):
            changed = self.data[start:end].replace(old, new)
            self.assertNotEqual(changed, self.data[start:end], old)
            self.assertRaises(BadBackup, self.read, self.withDescription(1, changed))

    def test_newer(self) -> None:
        """
        What a later version has made is refused as such.
        """
        error = self.assertRaises(NewerBackup, self.read, self.withDescription(2, b"whatever it is"))
        self.assertIn("made by a newer replkv", str(error))

    def test_crash(self) -> None:
        """
        Whenever the power goes, there is a whole backup, or none.
        """
        steps = len(self.files.operations)
        whole = 0
        for step in range(steps):
            files = aStore()
            files.powerLossAt = step
            self.assertRaises(PowerLoss, writeBackup, files, "/backup", BACKUP, "/from")
            left = files.afterPowerLoss(random.Random(step))
            if left.exists("/backup"):
                whole += 1
                self.assertEqual(readBackup(left, "/backup", "/to"), BACKUP)
        self.assertLess(whole, steps)

    def test_diskFails(self) -> None:
        """
        Where the disk is full, nothing is left.
        """
        files = aStore()
        files.failing = lambda kind, path: errno.ENOSPC if kind in ("write", "sync") else 0
        self.assertRaises(OSError, writeBackup, files, "/backup", BACKUP, "/from")
        self.assertEqual([path for path in files.contents() if "backup" in path], [])

    def withDescription(self, version: int, description: bytes) -> bytes:
        """
        The backup with another description, whose checksum is right.
        """
        end = self.data.index(b"]]}") + 3
        head = b"rkvbak" + version.to_bytes(2, "big") + len(description).to_bytes(4, "big") + description
        return head + zlib.crc32(head).to_bytes(4, "big") + self.data[end + 4 :]
