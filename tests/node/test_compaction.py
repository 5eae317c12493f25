"""
Tests for what goes from the log.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from random import Random

from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.compaction import Compaction
from replkv.node.diskqueue import DiskQueue
from replkv.node.limits import NODE_LIMITS
from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.log import RaftLog
from replkv.raft.outputs import Load, Persist
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.storage.errors import LogFailed
from replkv.storage.log import LogStorage
from replkv.testing.files import MemoryFiles
from tests.node.cluster import Client, Cluster, valueAt
from tests.node.thread import Thread


class CompactionTests(SynchronousTestCase):
    """
    Tests for L{Compaction}, on a log of nine entries, one in each segment, all of which are applied.
    """

    def setUp(self) -> None:
        """
        Have the log, a core on it, and threads that work when the test says so.
        """
        self.files = MemoryFiles()
        self.log = LogStorage.open(self.files, "/log", Random(1), 8192)
        entries = [Entry(index, 1, bytes(3000)) for index in range(1, 10)]
        for entry in entries:
            self.log.write([Persist(1, 1, None, Batch([entry]))])
        self.log.prepare()
        self.raft = Raft(
            RaftConfig(0),
            Random(1),
            RaftLog([(1, 1)], 9, entries),
            Configurations(Configuration.ofVoters((0,))),
            1,
            None,
            9,
        )
        self.thread, self.other = Thread(), Thread()
        self.failed: list[Failure] = []
        self.disk = DiskQueue(self.log, self.thread.run, self.thread.write, self.other.run, Clock(), NODE_LIMITS)
        self.disk.whenSynced().addErrback(self.failed.append)
        self.pin: int | None = None
        self.compaction = self.compactionOf(0)

    def compactionOf(self, retained: int) -> Compaction:
        """
        Make one that retains so many bytes.
        """
        return Compaction(self.raft, self.disk, lambda: self.pin, replace(NODE_LIMITS, retainedBytes=retained))

    def work(self) -> None:
        """
        Let the thread do all its work.
        """
        while self.thread.work():
            pass

    def assertBegins(self, index: int) -> None:
        """
        The core and the disk agree about where the log begins.
        """
        self.assertEqual((self.raft.log.firstIndex, self.log.firstIndex), (index, index))

    def test_flushed(self) -> None:
        """
        What is flushed goes, and nothing after it. Files that are free are put in order.
        """
        self.compaction.flushed(4)
        self.work()
        self.assertBegins(5)
        self.assertEqual(self.other.waiting, 1)
        self.other.work()
        self.assertTrue(self.log.isPrepared)
        self.compaction.flushed(3)
        self.work()
        self.assertBegins(5)
        self.compaction.flushed(9)
        self.work()
        self.assertBegins(9)

    def test_retained(self) -> None:
        """
        So much stays as is to be retained.
        """
        self.compaction = self.compactionOf(20_000)
        self.compaction.flushed(9)
        self.work()
        self.assertBegins(7)

    def test_pinned(self) -> None:
        """
        What a server is about to need stays until it has it.
        """
        self.pin = 3
        self.compaction.flushed(9)
        self.work()
        self.assertBegins(4)
        self.pin = None
        self.compaction.flushed(9)
        self.work()
        self.assertBegins(9)

    def test_meanwhile(self) -> None:
        """
        What is flushed while it looks what can go is looked at after that.
        """
        self.compaction.flushed(2)
        self.compaction.flushed(4)
        self.compaction.flushed(6)
        self.assertEqual(self.thread.waiting, 1)
        self.work()
        self.assertBegins(7)

    def test_coreFirst(self) -> None:
        """
        The core knows before the disk. What it has asked for before is read before it goes.
        """
        self.compaction.flushed(4)
        self.thread.work()
        self.assertEqual((self.raft.log.firstIndex, self.log.firstIndex), (5, 1))
        self.setUp()
        self.compaction.flushed(4)
        loaded = self.disk.read(Load(1, 1, 1, 2), isOwn=False)
        self.work()
        self.assertEqual([entry.index for entry in self.successResultOf(loaded)], [1, 2])
        self.assertBegins(5)

    def test_noDescriptor(self) -> None:
        """
        Where there is no descriptor, the disk keeps what could go until the next time.
        """
        self.files.failing = lambda kind, path: errno.EMFILE if kind == "create" else 0
        self.compaction.flushed(4)
        self.work()
        self.assertEqual(self.log.firstIndex, 1)
        self.files.failing = lambda kind, path: 0
        self.compaction.flushed(5)
        self.work()
        self.assertBegins(6)
        self.assertEqual(self.failed, [])

    def test_diskFails(self) -> None:
        """
        Where the disk fails, that is told at once, and not only with the next write.
        """
        self.files.failing = lambda kind, path: errno.EIO if kind == "sync" else 0
        self.compaction.flushed(4)
        self.work()
        [failure] = self.failed
        failure.trap(LogFailed)

    def test_snapshot(self) -> None:
        """
        A snapshot that takes the store's place, or is about to, may have less than the store had: what it lacks stays.
        """
        self.raft = Raft(
            RaftConfig(0), Random(1), RaftLog([(1, 1)], 9, []), Configurations(Configuration.ofVoters((0,))), 1, None, 2
        )
        compaction = self.compactionOf(0)
        compaction.flushed(4)
        self.work()
        self.assertEqual((self.log.firstIndex, self.failed), (1, []))
        self.raft.state.lastApplied = 9
        compaction.flushed(4)
        compaction.restart(2)
        self.work()
        self.assertEqual((self.log.firstIndex, self.failed), (1, []))


SMALL: ServerLimits = replace(SERVER_LIMITS, node=replace(NODE_LIMITS, flushEntries=10, retainedBytes=1 << 17))


class ClusterTests(SynchronousTestCase):
    """
    Tests with whole servers, whose logs have small segments.
    """

    def setUp(self) -> None:
        """
        Have a cluster.
        """
        self.cluster = Cluster(3, SMALL)
        self.addCleanup(self.cluster.close)
        self.client = Client(self.cluster.leader())

    def overwrite(self, count: int) -> None:
        """
        Write to one key again and again.
        """
        for number in range(count):
            self.client.set(b"key", b"%d" % number + bytes(10_000))
            self.cluster.settle()

    def test_bounded(self) -> None:
        """
        The log of a cluster that writes for long does not grow: not on the disk, nor in memory.
        """
        self.overwrite(200)
        self.cluster.run(1.0)
        for server in self.cluster.servers:
            firstIndex = server.raft.log.firstIndex
            self.assertGreater(firstIndex, 150)
            path = f"/{server.id}/log"
            size = sum(len(data) for name, data in server.files.contents().items() if name.startswith(path))
            self.assertLess(size, 6 * (1 << 16))

    def test_restart(self) -> None:
        """
        Servers go on with logs that begin later; also one that is killed before its store has all.
        """
        self.overwrite(100)
        for server in self.cluster.servers:
            firstIndex = server.raft.log.firstIndex
            server.kill()
            server.start()
            self.assertGreaterEqual(server.raft.log.firstIndex, firstIndex)
            self.cluster.leader()
        self.client = Client(self.cluster.leader())
        self.overwrite(3)
        self.cluster.run(1.0)
        for server in self.cluster.servers:
            value = valueAt(server, b"key")
            assert value is not None
            self.assertEqual(value[:1], b"2")

    def test_idle(self) -> None:
        """
        A server that was stopped before its log was compacted does so when it is started, though nothing is written.
        """
        self.cluster.limits = SERVER_LIMITS
        for server in self.cluster.servers:
            server.kill()
            server.start()
        self.client = Client(self.cluster.leader())
        self.overwrite(50)
        self.cluster.limits = SMALL
        for server in self.cluster.servers:
            self.assertEqual(server.raft.log.firstIndex, 1)
            server.stop()
            self.cluster.until(lambda server=server: not server.isRunning, "it has stopped")  # type: ignore[misc]
            server.start()
        self.cluster.run(1.0)
        for server in self.cluster.servers:
            self.assertGreater(server.raft.log.firstIndex, 20)
