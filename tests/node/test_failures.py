"""
Tests for what a node cannot go on from.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from replkv import exits
from replkv.commands.results import Stored, Unavailable
from replkv.kv.engine import EngineError, EngineStarved
from replkv.kv.machine import StateMachine
from replkv.node.limits import NodeLimits
from replkv.raft.limits import RaftLimits
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.testing import SimulatedServer
from tests.node.cluster import Client, operations, stopTicks, valueAt
from tests.node.leading import LeaderTests
from tests.node.thread import Thread


class FailureTests(LeaderTests):
    """
    What these tests begin with.
    """

    def begin(self, limits: ServerLimits = SERVER_LIMITS, wrong: Iterable[float] = ()) -> None:
        """
        Have the processes of servers that stop themselves go on, to see that nothing happens in them any more.
        """
        super().begin(limits, wrong)
        self.ended: list[int] = []
        for server in self.cluster.servers:
            self.patch(server.service, "terminate", lambda server=server: self.ended.append(server.id))

    def assertStopped(self, server: SimulatedServer, status: int, reason: str) -> None:
        """
        The server has stopped itself, once, and does nothing more.
        """
        self.assertEqual((self.ended.count(server.id), server.service.exitStatus), (1, status))
        self.assertIn(reason, server.complaint)
        self.assertNotIn("\n", server.complaint)
        before = operations(server), server.appliedIndex
        self.assertEqual(Client(server).get(b"k").result, Unavailable())
        self.cluster.run(1)
        self.assertEqual((operations(server), server.appliedIndex), before)
        self.assertEqual(self.ended.count(server.id), 1)


class DiskTests(FailureTests):
    """
    Tests for a disk that fails.
    """

    def failSync(self, server: SimulatedServer) -> None:
        """
        From now on, the disk refuses to sync.
        """
        server.failing = lambda kind, path: errno.EIO if kind == "sync" else 0

    def test_leader(self) -> None:
        """
        The leader stops; the write is not answered as if it had been done, and the others go on.
        """
        self.failSync(self.leader)
        write, read = self.client.set(b"k", b"v"), self.client.get(b"k")
        self.cluster.settle()
        self.assertEqual((write.result, read.result), (Unavailable(), Unavailable()))
        self.assertStopped(self.leader, exits.DISK, "Input/output error")
        self.cluster.part(0)
        self.assertEqual(self.cluster.leader().id, 2)

    def test_follower(self) -> None:
        """
        A follower stops before it confirms what its disk may not have.
        """
        self.failSync(self.followers[0])
        self.cluster.hold(self.followers[1:])
        write = self.client.set(b"k", b"v")
        self.cluster.run(0.1)
        self.assertIsNone(write.result)
        self.assertStopped(self.followers[0], exits.DISK, "Input/output error")

    def test_waitingClients(self) -> None:
        """
        All that wait are answered at once, those too that wait for a leader.
        """
        self.cluster.part(0, 1, 2)
        self.cluster.run(0.6)
        server = self.followers[1]
        waiting = Client(server).get(b"k")
        self.assertIsNone(waiting.result)
        self.failSync(server)
        self.cluster.part(0)
        self.cluster.run(0.7)
        self.assertEqual(self.ended, [server.id])
        self.assertEqual(waiting.result, Unavailable())

    def test_read(self) -> None:
        """
        A leader that cannot read what a peer lacks stops, and says what failed.
        """
        self.begin(ServerLimits(RaftLimits(cacheBytes=1000)))
        self.cluster.part(1)
        for _ in range(30):
            self.client.set(b"k", bytes(100))
            self.cluster.settle()
        self.leader.failing = lambda kind, path: errno.EIO if kind == "read" else 0
        self.cluster.network.reset(self.leader.name, self.followers[0].name)
        self.cluster.heal()
        self.cluster.run(0.5)
        self.assertStopped(self.leader, exits.DISK, "Input/output error")
        self.assertNotIn("written", self.leader.complaint)

    def test_lagging(self) -> None:
        """
        What a peer lacks and the leader has no longer in memory comes from the leader's disk.
        """
        self.begin(ServerLimits(RaftLimits(cacheBytes=1000)))
        self.cluster.part(1)
        for number in range(30):
            self.client.set(b"%d" % number, bytes(100))
            self.cluster.settle()
        self.assertGreater(self.leader.raft.log.inMemory, 10)
        self.cluster.network.reset(self.leader.name, self.followers[0].name)
        self.cluster.heal()
        self.cluster.run(0.5)
        self.assertEqual(self.followers[0].store.digest, self.leader.store.digest)


class StoreTests(FailureTests):
    """
    Tests for the store.
    """

    def test_writeFails(self) -> None:
        """
        A store that cannot be written stops the server; the write is on a majority's disks, but not answered.
        """

        def fail(changes: object) -> None:
            raise EngineError("No space left on device")

        self.patch(self.leader.store, "write", fail)
        write = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(write.result, Unavailable())
        self.assertStopped(self.leader, exits.DISK, "the store failed: No space left on device")

    def test_flushFails(self) -> None:
        """
        So does one that cannot be brought to the disk.
        """

        def fail() -> None:
            raise EngineError("No space left on device")

        self.begin(ServerLimits(node=NodeLimits(flushEntries=5)))
        self.patch(self.leader.store, "flush", fail)
        self.fill(5)
        self.assertStopped(self.leader, exits.DISK, "No space left on device")

    def test_flushStarves(self) -> None:
        """
        A store that only gets no descriptor has a disk that is well, and may be started again.
        """

        def starve() -> None:
            raise EngineStarved("Too many open files")

        self.begin(ServerLimits(node=NodeLimits(flushEntries=5)))
        self.patch(self.leader.store, "flush", starve)
        self.fill(5)
        self.assertStopped(self.leader, exits.SYSTEM, "Too many open files")

    def fill(self, count: int) -> None:
        """
        Write so many entries, one by one.
        """
        for number in range(count):
            self.client.set(b"%d" % number, b"v")
            self.cluster.settle()

    def flushed(self) -> int:
        """
        Up to which entry the leader's store is on the disk.
        """
        machine = StateMachine(self.leader.store.crash())
        index: int = machine.appliedIndex
        return index

    def test_flushed(self) -> None:
        """
        After so many entries, the store is brought to the disk.
        """
        self.begin(ServerLimits(node=NodeLimits(flushEntries=5)))
        self.fill(3)
        self.assertEqual(self.flushed(), 0)
        self.fill(1)
        self.assertEqual(self.flushed(), 5)
        self.fill(4)
        self.assertEqual(self.flushed(), 5)
        self.fill(1)
        self.assertEqual(self.flushed(), 10)

    def test_flushedBytes(self) -> None:
        """
        And after so many bytes of them.
        """
        self.begin(ServerLimits(node=NodeLimits(flushBytes=10_000)))
        self.client.set(b"k", bytes(5_000))
        self.cluster.settle()
        self.assertEqual(self.flushed(), 0)
        self.client.set(b"k", bytes(5_000))
        self.cluster.settle()
        self.assertEqual(self.flushed(), 3)

    def test_oneFlush(self) -> None:
        """
        While one flush is under way, no other begins, and commands are carried out.
        """
        self.begin(ServerLimits(node=NodeLimits(flushEntries=5)))
        thread = Thread()
        self.patch(self.leader.node._applier, "_runFlush", thread.run)
        self.fill(20)
        self.assertEqual(valueAt(self.leader, b"19"), b"v")
        self.assertEqual(thread.waiting, 1)
        thread.work()
        self.fill(1)
        thread.work()
        self.assertEqual(self.flushed(), 22)


class OwnErrorTests(FailureTests):
    """
    Tests for errors of replkv's own.
    """

    def begin(self, limits: ServerLimits = SERVER_LIMITS, wrong: Iterable[float] = ()) -> None:
        """
        Have nobody mind the tracebacks that are logged.
        """
        super().begin(limits, wrong)
        self.cluster.close()

    def test_apply(self) -> None:
        """
        An error in the state machine ends the server before it can do harm, with a status of its own and a traceback.
        """

        def fail(changes: object) -> None:
            raise ZeroDivisionError

        self.patch(self.leader.store, "write", fail)
        write = self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertEqual(write.result, Unavailable())
        self.assertStopped(self.leader, exits.INTERNAL, "an error of its own")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_newerCommand(self) -> None:
        """
        A command that a later version of replkv has brought stops the server with what to do, and with no traceback.
        """
        self.patch(self.leader.machine, "_version", 3)
        self.client.touch(b"k", 1)
        self.cluster.settle()
        self.assertStopped(self.leader, exits.CONFIGURATION, "a command of kind 5")
        self.assertIn("start that version", self.leader.complaint)

    def test_log(self) -> None:
        """
        An error in the log, or in its thread, is no failure of the disk.
        """

        def fail(parts: object) -> None:
            raise ZeroDivisionError

        for name in ("begin", "write"):
            self.patch(self.leader.service._on.storage, "begin", lambda parts: None)
            self.patch(self.leader.service._on.storage, name, fail)
            self.client.set(b"k", b"v")
            self.cluster.settle()
            self.assertStopped(self.leader, exits.INTERNAL, "an error of its own")
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
            self.setUp()

    def test_flush(self) -> None:
        """
        Nor is one in the store's.
        """

        def fail() -> None:
            raise ZeroDivisionError

        self.begin(ServerLimits(node=NodeLimits(flushEntries=1)))
        self.patch(self.leader.store, "flush", fail)
        self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertStopped(self.leader, exits.INTERNAL, "an error of its own")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_core(self) -> None:
        """
        An error in the core ends the server too.
        """
        self.patch(self.leader.raft, "tick", lambda: 1 // 0)
        self.cluster.run(0.1)
        self.assertStopped(self.leader, exits.INTERNAL, "an error of its own")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_tick(self) -> None:
        """
        The ticks do not end in silence.
        """
        self.patch(self.leader.node.executor._leaderClock, "tick", lambda: 1 // 0)
        self.cluster.run(0.1)
        self.assertStopped(self.leader, exits.INTERNAL, "an error of its own")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_nothingAfterIt(self) -> None:
        """
        What was about to be sent in the same turn is not sent any more.
        """
        self.cluster.settle()
        sent: list[object] = []
        for link in self.leader.node._links.values():
            self.patch(link, "send", sent.append)
        self.client.set(b"k", b"v")
        self.patch(self.leader.raft, "unreachable", lambda peer: 1 // 0)
        self.cluster.network.reset(self.leader.name, self.followers[0].name)
        self.assertStopped(self.leader, exits.INTERNAL, "an error of its own")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(sent, [])

    def test_storeUnderCommand(self) -> None:
        """
        A store that fails while a command is taken stops the server, and the command is answered.
        """

        def fail(key: bytes) -> None:
            raise EngineError("the store is damaged")

        self.client.set(b"k", b"v", 1)
        self.cluster.run(0.1)
        for server in self.cluster.servers:
            stopTicks(server)
        self.cluster.run(2)
        self.patch(self.leader.store, "get", fail)
        read = self.client.get(b"k")
        self.assertEqual(read.result, Unavailable())
        self.assertStopped(self.leader, exits.DISK, "the store is damaged")


class SystemTests(FailureTests):
    """
    Tests for a system that has nothing left.
    """

    def exhaust(self, server: SimulatedServer, number: int) -> None:
        """
        From now on, the system opens nothing more for a server.
        """
        server.failing = lambda kind, path: number if kind in ("create", "open", "syncFolder") else 0

    def test_noDescriptors(self) -> None:
        """
        A server that has no descriptor for the log's next segment stops nothing and loses nothing: what is written
        waits, and is done when there are descriptors again.
        """
        for server in self.cluster.servers:
            self.exhaust(server, errno.EMFILE)
        writes = [self.client.set(b"%d" % number, bytes(20_000)) for number in range(6)]
        self.cluster.run(1)
        self.assertIsNone(writes[-1].result)
        self.assertEqual(self.ended, [])
        for server in self.cluster.servers:
            self.exhaust(server, 0)
        self.cluster.run(0.3)
        self.assertEqual([type(write.result) for write in writes], [Stored] * 6)
        self.assertEqual(valueAt(self.leader, b"5"), bytes(20_000))

    def test_noMemory(self) -> None:
        """
        A server that gets no more memory stops with a line and no traceback, and may be started again.
        """

        def fail(changes: object) -> None:
            raise MemoryError

        self.patch(self.leader.store, "write", fail)
        self.client.set(b"k", b"v")
        self.cluster.settle()
        self.assertStopped(self.leader, exits.SYSTEM, "no more memory")
        self.assertEqual(self.flushLoggedErrors(), [])
