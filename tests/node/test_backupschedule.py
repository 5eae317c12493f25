"""
Tests for L{replkv.node.backupschedule}.
"""

from __future__ import annotations

import errno
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from random import Random

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.config import BackupPlan
from replkv.kv.engine import Engine
from replkv.kv.machine import StateMachine
from replkv.kv.memory import CHECKPOINT, MemoryEngine, read
from replkv.kv.record import RECORDS
from replkv.node.backupschedule import BackupSchedule
from replkv.node.clusterclock import ClusterClock
from replkv.node.diskqueue import RunInThread
from replkv.node.diskspace import DiskSpace
from replkv.node.limits import NODE_LIMITS
from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.log import RaftLog
from replkv.storage.backup import readBackup
from replkv.storage.backupfolder import BackupFolder
from replkv.storage.files import Space
from replkv.testing.cluster.store import saveFile
from replkv.testing.files import MemoryFiles
from tests.commands.logged import encodeSet
from tests.logged import logged
from tests.node.thread import Thread

NOW = 1_790_000_000.0
EVERY = 400


class ScheduleTests(SynchronousTestCase):
    """
    A backup each 400 seconds, of which three are kept.
    """

    def setUp(self) -> None:
        """
        A server with a key, whose machine was booted at C{NOW}.
        """
        self.clock = Clock()
        self.wall = 0.0  # By so much the wall clock is ahead.
        self.files = MemoryFiles()
        self.lines = logged(self)
        self.wrong: list[str] = []
        self.machine = StateMachine(MemoryEngine(save=lambda path, data: saveFile(self.files, path, data)))
        self.machine.apply([Entry(1, 1, b""), Entry(2, 1, encodeSet(5, b"k", 0, b"v"))])
        self.schedule = self.begin()

    def begin(self, runBackup: RunInThread = maybeDeferred, members: int = 3) -> BackupSchedule:
        """
        The server starts.
        """
        configurations = Configurations(Configuration.ofVoters(range(members)))
        self.raft = Raft(RaftConfig(0), Random(1), RaftLog([(1, 1)], 2, []), configurations, 1, None, 2)
        self.space = DiskSpace(self.files, "/data", None, maybeDeferred, self.clock, NODE_LIMITS)
        schedule = BackupSchedule(
            BackupPlan(EVERY, 3, "/to"),
            BackupFolder(self.files, "/to", 0, "a" * 32),
            self.machine,
            self.raft,
            ClusterClock(self.clock.seconds, 1000),
            "replkv",
            self.space,
            self.wrong.append,
            self.files,
            "/data/snapshots",
            self.readStore,
            maybeDeferred,
            runBackup,
            lambda: NOW + self.wall + self.clock.seconds(),
            self.clock,
            replace(NODE_LIMITS, backupRetrySeconds=60.0, backupPause=0.0),
        )
        self.space.start()
        schedule.start()
        return schedule

    def readStore(self, path: str) -> AbstractContextManager[Engine]:
        """
        Open a checkpoint.
        """
        return closing(MemoryEngine(read(self.files.contents()[f"{path}/{CHECKPOINT}"])))

    def end(self) -> None:
        """
        The server stops.
        """
        self.schedule.stop()
        self.space.stop()

    def numbers(self) -> list[int]:
        """
        Of the backups that there are.
        """
        return [int(name.split("-")[3]) for name in self.files.list("/to")] if self.files.exists("/to") else []

    def run_(self, seconds: float) -> list[int]:
        """
        Let time pass.

        @return: the numbers of the backups that there are then.
        """
        self.clock.pump([1.0] * int(seconds))
        return self.numbers()

    def test_pace(self) -> None:
        """
        The first one is made at once, the others on time; it has the state, and no other trace is left.
        """
        self.assertEqual(self.run_(2), [1])
        last = self.schedule.last
        assert last is not None
        backup = readBackup(self.files, f"/to/{last.name}", "/again")
        self.assertEqual(backup, ("replkv", 0, 2000, NOW + 1, 2, 1, 5, 1, self.machine.hash))
        self.assertEqual([path for path in self.files.contents() if "snapshots" in path], [])
        self.assertEqual(self.run_(EVERY - 2), [1])
        self.assertEqual(self.run_(2), [1, 2])
        self.assertEqual(self.run_(EVERY * 3), [3, 4, 5])
        self.assertEqual(len(self.lines), 5)
        self.assertIn("a backup is made: server-0-aaaaaaaa-000005-", self.lines[-1])

    def test_restart(self) -> None:
        """
        After a restart the next one is due so long after the last one; those that were missed are not made up for.
        """
        self.run_(2)
        self.end()
        self.clock.advance(EVERY / 2)
        self.schedule = self.begin()
        self.assertEqual(self.run_(EVERY / 2 - 10), [1])
        self.assertEqual(self.run_(20), [1, 2])
        self.end()
        self.clock.advance(EVERY * 5)
        self.schedule = self.begin()
        self.assertEqual(self.run_(EVERY - 10), [1, 2, 3])

    def test_wallClock(self) -> None:
        """
        A wall clock that jumps changes nothing while the server runs; and after a restart no more than that time.
        """
        self.run_(2)
        for wall in (1e9, -1e9):
            self.wall = wall
            before = self.numbers()
            self.assertEqual(self.run_(EVERY - 20), before)
            self.run_(20)
        self.assertEqual(self.numbers(), [1, 2, 3])
        self.end()
        self.wall = -1.5e9
        self.schedule = self.begin()
        self.assertEqual(self.run_(EVERY - 10), [1, 2, 3])
        self.assertEqual(self.run_(20), [2, 3, 4])
        self.end()
        self.wall = 1e9
        self.schedule = self.begin()
        self.assertEqual(self.run_(EVERY - 10), [3, 4, 5])

    def test_failure(self) -> None:
        """
        What fails is tried again each minute, and told once.
        """
        self.files.failing = lambda kind, path: errno.EACCES if path.startswith("/to") else 0
        self.run_(600)
        self.assertEqual(len(self.lines), 1)
        self.assertIn("no backup could be made", self.lines[0])
        self.assertIn("Permission denied", self.lines[0])
        self.assertLess(sum(path == "/data/snapshots/scheduled" for _, path in self.files.operations), 50)
        self.files.failing = lambda kind, path: 0
        self.assertEqual(self.run_(61), [1])
        self.assertEqual(self.run_(EVERY - 120), [1])

    def test_noneRemoved(self) -> None:
        """
        Where old ones cannot be removed, that is told, and new ones are made on time, and not more often.
        """
        self.files.failing = lambda kind, path: errno.EACCES if kind == "remove" and path.endswith(".backup") else 0
        self.assertEqual(self.run_(EVERY * 4 + 10), [1, 2, 3, 4, 5])
        told = "older backups than are to be kept are in /to, and cannot be removed"
        self.assertEqual(sum(told in line for line in self.lines), 2)

    def test_fullDisk(self) -> None:
        """
        None is made on a disk that is nearly full, be it that of the backups or that of the data.
        """
        self.files.room = Space(NODE_LIMITS.reserveBytes, 1 << 30)
        self.assertEqual(self.run_(5), [])
        self.files.room = Space(NODE_LIMITS.reserveBytes - 1, 1 << 30)
        self.assertEqual(self.run_(61), [])
        said = [line for line in self.lines if "no backup could be made" in line]
        self.assertIn("/to has room for 64 MiB, and it needs 1 MiB besides a reserve of 64 MiB", said[0])
        self.assertIn("the disk of the data folder is nearly full", said[1])
        self.assertEqual(len(said), 2)
        self.files.room = Space(1 << 40, 1 << 40)
        self.assertEqual(self.run_(61), [1])

    def test_nothing(self) -> None:
        """
        A server that has nothing waits until it has.
        """
        self.end()
        entries, self.machine = [Entry(1, 1, b"")], StateMachine(MemoryEngine(save=self.machine.engine.save))  # type: ignore[attr-defined]
        self.schedule = self.begin()
        self.assertEqual((self.run_(100), self.lines), ([], []))
        self.machine.apply(entries)
        self.assertEqual(self.run_(1), [1])

    def test_wrongState(self) -> None:
        """
        None is made of a state that is known to be wrong; and who finds a rotten record says so.
        """
        self.raft.distrust()
        self.assertEqual((self.run_(100), self.lines), ([], []))
        self.end()
        engine = self.machine.engine
        stored = engine.get(RECORDS + b"k")
        assert stored is not None
        engine.write({RECORDS + b"k": stored[:-1] + b"x"})
        self.schedule = self.begin()
        self.assertEqual(self.run_(2), [])
        self.assertEqual(len(self.wrong), 1)
        self.assertIn("does not fit its checksum", self.wrong[0])
        self.assertEqual([path for path in self.files.contents() if "snapshots" in path], [])
        self.end()
        self.schedule = self.begin(members=1)
        self.assertEqual(self.run_(2), [])
        self.assertEqual(len(self.wrong), 1)

    def test_slow(self) -> None:
        """
        While one is being made no other one is, and the reactor waits for nothing; a server that stops gives it up.
        """
        thread = Thread()
        self.end()
        self.schedule = self.begin(thread.run)
        self.run_(EVERY * 3)
        self.assertEqual((thread.waiting, self.numbers()), (1, []))
        thread.work()
        thread.work()
        self.end()
        while thread.work():
            pass
        self.assertEqual((self.numbers(), self.lines), ([], []))
        self.assertEqual([path for path in self.files.contents() if "snapshots" in path], [])
