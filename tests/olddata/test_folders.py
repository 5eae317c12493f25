"""
Tests that the data folders of earlier versions are read as they were written.
"""

from __future__ import annotations

import random
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.conversion import convert
from replkv.kv.engine import Engine
from replkv.kv.limits import MACHINE_LIMITS
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.rocks import RocksEngine
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from tests.olddata.fifth import FIFTH
from tests.olddata.first import FIRST
from tests.olddata.folders import CLUSTER, MEMBERS, Archive, Kept
from tests.olddata.fourth import FOURTH
from tests.olddata.second import SECOND
from tests.olddata.sixth import SIXTH
from tests.olddata.third import THIRD
from tests.storage.model import newFolder


class FirstFolderTests(SynchronousTestCase):
    """
    Each test opens the folders of an archive as a server does.

    @cvar archive: the archive.
    """

    archive: Archive = FIRST

    def setUp(self) -> None:
        """
        Have the folders.
        """
        self.path = Path(newFolder(self))
        self.archive.unpack(self.path)

    def open(self, kept: Kept) -> tuple[DataFolder, LogStorage]:
        """
        Open a folder and its log.
        """
        path = str(self.path / str(kept.serverId))
        folder = DataFolder.open(OSFiles(), path, kept.serverId, CLUSTER, MEMBERS, random.Random(0))
        self.addCleanup(folder.close)
        log = LogStorage.open(OSFiles(), folder.logPath, random.Random(0))
        self.addCleanup(log.close)
        return folder, log

    def machine(self, engine: Engine, log: LogStorage) -> StateMachine:
        """
        The state machine on C{engine}, which is converted first if it has to be.
        """
        convert(engine, lambda index: max(term for first, term in log.termRuns if first <= index), MACHINE_LIMITS)
        machine = StateMachine(engine)
        self.addCleanup(machine.close)
        return machine

    def assertHolds(self, machine: StateMachine, kept: Kept) -> None:
        """
        The machine holds what it must when the whole log is applied.
        """
        self.assertEqual((machine.appliedIndex, machine.clock), (kept.lastIndex, kept.stamp))
        self.assertEqual(machine.appliedTerm, kept.termRuns[-1][1])
        self.assertEqual({key: machine.read(key) for key in kept.records}, kept.records)
        self.assertEqual([key for key in self.archive.gone if machine.read(key)], [])
        self.assertEqual(machine.keys, len(kept.records))
        self.assertEqual(list(machine.users.after(b"-", 100)), list(kept.users))
        self.assertEqual(machine.members.configuration, kept.members)
        self.assertEqual(
            machine.nextDeadline, min(record.deadline for record in kept.records.values() if record.deadline)
        )

    def test_identity(self) -> None:
        """
        The server is who it was, has met whom it had met, and knows when it last ran.
        """
        for kept in (self.archive.killed, self.archive.stopped):
            folder, _ = self.open(kept)
            self.assertEqual(folder.past, kept.past)
            self.assertEqual({peer: folder.peer(peer) for peer in kept.peers}, kept.peers)
            self.assertEqual(folder.readClock(), kept.clock)

    def test_log(self) -> None:
        """
        The log has its term, its vote and its entries, and these make the same keys, versions and deadlines.
        """
        for kept in (self.archive.killed, self.archive.stopped):
            _, log = self.open(kept)
            self.assertEqual((log.term, log.votedFor, log.lastIndex), (kept.term, kept.votedFor, kept.lastIndex))
            self.assertEqual((log.termRuns, log.cutBytes), (kept.termRuns, 0))
            machine = self.machine(MemoryEngine(), log)
            machine.apply(log.read(1, log.lastIndex, 1 << 20))
            self.assertHolds(machine, kept)
            if kept.stateHash is not None:
                self.assertEqual(machine.hash, kept.stateHash)

    def test_store(self) -> None:
        """
        The store has got as far as it had, and goes on from there with what the log has after it. Its state is then the
        one that the whole log makes.
        """
        for kept in (self.archive.killed, self.archive.stopped):
            folder, log = self.open(kept)
            machine = self.machine(RocksEngine(folder.storePath(log.store)), log)
            self.assertEqual(machine.appliedIndex, kept.appliedIndex)
            if kept.appliedIndex < kept.lastIndex:
                machine.apply(log.read(kept.appliedIndex + 1, kept.lastIndex, 1 << 20))
            self.assertHolds(machine, kept)
            anew = self.machine(MemoryEngine(), log)
            anew.apply(log.read(1, log.lastIndex, 1 << 20))
            self.assertEqual(machine.hash, anew.hash)


class SecondFolderTests(FirstFolderTests):
    """
    The same with folders in which keys were touched.
    """

    archive = SECOND


class ThirdFolderTests(FirstFolderTests):
    """
    The same with stores of format 2.
    """

    archive = THIRD


class FourthFolderTests(FirstFolderTests):
    """
    The same with users.
    """

    archive = FOURTH


class FifthFolderTests(FirstFolderTests):
    """
    The same with members in the log.
    """

    archive = FIFTH


class SixthFolderTests(FirstFolderTests):
    """
    The same with all that can be done to keys, one of them with bytes that are not printable, and with clients' flags.
    """

    archive = SIXTH
