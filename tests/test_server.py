"""
Tests for a server that cannot begin; all else about servers is tested on real processes.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from replkv import exits
from replkv.config import Config, ServerConfig
from replkv.host import OSHost, PoolWorker
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Persist
from replkv.server import Server
from replkv.storage.errors import LogFailed
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from tests.logged import logged

SERVERS = (ServerConfig(0, "localhost", 9000, 10000),)


class ServerTests(SynchronousTestCase):
    """
    What all tests of a server stand on.
    """

    def setUp(self) -> None:
        """
        A server with an entry in its log that its store lacks.
        """
        path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, path)
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)
        self.reactor = MemoryReactorClock()
        self.folder = DataFolder.open(OSFiles(), os.path.join(path, "0"), 0, "replkv", [0], Random(1))
        self.storage = LogStorage.open(OSFiles(), self.folder.logPath, Random(1), 1 << 16)
        self.storage.write([Persist(1, 1, 0, Batch([Entry(1, 1, b"")]))])
        config = Config(path, "replkv", SERVERS, 0.05, 0.25, 2.0, 5.0, 1 << 20, 100)
        self.server = Server(OSHost(self.reactor, [], []), config, SERVERS[0], self.folder, self.storage)


class StartTests(ServerTests):
    """
    Tests for what is found wrong when the process has daemonized already.
    """

    def assertStopsItself(self, reason: str) -> None:
        """
        The server starts, only to stop with one line and the disk's status.
        """
        self.server.startService()
        self.addCleanup(self.server.stopService)
        self.reactor.run()
        self.assertEqual(self.stderr.getvalue().count("\n"), 1)
        self.assertIn("server 0 stops itself: ", self.stderr.getvalue())
        self.assertIn(reason, self.stderr.getvalue())
        self.assertEqual(self.server.exitStatus, exits.DISK)
        self.assertTrue(self.reactor.hasStopped)

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

    def test_storeIsAheadOfLog(self) -> None:
        """
        The store has what the log lacks: the log has lost entries.
        """
        self.patch(StateMachine, "__init__", lambda machine, engine: setattr(machine, "appliedIndex", 7))
        self.assertStopsItself("has applied entry 7, but the log ends at 1")


class StopTests(ServerTests):
    """
    Tests for a server that stops while its store fails.
    """

    def test_storeFails(self) -> None:
        """
        A store that cannot be flushed and not even be closed, as on a full disk, does not keep the process: all threads
        end, and the folder is free.
        """

        async def inThisThread(step: Callable[[], None]) -> None:
            step()

        def fail(machine: StateMachine) -> None:
            raise EngineError("no space left")

        self.patch(PoolWorker, "run", lambda worker, step: Deferred.fromCoroutine(inThisThread(step)))
        self.server.startService()
        machine = self.server._machine
        assert machine is not None
        self.addCleanup(machine.close)
        self.patch(StateMachine, "flush", fail)
        self.patch(StateMachine, "close", lambda machine: fail(machine))
        lines = logged(self)
        self.successResultOf(self.server.stopService())
        self.assertEqual(lines[-1], "server 0 has stopped")
        self.assertEqual(sum("no space left" in line for line in lines), 2)
        DataFolder.open(OSFiles(), os.path.dirname(self.folder.logPath), 0, "replkv", [0], Random(1)).close()
