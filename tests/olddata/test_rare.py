"""
Tests that what is rare in a data folder, and a backup, are read as earlier versions wrote them. The archive was made by
L{tests.olddata.make}.
"""

from __future__ import annotations

import random
import tarfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.machine import StateMachine
from replkv.kv.record import Record
from replkv.kv.rocks import RocksEngine
from replkv.lives import Past
from replkv.raft.repair import Repair
from replkv.service.inspection import inspect
from replkv.service.restoration import unpack
from replkv.storage.backup import Backup
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from tests.olddata.folders import CLUSTER, MEMBERS
from tests.storage.model import newFolder

STAMP = 1_795_000_000_000

HASH_AT_200 = 6215775817195000087


class RareTests(SynchronousTestCase):
    """
    Tests of C{rares1.tar.xz}: log, stamp, snapshot and backup of format 1, stores of format 2.

    @ivar archive: the name of the archive.
    """

    archive = "rares1.tar.xz"

    def setUp(self) -> None:
        """
        Have the folders.
        """
        self.path = Path(newFolder(self))
        with tarfile.open(Path(__file__).with_name(self.archive)) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(self.path)

    def open(self, server: int, name: str = "") -> tuple[DataFolder, LogStorage, StateMachine]:
        """
        Open a folder as its server does.
        """
        path = str(self.path / (name or str(server)))
        folder = DataFolder.open(OSFiles(), path, server, CLUSTER, MEMBERS, random.Random(0))
        self.addCleanup(folder.close)
        log = LogStorage.open(OSFiles(), folder.logPath, random.Random(0))
        self.addCleanup(log.close)
        machine = StateMachine(RocksEngine(folder.storePath(log.store)))
        self.addCleanup(machine.close)
        return folder, log, machine

    def goOn(self, log: LogStorage, machine: StateMachine) -> None:
        """
        Apply what the log has after the store.
        """
        machine.apply(log.read(machine.appliedIndex + 1, log.lastIndex, 1 << 20))
        self.assertEqual(machine.appliedIndex, log.lastIndex)

    def test_compacted(self) -> None:
        """
        A log that begins later has its beginning, its indexes and what comes after the store.
        """
        found = inspect(str(self.path / "0"), True)
        self.assertEqual(found.findings, ())
        assert found.log is not None
        self.assertEqual(found.log.free, 3)
        self.assertEqual([segment.isIndexed for segment in found.log.segments], [True, True, False])
        folder, log, machine = self.open(0)
        self.assertEqual(folder.past, Past("e3e70682c2094cac629f6fbed82c07cd", 1, ("0a5d2f346baa9455",)))
        self.assertEqual((log.firstIndex, log.prevTerm, log.lastIndex, log.store), (141, 2, 240, 0))
        self.assertEqual((log.term, log.votedFor, log.termRuns), (2, 2, [(141, 2)]))
        self.assertEqual((machine.appliedIndex, machine.hash), (200, HASH_AT_200))
        self.goOn(log, machine)
        self.assertEqual((machine.keys, machine.hash), (6, 0x9CBCB961E75D3546))
        self.assertEqual(machine.read(b"key1"), Record(239, 2 * 10**12 + STAMP + 239, b"239" * 20))

    def test_installed(self) -> None:
        """
        A server that goes on from a snapshot has that as its store.
        """
        self.assertEqual(inspect(str(self.path / "1"), True).findings, ())
        _, log, machine = self.open(1)
        self.assertEqual((log.store, log.firstIndex, log.prevTerm, log.lastIndex), (1, 201, 2, 220))
        self.assertEqual((machine.appliedIndex, machine.appliedTerm, machine.hash), (200, 2, HASH_AT_200))
        self.goOn(log, machine)
        self.assertEqual((machine.keys, machine.hash), (6, 0x3038FC875C5ABC19))

    def test_wrong(self) -> None:
        """
        A server that has found its state to be wrong still knows it.
        """
        [finding] = inspect(str(self.path / "2"), True).findings
        self.assertIn("its state is wrong: it lacks an entry", finding)
        folder, log, _ = self.open(2)
        self.assertEqual(folder.whyWrong(log.store), "it lacks an entry")
        folder.removeLeftovers(log.store + 1)
        self.assertIsNone(folder.whyWrong(log.store))

    def test_backup(self) -> None:
        """
        A backup is what it was.
        """
        backup = unpack(str(self.path / "backup"), str(self.path / "store"))
        self.assertEqual(backup, Backup(CLUSTER, 0, STAMP + 200, STAMP / 1000, 200, 2, STAMP + 200, 6, HASH_AT_200))


class SecondRareTests(RareTests):
    """
    Tests of C{rares2.tar.xz}: the same, with segments of format 2, and a log that is being repaired.
    """

    archive = "rares2.tar.xz"

    def test_repairing(self) -> None:
        """
        A server whose log is being repaired still knows what that had.
        """
        found = inspect(str(self.path / "2-repairing"), True)
        self.assertEqual((found.findings, found.repair), ((), Repair(40, 1)))
        folder, log, machine = self.open(2, "2-repairing")
        self.assertEqual(folder.repair, Repair(40, 1))
        self.assertEqual((log.firstIndex, log.prevTerm, log.lastIndex), (21, 1, 25))
        self.goOn(log, machine)
        self.assertEqual(machine.keys, 6)
