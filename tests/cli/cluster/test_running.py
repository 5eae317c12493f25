"""
Tests for L{replkv.cli.cluster.running}.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.cluster.running import Running, howToStop, runningServers
from replkv.storage.files import OSFiles
from tests.cli.test_status import CONFIG


class RunningTests(SynchronousTestCase):
    """
    Tests for finding servers that run, of 10, 20 and 30.
    """

    def setUp(self) -> None:
        """
        Have a folder for data.
        """
        self.path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.path)
        self.config = replace(CONFIG, path=self.path)

    def server(self, serverId: int, pid: str | None = None, runs: bool = True) -> str:
        """
        Have a server that runs, or has run.

        @return: the name of its pid file.
        """
        folder = os.path.join(self.path, str(serverId))
        os.mkdir(folder)
        lock = OSFiles().lock(os.path.join(folder, "lock"))
        if runs:
            self.addCleanup(lock.release)
        else:
            lock.release()
        pidFile = os.path.join(folder, "server.pid")
        if pid is not None:
            with open(pidFile, "w") as file:
                file.write(pid)
        return pidFile

    def test_none(self) -> None:
        """
        Where no server was ever started, none runs, and to ask leaves nothing behind.
        """
        os.mkdir(os.path.join(self.path, "10"))
        self.assertEqual(runningServers(self.config), [])
        self.assertEqual(os.listdir(os.path.join(self.path, "10")), [])

    def test_found(self) -> None:
        """
        Servers whose folders are locked run, with the processes of their pid files; one that has left such a file
        behind does not.
        """
        first = self.server(10, "123\n")
        self.server(20, "124", runs=False)
        last = self.server(30)
        self.assertEqual(runningServers(self.config), [Running(10, 123, first), Running(30, None, last)])

    def test_notANumber(self) -> None:
        """
        A pid file with something else in it names no process.
        """
        pidFile = self.server(10, "garbage")
        self.assertEqual(runningServers(self.config), [Running(10, None, pidFile)])

    def test_howToStop(self) -> None:
        """
        All are named in one line, with what stops those whose process is known.
        """
        self.assertEqual(
            howToStop([Running(10, 123, "var/10/server.pid"), Running(30, None, "var/30/server.pid")]),
            "servers 10 (pid 123, of var/10/server.pid), 30 (no pid in var/30/server.pid) are running already: "
            "stop them first, with Ctrl-C where they were started, or with: kill 123",
        )
        self.assertEqual(
            howToStop([Running(30, None, "var/30/server.pid")]),
            "server 30 (no pid in var/30/server.pid) is running already: stop it first, with Ctrl-C where it was "
            "started",
        )
