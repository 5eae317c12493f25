"""
What a server makes of a log that has rotted, before it goes on.
"""

from __future__ import annotations

from random import Random
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.engine import Engine
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.limits import NodeLimits
from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.limits import RaftLimits
from replkv.raft.log import bytesOf
from replkv.raft.member import Kind, Member
from replkv.raft.membership import encode
from replkv.raft.repair import Repair
from replkv.service.host import Host
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.service.recovery import openMachine
from replkv.storage.errors import CorruptLog, LogFailed
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.storage.record import FRAMES_START
from replkv.testing.files import MemoryFiles, PowerLoss
from tests.commands.logged import encodeSet
from tests.logged import logged
from tests.storage.model import SEGMENT_BYTES, append, stateOf, vote

ENTRIES = [Entry(index, 1 + index // 6, encodeSet(0, b"k%d" % index, 0, b"v" * 100)) for index in range(1, 11)]


class OneStore:
    """
    A host whose store is there already.
    """

    def __init__(self, entries: list[Entry]) -> None:
        """
        @param entries: those that it has.
        """
        self.engine = MemoryEngine()
        StateMachine(self.engine).apply(entries)

    def bootTime(self) -> float:
        """
        It has just been booted.
        """
        return 0.0

    def openStore(self, path: str, openFiles: int) -> Engine:
        """
        The store.
        """
        return self.engine


class RepairTests(SynchronousTestCase):
    """
    Tests for a log of ten entries, each in a record of its own, of which the fifth has rotted.
    """

    def setUp(self) -> None:
        """
        Write the log, with a vote at its end.
        """
        self.lines = logged(self)
        self.files = MemoryFiles()
        folder, log = self.open(self.files)
        for index, term, data in ENTRIES:
            log.write([append(index, term, data)])
        log.write([vote(7, 2)])
        folder.close()
        places = [log._outline.locate(index)[2] for index in (5, 6)]
        self.assertEqual([place >> 32 for place in places], [1, 1])
        path = f"{folder.logPath}/0000000000000001.segment"
        place = (places[0] & 0xFFFFFFFF) + 40
        self.assertGreater(place, FRAMES_START)
        byte = self.files.contents()[path][place]
        self.files.put(path, place, bytes([byte ^ 1]))

    def open(self, files: MemoryFiles) -> tuple[DataFolder, LogStorage]:
        """
        Open the folder and the log, as a new process does.
        """
        folder = DataFolder.open(files, "/0", 0, "replkv", (0, 1, 2), Random(1))
        return folder, LogStorage.open(files, folder.logPath, Random(1), SEGMENT_BYTES, mayRepair=True)

    def start(
        self, files: MemoryFiles, applied: int, limits: ServerLimits = SERVER_LIMITS
    ) -> tuple[DataFolder, LogStorage]:
        """
        Go on from what is there.

        @param applied: how much the store has.
        """
        folder, log = self.open(files)
        openMachine(cast(Host, OneStore(ENTRIES[:applied])), 0, folder, 10, log, limits, 4)
        return folder, log

    def assertRepairing(self, files: MemoryFiles, applied: int) -> None:
        """
        A start finds that the log is to be repaired, and that it has what the store lacks, as far as it was well.
        """
        folder, log = self.start(files, applied)
        self.assertIsNone(log.damage)
        self.assertEqual(folder.repair, Repair(10, 2))
        self.assertEqual(
            (log.firstIndex, log.prevTerm, log.term, log.votedFor), (applied + 1, 2 if applied > 5 else 1, 7, 2)
        )
        kept = stateOf(log).entries
        self.assertEqual(kept, tuple(ENTRIES[applied : max(applied, 4)])[: len(kept)])
        folder.close()

    def test_beforeTheDamage(self) -> None:
        """
        The store is not as far as the log is well: the entries between stay.
        """
        folder, log = self.start(self.files, 2)
        self.assertEqual(log.lastIndex, 4)
        folder.close()
        self.assertRepairing(self.files, 2)

    def test_behindTheDamage(self) -> None:
        """
        The store is further than the damage: the log goes on from the store.
        """
        folder, log = self.start(self.files, 8)
        self.assertEqual(log.lastIndex, 8)
        folder.close()
        self.assertRepairing(self.files, 8)

    def test_farBehind(self) -> None:
        """
        The store lacks more than is taken into memory: the log goes on with the first of that, and that it lacks more
        than was damaged is noted.
        """
        small = ServerLimits(RaftLimits(cacheBytes=bytesOf(ENTRIES[1:3])), node=NodeLimits(readBytes=1))
        folder, log = self.start(self.files, 1, small)
        self.assertEqual((log.firstIndex, stateOf(log).entries), (2, tuple(ENTRIES[1:3])))
        [line] = [line for line in self.lines if "damaged" in line]
        self.assertIn("goes on without what came after entry 3.", line)
        folder.close()
        folder, log = self.start(self.files, 1)
        self.assertEqual((log.lastIndex, folder.repair), (3, Repair(10, 2)))
        folder.close()

    def test_told(self) -> None:
        """
        The operator is told what was found.
        """
        self.start(self.files, 2)
        [line] = [line for line in self.lines if "damaged" in line]
        self.assertRegex(
            line, r"the log was damaged: /0/log/0+1\.segment, at offset \d+: the record is damaged, .* entry 4"
        )

    def test_alone(self) -> None:
        """
        A server that is the only voter by now has nobody to get anything from: nothing is changed, and its operator is
        told what there is to do. That there were others, or that a spare waits, is no matter. Where it is none itself,
        the others have all.
        """
        before = self.files.contents()
        folder, log = self.open(self.files)
        spare = Member(2, Kind.SPARE, "folder 2")
        for members in ([Member(0)], [Member(0), spare]):
            error = self.assertRaises(CorruptLog, self.goOnAs, Configuration(members), folder, log)
            self.assertIn("If there are none, restore a backup", str(error))
            self.assertEqual(self.files.contents(), before)
        self.goOnAs(Configuration([Member(1)]), folder, log)
        self.assertEqual(folder.repair, Repair(10, 2))

    def goOnAs(self, configuration: Configuration, folder: DataFolder, log: LogStorage) -> None:
        """
        Go on as one of these members.
        """
        store = OneStore([ENTRIES[0], Entry(2, 1, encode(configuration))])
        openMachine(cast(Host, store), 0, folder, 10, log, SERVER_LIMITS, 4)

    def test_again(self) -> None:
        """
        A log that rots again before it is repaired lacks all that it ever had.
        """
        folder, _ = self.open(self.files)
        folder.rememberRepair(Repair(20, 1))
        folder.close()
        folder, _ = self.start(self.files, 2)
        self.assertEqual(folder.repair, Repair(20, 2))

    def test_powerLoss(self) -> None:
        """
        The power goes in any operation: the next start finds the log as it was, or that it is to be repaired.
        """
        for applied in (2, 8):
            number = 0
            while True:
                files = MemoryFiles(self.files.contents())
                files.powerLossAt = number
                try:
                    self.start(files, applied)
                except PowerLoss:
                    self.assertRepairing(files.afterPowerLoss(Random(number)), applied)
                    number += 1
                else:
                    break
            self.assertGreater(number, 20)

    def test_cannotBeNoted(self) -> None:
        """
        Where it cannot be noted, nothing is changed.
        """
        folder, log = self.open(self.files)
        before = self.files.contents()

        def refuse(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        self.patch(folder, "rememberRepair", refuse)
        error = self.assertRaises(
            LogFailed, openMachine, cast(Host, OneStore(ENTRIES[:2])), 0, folder, 10, log, SERVER_LIMITS, 4
        )
        self.assertIn("No space left on device", str(error))
        self.assertEqual(self.files.contents(), before)

    def test_over(self) -> None:
        """
        When it is repaired, the next start knows nothing of it.
        """
        folder, _ = self.start(self.files, 2)
        folder.forgetRepair()
        self.assertIsNone(folder.repair)
        folder.close()
        folder, _ = self.open(self.files.afterPowerLoss(Random(1)))
        self.assertIsNone(folder.repair)
