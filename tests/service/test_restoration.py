"""
Tests for L{replkv.service.restoration}.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.configure import Configure
from replkv.commands.grant import GrantRight
from replkv.commands.useradd import UserAdd
from replkv.kv.machine import StateMachine
from replkv.kv.rocks import RocksEngine
from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.member import Member
from replkv.raft.membership import configurationsIn
from replkv.service.inspection import inspect
from replkv.service.restoration import recover, restore, unpack
from replkv.storage.backup import Backup, BadBackup, writeBackup
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.storage.stamp import FolderError
from replkv.users.rights import Right
from tests.service.datafolder import CLUSTER, MEMBERS, STAMP, entries, makeFolder
from tests.storage.model import newFolder
from tests.users.people import secretOf


class RestoreTests(SynchronousTestCase):
    """
    L{restore}, and L{unpack}.
    """

    def setUp(self) -> None:
        """
        Make a backup.
        """
        self.folder = newFolder(self)
        self.path = os.path.join(self.folder, "backup")
        self.data = os.path.join(self.folder, "data", "1")
        self.machine = StateMachine(RocksEngine(os.path.join(self.folder, "store")))
        self.machine.apply(entries(1, 100, 7))
        self.backup = Backup(
            "old", 0, STAMP + 500, 1.5, 100, 7, self.machine.clock, self.machine.keys, self.machine.hash
        )
        self.write()

    def write(self) -> None:
        """
        Make a backup of what is in the store.
        """
        copy = os.path.join(self.folder, "copy")
        if os.path.exists(copy):
            OSFiles().removeFolder(copy)
        self.machine.checkpoint(copy)
        self.machine.close()
        writeBackup(OSFiles(), self.path, self.backup, copy)

    def test_restored(self) -> None:
        """
        A server finds all that was there, in a log that goes on after it, and knows the time.
        """
        self.assertEqual(restore(self.path, self.data, 1, CLUSTER, MEMBERS), self.backup)
        self.assertEqual(inspect(self.data, True).findings, ())
        folder = DataFolder.open(OSFiles(), self.data, 1, CLUSTER, MEMBERS, random.Random(1))
        log = LogStorage.open(OSFiles(), folder.logPath, random.Random(1))
        folder.removeLeftovers(log.store)
        machine = StateMachine(RocksEngine(folder.storePath(log.store)))
        self.assertEqual((log.firstIndex, log.lastIndex, log.prevTerm, log.term, log.votedFor), (101, 100, 7, 7, None))
        self.assertEqual((machine.appliedIndex, machine.appliedTerm), (100, 7))
        self.assertEqual(
            (machine.hash, machine.keys, machine.clock), self.backup[-1:] + self.backup[7:8] + (STAMP + 100,)
        )
        clock = folder.readClock()
        self.assertEqual(clock and (clock.time, clock.wallClock, clock.isKnown), (STAMP + 500, 1.5, True))
        machine.close()
        log.close()
        folder.close()

    def test_withoutUsers(self) -> None:
        """
        Where nobody has the token of an admin any more, a cluster is restored without the users, and with all keys.
        """
        self.machine = StateMachine(RocksEngine(os.path.join(self.folder, "store")))
        before = self.machine.hash
        commands = UserAdd(b"root", secretOf(b"lost")), GrantRight(b"root", Right.ADMIN, b"")
        self.machine.apply([Entry(index, 7, each.encode(STAMP)) for index, each in enumerate(commands, 101)])
        self.backup = self.backup._replace(index=102, hash=self.machine.hash)
        self.write()
        for name, withUsers in (("1", True), ("2", False)):
            data = os.path.join(self.folder, "data", name)
            backup = restore(self.path, data, int(name), CLUSTER, MEMBERS, withUsers)
            self.assertEqual(inspect(data, True).findings, ())
            machine = StateMachine(RocksEngine(os.path.join(data, "store-1")))
            self.assertEqual((machine.hash, machine.keys, machine.appliedIndex), (backup.hash, backup.keys, 102))
            self.assertEqual((machine.users.areHeeded, machine.hash == before), (withUsers, not withUsers))
            machine.close()

    def test_withoutMembers(self) -> None:
        """
        Who the members of the old cluster were is nothing to the one that begins with its backup.
        """
        self.machine = StateMachine(RocksEngine(os.path.join(self.folder, "store")))
        before = self.machine.hash
        members = Configure(Configuration([Member(0, incarnation="a folder that is lost")]))
        self.machine.apply([Entry(101, 7, members.encode(0))])
        self.assertIsNotNone(self.machine.members.configuration)
        self.backup = self.backup._replace(index=101, hash=self.machine.hash)
        self.write()
        self.assertEqual(restore(self.path, self.data, 1, CLUSTER, MEMBERS), self.backup._replace(hash=before))
        self.assertEqual(inspect(self.data, True).findings, ())
        machine = StateMachine(RocksEngine(os.path.join(self.data, "store-1")))
        self.addCleanup(machine.close)
        self.assertEqual((machine.members.configuration, machine.hash), (None, before))

    def test_othersThanBefore(self) -> None:
        """
        Each folder that is made is another one, so that who has met what was there before refuses it.
        """
        other = os.path.join(self.folder, "data", "2")
        restore(self.path, self.data, 1, CLUSTER, MEMBERS)
        restore(self.path, other, 2, CLUSTER, MEMBERS)
        self.assertNotEqual(inspect(self.data, False).stamp.incarnation, inspect(other, False).stamp.incarnation)

    def test_notEmpty(self) -> None:
        """
        A folder in which there is something is left as it is; an empty one is taken, and so is what an attempt before
        has left.
        """
        os.makedirs(self.data)
        os.makedirs(f"{self.data}.partial/log")
        Path(self.data, "mine").write_text("x")
        self.assertRaises(FolderError, restore, self.path, self.data, 1, CLUSTER, MEMBERS)
        self.assertEqual(os.listdir(self.data), ["mine"])
        os.remove(os.path.join(self.data, "mine"))
        restore(self.path, self.data, 1, CLUSTER, MEMBERS)
        self.assertEqual(os.listdir(os.path.dirname(self.data)), ["1"])

    def test_damaged(self) -> None:
        """
        Of a backup that is damaged no folder is made.
        """
        data = bytearray(Path(self.path).read_bytes())
        data[-100] ^= 1
        Path(self.path).write_bytes(data)
        self.assertRaises(BadBackup, restore, self.path, self.data, 1, CLUSTER, MEMBERS)
        self.assertFalse(os.path.exists(self.data))

    def test_rottenStore(self) -> None:
        """
        Nor of one whose checksums are right, though the store was rotten when it was made; or which has another state
        than the backup says.
        """
        temporary = os.path.join(self.folder, "temporary")
        self.backup = self.backup._replace(keys=self.backup.keys + 1)
        os.remove(self.path)
        self.machine = StateMachine(RocksEngine(os.path.join(self.folder, "store")))
        self.write()
        self.assertIn("another state", str(self.assertRaises(BadBackup, unpack, self.path, temporary)))
        os.remove(self.path)
        self.machine = StateMachine(RocksEngine(os.path.join(self.folder, "store")))
        record = bytearray(self.machine.engine.get(b"kkey1") or b"")
        record[-1] ^= 1
        self.machine.engine.write({b"kkey1": bytes(record)})
        self.write()
        self.assertIn("does not fit its checksum", str(self.assertRaises(BadBackup, unpack, self.path, temporary)))


class RecoverTests(SynchronousTestCase):
    """
    L{recover}.
    """

    def setUp(self) -> None:
        """
        Make a folder.
        """
        self.path = os.path.join(newFolder(self), "0")
        makeFolder(self.path)

    def test_alone(self) -> None:
        """
        The folder is that of a cluster of one, which has not met anybody, with all that it had.
        """
        Path(self.path, "peers.json").write_text("{}")
        before = inspect(self.path, True)
        recover(self.path, 0, CLUSTER)
        found = inspect(self.path, True)
        self.assertEqual((found.stamp.members, found.peers, found.findings), ((0,), {}, ()))
        self.assertNotEqual(found.stamp.incarnation, before.stamp.incarnation)
        self.assertEqual(found.state, before.state)
        log = LogStorage.open(OSFiles(), os.path.join(self.path, "log"), random.Random(1))
        [(_, members)] = configurationsIn(log.read(log.lastIndex, log.lastIndex, 1 << 20))
        self.assertEqual(members, Configuration([Member(0, incarnation=found.stamp.incarnation)]))
        log.close()
        DataFolder.open(OSFiles(), self.path, 0, CLUSTER, [0], random.Random(1)).close()

    def test_refused(self) -> None:
        """
        Another server's folder is left alone, and so is that of one that runs, and what is none.
        """
        for path, server, cluster in (
            (self.path, 1, CLUSTER),
            (self.path, 0, "other"),
            (os.path.dirname(self.path), 0, CLUSTER),
        ):
            self.assertRaises(FolderError, recover, path, server, cluster)
        running = DataFolder.open(OSFiles(), self.path, 0, CLUSTER, MEMBERS, random.Random(1))
        self.assertIn("is running", str(self.assertRaises(FolderError, recover, self.path, 0, CLUSTER)))
        running.close()
        self.assertEqual(inspect(self.path, False).stamp.members, MEMBERS)
