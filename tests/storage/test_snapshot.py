"""
Snapshots as files.
"""

from __future__ import annotations

import errno
import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.storage.snapshot import IncomingSnapshot, Manifest, OutgoingSnapshot, SnapshotFile
from replkv.testing.files import MemoryFiles

CONTENTS = {"CURRENT": b"MANIFEST-1\n", "000004.log": b"", "000008.sst": bytes(range(256)) * 40}


def aSnapshot() -> tuple[MemoryFiles, OutgoingSnapshot]:
    """
    A snapshot on a disk.
    """
    files = MemoryFiles({f"/from/{name}": data for name, data in CONTENTS.items()})
    return files, OutgoingSnapshot(files, "/from", 77, 9)


def transfer(outgoing: OutgoingSnapshot, incoming: IncomingSnapshot, length: int) -> None:
    """
    Read on the one side what is missing on the other, and write it there.
    """
    while not incoming.isWhole:
        incoming.write(outgoing.read(incoming.file, incoming.offset, length))


class ManifestTests(SynchronousTestCase):
    """
    L{Manifest}.
    """

    def test_describes(self) -> None:
        """
        It names all files, their sizes and their checksums.
        """
        _, outgoing = aSnapshot()
        manifest = outgoing.manifest
        self.assertEqual((manifest.number, manifest.index), (77, 9))
        self.assertEqual(
            [(file.name, file.size) for file in manifest.files],
            [("000004.log", 0), ("000008.sst", 10240), ("CURRENT", 11)],
        )
        self.assertEqual(manifest.size, 10251)

    def test_sent(self) -> None:
        """
        What is decoded is what was encoded.
        """
        _, outgoing = aSnapshot()
        self.assertEqual(Manifest.decode(outgoing.manifest.encode()), outgoing.manifest)

    def test_refused(self) -> None:
        """
        What nobody sends is refused: above all, files that would be written elsewhere, or over each other.
        """
        digest = "0" * 32
        good = {"Format": 1, "Number": 7, "Index": 1, "Files": [["a", 1, digest]]}
        self.assertEqual(Manifest.decode(json.dumps(good).encode()).number, 7)
        changes: tuple[dict[str, object], ...] = (
            {"Files": [["../a", 1, digest]]},
            {"Files": [["/a", 1, digest]]},
            {"Files": [["..", 1, digest]]},
            {"Files": [["", 1, digest]]},
            {"Files": [["a\n", 1, digest]]},
            {"Files": [["a" * 101, 1, digest]]},
            {"Files": [["a", 1, digest], ["a", 1, digest]]},
            {"Files": [["a", -1, digest]]},
            {"Files": [["a", 2**54, digest]]},
            {"Files": [["a", "1", digest]]},
            {"Files": [["a", 1, "x" * 32]]},
            {"Files": [["a", 1]]},
            {"Files": []},
            {"Files": {}},
            {"Number": -1},
            {"Number": 2**64},
            {"Index": 0},
            {"Index": "1"},
            {"Format": 0},
        )
        for change in changes:
            self.assertRaises(ValueError, Manifest.decode, json.dumps({**good, **change}).encode())
        for data in (b"", b"[]", b"null", b"\xff", b"[" * 100_000):
            self.assertRaises(ValueError, Manifest.decode, data)

    def test_newer(self) -> None:
        """
        One of a later version is refused by name.
        """
        error = self.assertRaises(ValueError, Manifest.decode, b'{"Format": 2}')
        self.assertEqual(str(error), "the snapshot has format 2, and no format after 1 is known")


class TransferTests(SynchronousTestCase):
    """
    From one disk to another.
    """

    @settings(derandomize=True, deadline=None, max_examples=50)
    @given(st.integers(1, 12_000))
    def test_anyLength(self, length: int) -> None:
        """
        The files come to be the same, in pieces of whatever length.
        """
        _, outgoing = aSnapshot()
        files = MemoryFiles({"/to/old": b"left over"})
        incoming = IncomingSnapshot(files, "/to", outgoing.manifest)
        transfer(outgoing, incoming, length)
        self.assertEqual(files.contents(), {f"/to/{name}": data for name, data in CONTENTS.items()})

    def test_durable(self) -> None:
        """
        When it is whole, it survives a loss of power, whatever the disk makes of what was not synced.
        """
        _, outgoing = aSnapshot()
        for seed in range(50):
            files = MemoryFiles()
            transfer(outgoing, IncomingSnapshot(files, "/to", outgoing.manifest), 4000)
            survivor = files.afterPowerLoss(Random(seed))
            self.assertEqual(survivor.contents(), {f"/to/{name}": data for name, data in CONTENTS.items()})

    def test_resumed(self) -> None:
        """
        It says what comes next, at any time.
        """
        _, outgoing = aSnapshot()
        incoming = IncomingSnapshot(MemoryFiles(), "/to", outgoing.manifest)
        places = []
        while not incoming.isWhole:
            places.append((incoming.file, incoming.offset))
            incoming.write(outgoing.read(incoming.file, incoming.offset, 6000))
        # The first file is empty, and needs nothing.
        self.assertEqual(places, [(1, 0), (1, 6000), (2, 0)])

    def test_damaged(self) -> None:
        """
        A file that is not what was sent is refused when it ends; what is too long or nothing, at once.
        """
        _, outgoing = aSnapshot()
        incoming = IncomingSnapshot(MemoryFiles(), "/to", outgoing.manifest)
        self.assertRaises(ValueError, incoming.write, b"")
        self.assertRaises(ValueError, incoming.write, bytes(10241))
        incoming.write(bytes(10239))
        error = self.assertRaises(ValueError, incoming.write, b"x")
        self.assertEqual(str(error), "000008.sst of the snapshot does not fit its checksum")

    def test_full(self) -> None:
        """
        What the system refuses is the caller's to see to; the files are closed.
        """
        _, outgoing = aSnapshot()
        files = MemoryFiles()
        incoming = IncomingSnapshot(files, "/to", outgoing.manifest)
        files.failing = lambda kind, path: errno.ENOSPC if kind == "write" else 0
        self.assertRaises(OSError, incoming.write, b"x")
        incoming.close()
        files.failing = lambda kind, path: 0
        transfer(outgoing, IncomingSnapshot(files, "/to", outgoing.manifest), 4000)

    def test_unreadable(self) -> None:
        """
        So it is on the other side.
        """
        files, outgoing = aSnapshot()
        files.failing = lambda kind, path: errno.EIO if kind == "read" else 0
        self.assertRaises(OSError, outgoing.read, 1, 0, 10)
        outgoing.close()

    def test_checksumOfEmpty(self) -> None:
        """
        A file without content has a checksum too, and one that does not fit is refused.
        """
        manifest = Manifest(1, 1, (SnapshotFile("a", 0, "0" * 32),))
        self.assertRaises(ValueError, IncomingSnapshot, MemoryFiles(), "/to", manifest)
