"""
Tests for L{replkv.cli.cluster.run}.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.cluster.run import Cluster
from replkv.cli.statuses import NONE_LEFT
from replkv.config import ConfigError
from replkv.exits import CONFIGURATION
from replkv.storage.files import OSFiles
from tests.cli.cluster.machine import Machine
from tests.cli.test_status import CONFIG
from tests.client.connected import stats
from tests.client.network import Network
from tests.network import FarEnd


class ClusterTests(SynchronousTestCase):
    """
    Tests for L{Cluster}, with one server.
    """

    def setUp(self) -> None:
        """
        Run a cluster.
        """
        self.path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.path)
        self.network = Network()
        self.machine = Machine(self.network)
        self.lines: list[str] = []
        config = replace(CONFIG, path=self.path, servers=CONFIG.servers[:1])
        self.cluster = Cluster(self.machine, config, "servers.json", self.lines.append)
        self.status = Deferred.fromCoroutine(self.cluster.run())

    def begun(self) -> FarEnd:
        """
        Let the server start and answer.
        """
        self.assertEqual(self.machine.processes, [])
        self.network.refuse(1)
        self.network.serve(1)
        self.network.advance(Cluster.LOOK_INTERVAL)
        wire = self.network.accept(1)
        wire.send(stats("leader"))
        return wire

    def test_told(self) -> None:
        """
        The server is started, and asked again and again over one connection; what it says is told.
        """
        wire = self.begun()
        self.assertEqual(len(self.machine.processes), 1)
        self.assertEqual(self.lines[2:], ["server 10 is up (pid 100)", "server 10 leads (term 4): telnet db 1"])
        self.network.asked()
        wire.taken()
        self.network.advance(Cluster.LOOK_INTERVAL)
        self.assertEqual(wire.taken(), b"stats\r\n")
        wire.send(stats("follower"))
        self.assertEqual(self.lines[4:], ["no server leads: an election is on"])
        self.assertEqual(self.network.asked(), [])
        self.assertTrue(os.path.isdir(os.path.join(self.path, "10")))

    def test_silent(self) -> None:
        """
        A server that does not answer in time is told of.
        """
        self.begun()
        self.network.advance(Cluster.LOOK_INTERVAL)
        self.network.advance(Cluster.PATIENCE)
        self.assertIn("server 10 (pid 100) does not answer", self.lines)

    def test_stop(self) -> None:
        """
        To stop, twice even, stops the server, and is success.
        """
        wire = self.begun()
        self.cluster.stop()
        self.cluster.stop()
        self.assertNoResult(self.status)
        self.assertEqual(self.machine.processes[0].signals, ["TERM"])
        wire.close()
        self.machine.processes[0].end()
        self.assertEqual(self.successResultOf(self.status), 0)
        self.assertEqual(self.lines[4:], ["stopping 1 server", "no server runs any more"])

    def test_stopBeforeStart(self) -> None:
        """
        When it is stopped before it has begun, nothing is started.
        """
        self.cluster.stop()
        self.network.refuse(1)
        self.assertEqual(self.successResultOf(self.status), 0)
        self.assertEqual(self.machine.processes, [])

    def test_refused(self) -> None:
        """
        When all servers were refused, it ends, and not with success.
        """
        self.begun()
        self.machine.processes[0].end(CONFIGURATION, error=b"the port is taken\n")
        self.assertEqual(self.successResultOf(self.status), NONE_LEFT)
        self.assertIn("server 10 was refused and is not started again: the port is taken", self.lines)

    def test_runningAlready(self) -> None:
        """
        When a server answers before it was started, nothing is started.
        """
        self.network.accept(1).send(stats("leader"))
        error = self.failureResultOf(self.status, ConfigError).value
        self.assertEqual(str(error), "server 10 is running already, db:1 answers: stop it first")
        self.assertEqual(self.machine.processes, [])

    def test_leftRunning(self) -> None:
        """
        When a server holds its data folder, such as one whose C{replkv cluster} was killed, nothing is started, and it
        is said how to stop it.
        """
        lock = OSFiles().lock(os.path.join(self.path, "10", "lock"))
        self.addCleanup(lock.release)
        with open(os.path.join(self.path, "10", "server.pid"), "w") as file:
            file.write("123")
        config = replace(CONFIG, path=self.path)
        cluster = Cluster(self.machine, config, "servers.json", self.lines.append)
        failure = self.failureResultOf(Deferred.fromCoroutine(cluster.run()), ConfigError)
        self.assertEqual(
            str(failure.value),
            f"server 10 (pid 123, of {self.path}/10/server.pid) is running already: stop it first, with Ctrl-C "
            "where it was started, or with: kill 123",
        )
        self.assertEqual(self.machine.processes, [])

    def test_nobodyWatches(self) -> None:
        """
        When the lines can no longer be told, the servers are stopped all the same.
        """
        wire = self.begun()

        def fail(line: str) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        self.patch(self.cluster._story, "_say", fail)
        self.assertRaises(OSError, self.cluster.stop)
        self.assertEqual(self.machine.processes[0].signals, ["TERM"])
        wire.close()

    def test_noFolder(self) -> None:
        """
        When there is no place for the data, nothing is started.
        """
        config = replace(CONFIG, path=__file__)
        cluster = Cluster(self.machine, config, "servers.json", self.lines.append)
        failure = self.failureResultOf(Deferred.fromCoroutine(cluster.run()), ConfigError)
        self.assertIn("cannot be made: Not a directory", str(failure.value))
        self.assertEqual(self.machine.processes, [])
