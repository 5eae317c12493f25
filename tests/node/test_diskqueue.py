"""
Tests for the way to the log's disk.
"""

from __future__ import annotations

import errno
from random import Random

from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.node.diskqueue import RETRY_SECONDS, DiskQueue
from replkv.node.limits import NODE_LIMITS, NodeLimits
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.limits import RAFT_LIMITS
from replkv.raft.outputs import Load, Persist
from replkv.storage.errors import LogFailed
from replkv.storage.log import LogStorage
from replkv.storage.segment import NewFrame
from replkv.testing.files import MemoryFiles
from tests.logged import logged
from tests.node.thread import Thread


class DiskQueueCase(SynchronousTestCase):
    """
    What these tests begin with.
    """

    def setUp(self) -> None:
        """
        An empty log, and threads that work when the test says so.
        """
        self.files = MemoryFiles()
        self.log = LogStorage.open(self.files, "/log", Random(1), 1 << 16)
        self.thread, self.other = Thread(), Thread()
        self.persisted: list[int] = []
        self.failed: list[Failure] = []
        self.clock = Clock()
        self.queue = DiskQueue(self.log, self.thread.run, self.thread.write, self.other.run, self.clock, NODE_LIMITS)
        self.queue.whenSynced().addCallbacks(self.synced, self.failed.append)
        self.written: list[list[int]] = []
        append = self.log._append

        def note(parts: list[Persist]) -> NewFrame:
            self.written.append([part.seq for part in parts])
            return append(parts)

        self.patch(self.log, "_append", note)

    def limit(self, limits: NodeLimits) -> None:
        """
        Have other limits.
        """
        self.queue = DiskQueue(self.log, self.thread.run, self.thread.write, self.other.run, self.clock, limits)
        self.queue.whenSynced().addCallbacks(self.synced, self.failed.append)

    def synced(self, seq: int) -> None:
        """
        The disk was synced.
        """
        self.persisted.append(seq)
        self.queue.whenSynced().addCallbacks(self.synced, self.failed.append)

    def persist(self, seq: int, size: int = 10) -> Persist:
        """
        One entry to be written.
        """
        return Persist(seq, 1, None, Batch([Entry(seq, 1, bytes(size))]))

    def syncs(self) -> int:
        """
        How often the disk was synced.
        """
        return sum(kind == "sync" for kind, _ in self.files.operations)


class DiskQueueTests(DiskQueueCase):
    """
    Tests for L{DiskQueue}.
    """

    def test_offTheReactor(self) -> None:
        """
        Nothing is written by the call itself, and what is written is told of when it is synced.
        """
        before = self.syncs()
        self.queue.write([self.persist(1)])
        self.assertEqual((self.syncs(), self.persisted), (before, []))
        self.thread.work()
        self.assertEqual((self.syncs(), self.persisted), (before + 1, [1]))
        self.assertEqual(self.log.lastIndex, 1)

    def test_groupCommit(self) -> None:
        """
        What arrives during a sync is written with the next one, all with one, and in its order.
        """
        self.queue.write([self.persist(1)])
        for seq in range(2, 10, 2):
            self.queue.write([self.persist(seq), self.persist(seq + 1)])
        self.queue.write([])
        self.assertEqual(self.thread.waiting, 1)
        before = self.syncs()
        self.thread.work()
        self.assertEqual(self.persisted, [1])
        self.thread.work()
        self.assertEqual(self.written, [[1], list(range(2, 10))])
        self.assertEqual(self.persisted, [1, 9])
        self.assertEqual(self.syncs(), before + 2)
        self.assertEqual(self.thread.waiting, 0)

    def test_nothing(self) -> None:
        """
        Where there is nothing to write, the disk is left alone.
        """
        self.queue.write([])
        self.assertEqual(self.thread.waiting, 0)

    def test_bound(self) -> None:
        """
        One sync does not take more than so many bytes, before the last batch.
        """
        self.limit(NodeLimits(writeBytes=4000))
        self.queue.write([self.persist(seq, 1000) for seq in range(1, 7)])
        while self.thread.work():
            pass
        self.assertEqual(self.written, [[1, 2, 3, 4], [5, 6]])
        self.assertEqual(self.persisted, [4, 6])

    def test_votes(self) -> None:
        """
        Term and vote are written like entries, in the same order.
        """
        self.queue.write([self.persist(1), Persist(2, 4, 0, NO_ENTRIES)])
        self.thread.work()
        self.assertEqual((self.log.term, self.log.votedFor, self.persisted), (4, 0, [2]))

    def test_read(self) -> None:
        """
        Entries are read in the log's thread, behind what is being written.
        """
        self.queue.write([self.persist(1), self.persist(2)])
        read = self.queue.read(Load(1, 1, 1, 2), isOwn=False)
        self.thread.work()
        self.assertNoResult(read)
        self.thread.work()
        self.assertEqual([entry.index for entry in self.successResultOf(read)], [1, 2])

    def test_readAtOnce(self) -> None:
        """
        More is read at once to be applied here than for a peer.
        """
        self.limit(NodeLimits(readBytes=25, backlogBytes=45))
        self.queue.write([self.persist(seq) for seq in range(1, 10)])
        self.thread.work()
        for isOwn, count in ((False, 2), (True, 4)):
            read = self.queue.read(Load(1, 1, 1, 9), isOwn)
            self.thread.work()
            self.assertEqual(len(self.successResultOf(read)), count)

    def test_catchesUp(self) -> None:
        """
        A server that is behind with applying catches up, though each sync writes as much as it may.
        """
        self.assertGreater(NODE_LIMITS.backlogBytes, NODE_LIMITS.writeBytes + RAFT_LIMITS.batchBytes)
        self.limit(NodeLimits(writeBytes=1000, readBytes=100, backlogBytes=1500))
        self.queue.write([self.persist(seq, 100) for seq in range(1, 1000)])
        while not self.persisted or self.persisted[-1] < 200:
            self.assertTrue(self.thread.work())
        first, behind = 1, self.persisted[-1]
        while behind > 15:
            last = self.persisted[-1]
            found: list[Entry] = []
            self.queue.read(Load(0, 1, first, last), isOwn=True).addCallback(found.extend)
            while not found:
                self.assertTrue(self.thread.work())
            first = found[-1].index + 1
            before, behind = behind, self.persisted[-1] - first
            self.assertGreater(self.persisted[-1], last)
            self.assertLess(behind, before)

    def test_oneCallAtATime(self) -> None:
        """
        A write takes the way through the log's thread only where that has something else to do.
        """
        written: list[list[Persist]] = []
        write = self.log.write

        def note(parts: list[Persist]) -> None:
            written.append(parts)
            write(parts)

        self.patch(self.log, "write", note)
        self.queue.write([self.persist(1)])
        read = self.queue.read(Load(1, 1, 1, 1), isOwn=False)
        self.queue.write([self.persist(2)])
        self.thread.work()
        self.assertEqual((self.persisted, written), ([1], []))
        self.thread.work()
        self.assertEqual(len(self.successResultOf(read)), 1)
        self.thread.work()
        self.assertEqual((self.persisted, written), ([1, 2], [[self.persist(2)]]))
        self.queue.write([self.persist(3)])
        self.thread.work()
        self.assertEqual((self.persisted, len(written)), ([1, 2, 3], 1))

    def test_failureInThread(self) -> None:
        """
        There a failure is told as well.
        """
        self.queue.write([self.persist(1)])
        self.thread.work()
        read = self.queue.read(Load(1, 1, 1, 1), isOwn=False)
        self.queue.write([self.persist(2)])
        self.thread.work()
        self.files.failing = lambda kind, path: errno.EIO if kind == "sync" else 0
        self.thread.work()
        self.successResultOf(read)
        self.assertEqual([failure.type for failure in self.failed], [LogFailed])
        self.assertEqual(self.persisted, [1])

    def test_readFails(self) -> None:
        """
        Who asked for entries is told that they cannot be read.
        """
        self.queue.write([self.persist(1)])
        self.thread.work()
        self.files.failing = lambda kind, path: errno.EIO if kind == "read" else 0
        read = self.queue.read(Load(1, 1, 1, 1), isOwn=False)
        self.thread.work()
        self.failureResultOf(read, LogFailed)

    def test_failure(self) -> None:
        """
        A failure is told once; what was to be written is not told of as persisted, and nothing is written after it.
        """
        self.queue.write([self.persist(1)])
        self.queue.write([self.persist(2)])
        self.files.failing = lambda kind, path: errno.ENOSPC if kind == "sync" else 0
        self.thread.work()
        self.assertEqual(len(self.failed), 1)
        self.assertIn("No space left on device", self.failed[0].getErrorMessage())
        self.assertIs(self.failed[0].type, LogFailed)
        self.files.failing = lambda kind, path: 0
        before = list(self.files.operations)
        self.queue.write([self.persist(3)])
        while self.thread.work():
            pass
        self.assertEqual(self.files.operations, before)
        self.assertEqual((self.persisted, len(self.failed)), ([], 1))

    def test_whenIdle(self) -> None:
        """
        It is known when all is written, what came meanwhile included.
        """
        self.assertIsNone(self.successResultOf(self.queue.whenIdle()))
        self.queue.write([self.persist(1)])
        idle = self.queue.whenIdle()
        self.queue.write([self.persist(2)])
        self.thread.work()
        self.assertNoResult(idle)
        self.thread.work()
        self.assertIsNone(self.successResultOf(idle))

    def test_whenBroken(self) -> None:
        """
        Nobody waits for what can't be written.
        """
        self.queue.write([self.persist(1)])
        self.queue.write([self.persist(2)])
        idle = self.queue.whenIdle()
        self.files.failing = lambda kind, path: errno.EIO
        self.thread.work()
        self.assertIsNone(self.successResultOf(idle))
        self.assertIsNone(self.successResultOf(self.queue.whenIdle()))

    def test_prepares(self) -> None:
        """
        The next segment is made ready in the other thread, once, and then again when that one is in use.
        """
        self.queue.write([self.persist(1)])
        self.thread.work()
        self.queue.write([self.persist(2)])
        self.thread.work()
        self.assertEqual(self.other.waiting, 1)
        self.other.work()
        self.assertTrue(self.log.isPrepared)
        self.queue.write([self.persist(3)])
        self.thread.work()
        self.assertEqual(self.other.waiting, 0)
        self.queue.write([self.persist(4, 40_000)])
        self.thread.work()
        self.queue.write([self.persist(5, 40_000)])
        self.thread.work()
        self.assertFalse(self.log.isPrepared)
        self.assertEqual(self.other.waiting, 1)

    def test_cannotPrepare(self) -> None:
        """
        That the next segment cannot be made ready is no failure yet. The log says it, and it is not tried again until
        a write needs the segment.
        """
        lines = logged(self)
        self.files.failing = lambda kind, path: errno.ENOSPC if kind == "create" else 0
        self.queue.write([self.persist(1)])
        self.thread.work()
        self.other.work()
        self.assertEqual(self.failed, [])
        self.queue.write([self.persist(2)])
        self.thread.work()
        self.assertEqual((self.persisted, self.failed, self.other.waiting), ([1, 2], [], 0))
        self.assertEqual(len(lines), 1)
        self.assertIn("No space left on device", lines[0])


class ExhaustedTests(DiskQueueCase):
    """
    Tests for a system that has no descriptors left for the log.
    """

    def setUp(self) -> None:
        """
        The next write needs another segment, and there is no descriptor for it.
        """
        super().setUp()
        self.lines = logged(self)
        self.queue.write([self.persist(1, 60_000)])
        self.work()
        self.assertEqual(self.persisted, [1])
        self.refuse(errno.EMFILE)

    def refuse(self, number: int) -> None:
        """
        Have the system refuse to open anything.
        """
        self.files.failing = lambda kind, path: number if kind in ("create", "open", "syncFolder") else 0

    def work(self) -> None:
        """
        Let both threads work.
        """
        while self.thread.work() or self.other.work():
            pass

    def test_waits(self) -> None:
        """
        A write that needs a descriptor waits for it, and so does all behind it, in its order. The log says so once,
        and once that it goes on.
        """
        self.queue.write([self.persist(2, 60_000)])
        self.queue.write([self.persist(3)])
        for number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            self.refuse(number)
            self.work()
            self.assertEqual((self.persisted, self.failed), ([1], []))
            self.clock.advance(RETRY_SECONDS)
        self.assertEqual(len(self.lines), 1)
        self.assertIn("the log waits for its next file, and all writes with it: [Errno 24]", self.lines[0])
        self.files.failing = lambda kind, path: 0
        self.work()
        self.assertEqual((self.persisted, self.failed), ([1, 2, 3], []))
        self.assertEqual(self.lines[1:], ["the log has its next file, and goes on"])
        found = LogStorage.open(self.files.afterKill(), "/log", Random(2), 1 << 16)
        self.assertEqual([entry.index for entry in found.read(1, 3, 1 << 30)], [1, 2, 3])

    def test_nothingWithoutReason(self) -> None:
        """
        Between two attempts nothing is done.
        """
        self.queue.write([self.persist(2, 60_000)])
        self.work()
        self.clock.advance(RETRY_SECONDS - 0.01)
        self.assertEqual((self.thread.waiting, len(self.clock.getDelayedCalls())), (0, 1))

    def test_noRoom(self) -> None:
        """
        No memory for what is written is a failure like any other.
        """
        self.files.failing = lambda kind, path: errno.ENOMEM if kind == "sync" else 0
        self.queue.write([self.persist(2)])
        self.work()
        [failure] = self.failed
        self.assertTrue(failure.check(LogFailed))

    def test_stopped(self) -> None:
        """
        Who stops does not wait for a descriptor, and nothing is tried again after that.
        """
        self.queue.write([self.persist(2, 60_000)])
        self.work()
        self.successResultOf(self.queue.whenIdle())
        self.files.failing = lambda kind, path: 0
        self.clock.advance(1)
        self.work()
        self.assertEqual((self.persisted, self.failed, self.clock.getDelayedCalls()), ([1], [], []))

    def test_stoppedMeanwhile(self) -> None:
        """
        Nor does who stops while the write is under way.
        """
        self.queue.write([self.persist(2, 60_000)])
        idle = self.queue.whenIdle()
        self.assertNoResult(idle)
        self.work()
        self.successResultOf(idle)
        self.assertEqual((self.failed, self.clock.getDelayedCalls()), ([], []))

    def test_read(self) -> None:
        """
        What cannot be read for a peer now is no failure. It is told after a while that there is nothing, and may be
        asked for again.
        """
        self.files.failing = lambda kind, path: 0
        self.queue.write([self.persist(2, 60_000)])
        self.work()
        self.refuse(errno.EMFILE)
        read = self.queue.read(Load(1, 1, 1, 1), isOwn=False)
        self.work()
        self.assertNoResult(read)
        self.clock.advance(RETRY_SECONDS)
        self.assertEqual(self.successResultOf(read), [])
        self.files.failing = lambda kind, path: 0
        read = self.queue.read(Load(1, 1, 1, 1), isOwn=False)
        self.work()
        self.assertEqual([entry.index for entry in self.successResultOf(read)], [1])
