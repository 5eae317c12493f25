"""
Tests for a server that cannot begin, for what it is made of, for the clocks that it stores, and for its stop where its
store fails; all else about servers is tested on real processes.
"""

from __future__ import annotations

import errno
import io
import json
import mmap
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from replkv import exits
from replkv.config import Config, ServerConfig
from replkv.frontends.text.limits import ConnectionLimits
from replkv.kv.engine import EngineError
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.node.clusterclock import ClusterClock
from replkv.node.limits import NodeLimits
from replkv.node.node import Node
from replkv.raft.entry import Batch, Entry
from replkv.raft.limits import RaftLimits
from replkv.raft.outputs import Persist
from replkv.reactors import ISystemReactor
from replkv.service.clockkeeper import CLOCK_INTERVAL
from replkv.service.descriptors import Descriptors
from replkv.service.host import OSHost, PoolWorker
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.service.server import Server
from replkv.storage.clockrecord import ClockRecord
from replkv.storage.errors import LogFailed
from replkv.storage.files import Exhausted, OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from tests.logged import logged

SERVERS = tuple(ServerConfig(number, "127.0.0.1", 9000 + number, 10000 + number) for number in range(3))


class ServerTests(SynchronousTestCase):
    """
    What all tests of a server stand on.
    """

    def setUp(self) -> None:
        """
        The only server of a cluster, with an entry in its log that its store lacks.
        """
        self.prepare(1)

    def prepare(self, size: int, limits: ServerLimits = SERVER_LIMITS) -> None:
        """
        Make the first server of a cluster of C{size} servers.
        """
        path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, path)
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)
        self.reactor = MemoryReactorClock()
        self.folder = DataFolder.open(OSFiles(), os.path.join(path, "0"), 0, "replkv", range(size), Random(1))
        self.storage = LogStorage.open(OSFiles(), self.folder.logPath, Random(1), 1 << 16)
        self.storage.write([Persist(1, 1, 0, Batch([Entry(1, 1, b"")]))])
        config = Config(path, "replkv", SERVERS[:size], 0.05, 0.25, 2.0, 5.0, 1 << 20, 100)
        host = OSHost(cast(ISystemReactor, self.reactor), [], [])
        descriptors = Descriptors(100, 24)
        self.server = Server(host, config, SERVERS[0], self.folder, self.storage, descriptors, limits)


class StartTests(ServerTests):
    """
    Tests for what is found wrong when the process has daemonized already.
    """

    def assertStopsItself(self, reason: str, status: int = exits.DISK) -> None:
        """
        The server starts, only to stop with one line and a status, and to leave nothing behind.
        """
        self.server.startService()
        self.reactor.run()
        self.assertEqual(self.stderr.getvalue().count("\n"), 1)
        self.assertIn("server 0 stops itself: ", self.stderr.getvalue())
        self.assertIn(reason, self.stderr.getvalue())
        self.assertEqual(self.server.exitStatus, status)
        self.assertTrue(self.reactor.hasStopped)
        self.successResultOf(self.server.stopService())
        DataFolder.open(OSFiles(), os.path.dirname(self.folder.logPath), 0, "replkv", [0], Random(1)).close()

    def test_logCannotBeRead(self) -> None:
        """
        The log cannot be read where it has to be replayed.
        """

        def fail(first: int, last: int, maxBytes: int) -> list[Entry]:
            raise LogFailed("the disk failed under the log")

        self.patch(self.storage, "read", fail)
        self.assertStopsItself("the disk failed under the log")

    def test_storeCannotBeOpened(self) -> None:
        """
        The store cannot be opened.
        """
        with open(self.folder.storePath, "w"):
            pass
        self.assertStopsItself(self.folder.storePath)

    def test_noDescriptorForLog(self) -> None:
        """
        The system has no descriptor for the log. The disk is not to blame.
        """

        def fail(first: int, last: int, maxBytes: int) -> list[Entry]:
            raise Exhausted(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(self.storage, "read", fail)
        self.assertStopsItself("Too many open files", exits.SYSTEM)

    def test_noMemoryForStore(self) -> None:
        """
        The system has no memory for the store. The disk is not to blame.
        """

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

        self.patch(mmap, "mmap", refuse)
        self.assertStopsItself("too little memory", exits.SYSTEM)

    def test_storeIsAheadOfLog(self) -> None:
        """
        The store has what the log lacks: the log has lost entries.
        """
        self.patch(StateMachine, "__init__", lambda machine, *_: setattr(machine, "appliedIndex", 7))
        self.assertStopsItself("has applied entry 7, but the log ends at 1")

    def test_anythingElse(self) -> None:
        """
        Whatever else goes wrong, early or late, is an error of the server's own.
        """

        def fail(*_: object) -> None:
            raise RuntimeError("can't start new thread")

        self.patch(PoolWorker, "start", fail)
        self.assertStopsItself('RuntimeError("can\'t start new thread")', exits.INTERNAL)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_lastOfAll(self) -> None:
        """
        That is so even if all but the last has been begun.
        """

        def fail(*_: object) -> None:
            raise RuntimeError("no")

        self.patch(Node, "start", fail)
        self.assertStopsItself("RuntimeError('no')", exits.INTERNAL)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_processNeedNotWait(self) -> None:
        """
        No thread keeps a process from ending whose start has failed.
        """
        before = set(threading.enumerate())
        worker = PoolWorker(cast(ISystemReactor, self.reactor), "log")
        worker.start()
        self.addCleanup(worker.stop)
        self.assertEqual([thread.daemon for thread in set(threading.enumerate()) - before], [True])


class ThreadlessTests(ServerTests):
    """
    What all tests of a server stand on that starts well; its threads' work is done at once.
    """

    def setUp(self) -> None:
        """
        The server starts.
        """
        super().setUp()

        async def inThisThread(step: Callable[[], None]) -> None:
            step()

        self.patch(PoolWorker, "run", lambda worker, step: Deferred.fromCoroutine(inThisThread(step)))
        self.lines = logged(self)


class LimitsTests(ThreadlessTests):
    """
    Tests for the limits of a server.
    """

    def test_handedDown(self) -> None:
        """
        Whatever a server is made of has the limits that the server was given.
        """
        limits = ServerLimits(
            RaftLimits(unanswered=9), MachineLimits(purged=9), NodeLimits(commands=9), ConnectionLimits(9)
        )
        self.prepare(1, limits)
        self.server.startService()
        parts = self.server._parts
        assert parts is not None
        node, clients = parts.node, parts.clients
        self.assertEqual([node.raft.config.limits, node.raft.log._limits], [limits.raft] * 2)
        self.assertIs(node._applier._machine._limits, limits.machine)
        for part in (node._applier, node._disk, node.executor._proposals, node.executor._deadlines):
            self.assertIs(part._limits, limits.node)
        self.assertIs(clients.limits, limits.connection)
        self.successResultOf(self.server.stopService())


class PortTests(ThreadlessTests):
    """
    Tests for ports that cannot be served.
    """

    def test_notListening(self) -> None:
        """
        A server that the system gives no descriptor for one of its ports does not go on without it, and says so once,
        for however many.
        """
        for kinds in (["listenForClients"], ["listenForServers"], ["listenForClients", "listenForServers"]):
            error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            for kind in kinds:
                self.patch(self.server._host, kind, lambda factory, error=error: [fail(error), fail(error)])
            self.server.startService()
            self.reactor.run()
            self.assertEqual(self.stderr.getvalue().count("\n"), 1)
            self.assertIn("does not let it take connections", self.stderr.getvalue())
            self.assertIn("Too many open files", self.stderr.getvalue())
            self.assertEqual(self.server.exitStatus, exits.SYSTEM)
            self.assertTrue(self.reactor.hasStopped)
            self.successResultOf(self.server.stopService())
            self.setUp()

    def test_errorOfItsOwn(self) -> None:
        """
        Nor does it where a port fails for a reason that nobody has thought of.
        """
        self.patch(self.server._host, "listenForClients", lambda factory: [fail(ZeroDivisionError("oops"))])
        self.server.startService()
        self.reactor.run()
        self.assertIn("an error of its own", self.stderr.getvalue())
        self.assertEqual(self.server.exitStatus, exits.INTERNAL)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.successResultOf(self.server.stopService())


class ClockTests(ThreadlessTests):
    """
    Tests for the readings of the clocks that a server stores.
    """

    def read(self) -> int:
        """
        The time that is stored.
        """
        record = self.folder.readClock()
        assert record is not None
        return record.time

    def stop(self) -> None:
        """
        The server stops.
        """
        self.successResultOf(self.server.stopService())

    def test_stored(self) -> None:
        """
        They are stored every ten seconds, and at the stop; not at the start, when the time is guessed from what is
        stored already, but as soon as it is known better.
        """
        self.stop()
        self.prepare(3)
        times: list[int] = []
        self.patch(ClusterClock, "now", lambda clock: len(times) + 70)
        self.server.startService()
        self.reactor.advance(1)
        self.assertIsNone(self.folder.readClock())
        assert self.server._parts is not None
        self.server._parts.clock.isMeasured = True
        self.reactor.advance(1)
        times.append(self.read())
        for _ in range(3):
            self.reactor.advance(CLOCK_INTERVAL)
            times.append(self.read())
        self.stop()
        self.assertEqual(times, [70, 71, 72, 73])
        record = json.loads(Path(self.folder.logPath).with_name("clock.json").read_text())
        self.assertEqual(record["Time"], 74)

    def test_alone(self) -> None:
        """
        Nobody tells the only server of a cluster the time, so it stores what it begins with: else nothing would tell,
        after a loss of power in its first ten seconds, how long it was down.
        """
        self.patch(ClusterClock, "now", lambda clock: 70)
        for stored in (None, ClockRecord(50, 1.0, 1.0, "this", True)):
            self.patch(self.server._host, "bootId", lambda: "this")
            if stored is not None:
                self.folder.writeClock(stored)
            self.server.startService()
            self.assertEqual(self.read(), 70)
            self.stop()
            self.setUp()

    def test_aloneAndBooted(self) -> None:
        """
        It does not do so at the start of its machine, when the wall clock that bridges the time may yet be set right.
        """
        self.folder.writeClock(ClockRecord(50, 1.0, 1.0, "another", True))
        self.patch(self.server._host, "bootId", lambda: "this")
        self.patch(ClusterClock, "now", lambda clock: 70)
        self.server.startService()
        self.reactor.advance(1)
        self.assertEqual(self.read(), 50)
        self.reactor.advance(CLOCK_INTERVAL)
        self.assertEqual(self.read(), 70)
        self.stop()

    def test_countedOn(self) -> None:
        """
        A server that was down while its machine was up knows the time, if it knew it before.
        """
        for isKnown, bootId, known in ((True, "this", True), (False, "this", False), (True, "another", False)):
            self.patch(self.server._host, "bootId", lambda: "this")
            self.folder.writeClock(ClockRecord(70, 1.0, 1.0, bootId, isKnown))
            self.server.startService()
            assert self.server._parts is not None
            self.assertEqual(self.server._parts.clock.isKnown, known)
            self.stop()
            record = self.folder.readClock()
            assert record is not None
            self.assertEqual(record.isKnown, known)
            self.setUp()

    def test_cannotBeStored(self) -> None:
        """
        Where they cannot be stored, the operator is told so once, and the server goes on.
        """

        def fail(folder: DataFolder, record: ClockRecord) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self.patch(DataFolder, "writeClock", fail)
        self.server.startService()
        for _ in range(3):
            self.reactor.advance(CLOCK_INTERVAL)
        told = [line for line in self.lines if "the cluster's time cannot be stored" in line]
        self.assertEqual(len(told), 1)
        self.assertIn("No space left on device", told[0])
        self.assertEqual(self.server.exitStatus, 0)
        self.stop()

    def test_damaged(self) -> None:
        """
        A damaged one is told, and the server starts.
        """
        Path(self.folder.logPath).with_name("clock.json").write_text("{")
        self.server.startService()
        self.assertIn("clock.json is damaged; until a leader tells the time", self.lines[0])
        self.stop()


class StopTests(ThreadlessTests):
    """
    Tests for a server that stops while its store fails.
    """

    def test_storeFails(self) -> None:
        """
        A store that cannot be flushed and not even be closed, as on a full disk, does not keep the process: all threads
        end, and the folder is free.
        """

        def fail(machine: StateMachine) -> None:
            raise EngineError("no space left")

        self.server.startService()
        assert self.server._parts is not None
        machine = self.server._parts.machine
        self.addCleanup(machine.close)
        self.patch(StateMachine, "flush", fail)
        self.patch(StateMachine, "close", lambda machine: fail(machine))
        self.successResultOf(self.server.stopService())
        self.assertEqual(self.lines[-1], "server 0 has stopped")
        self.assertEqual(sum("no space left" in line for line in self.lines), 2)
        DataFolder.open(OSFiles(), os.path.dirname(self.folder.logPath), 0, "replkv", [0], Random(1)).close()
