"""
Tests for L{replkv.cli.cluster.reset}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

import replkv.cli.cluster.reset
from replkv.cli.cluster.reset import removeData
from replkv.config import ConfigError
from replkv.service.ports import PortInUse, PortNotYet
from replkv.storage.files import Locked, OSFiles
from tests.cli.test_status import CONFIG


class RemoveDataTests(SynchronousTestCase):
    """
    Tests for L{removeData}.
    """

    def setUp(self) -> None:
        """
        Make the data of servers 10 and 20, and something else beside it.
        """
        self.path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.path)
        self.config = replace(CONFIG, path=self.path)
        self.write("10/stamp.json", '{"Cluster": "replkv", "Id": 10}')
        self.write("10/log/0.log", "x" * 2_000_000)
        self.write("20/stamp.json", '{"Cluster": "replkv", "Id": 20}')
        self.write("mine/stamp.json")
        self.inUse = 0
        self.patch(replkv.cli.cluster.reset, "bind", self.bind)
        self.asked: list[str] = []

    def bind(self, hostname: str, port: int, key: str) -> list[socket.socket]:
        """
        Listen on nothing.
        """
        if port == self.inUse:
            raise PortInUse(f"{key}: port {port} of {hostname} is in use")
        raise PortNotYet("no such address")

    def agree(self, lines: list[str]) -> bool:
        """
        Remember what was asked, and agree.
        """
        self.asked.extend(lines)
        return True

    def write(self, name: str, content: str = "x") -> None:
        """
        Make a file, and its folder.
        """
        full = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(content)

    def assertNothingRemoved(self, reason: str) -> None:
        """
        Assert that it is refused for this reason, and all is still there.
        """
        error = self.assertRaises(ConfigError, removeData, self.config, self.agree)
        self.assertTrue(str(error).startswith("nothing was removed: "), error)
        self.assertEqual(self.asked, [])
        self.assertIn(reason, str(error))
        for name in ("10/stamp.json", "10/log/0.log", "20/stamp.json"):
            self.assertTrue(os.path.exists(os.path.join(self.path, name)))

    def test_removed(self) -> None:
        """
        The servers' folders are removed, and nothing else.
        """
        removed = removeData(self.config, self.agree)
        self.assertEqual(removed, [os.path.join(self.path, name) for name in ("10", "20")])
        self.assertEqual(os.listdir(self.path), ["mine"])
        self.assertEqual(removeData(self.config, self.agree), [])

    def test_asked(self) -> None:
        """
        It is asked first, about all folders, while no server can start; and without agreement all stays.
        """

        def refuse(lines: list[str]) -> bool:
            self.assertRaises(Locked, OSFiles().lock, os.path.join(self.path, "20", "lock"))
            self.assertEqual(lines, [f"{self.path}/10 (1.9 MiB)", f"{self.path}/20 (0.0 MiB)"])
            return False

        self.assertEqual(removeData(self.config, refuse), [])
        self.assertEqual(len(removeData(self.config, self.agree)), 2)
        self.assertEqual(len(self.asked), 2)
        self.assertEqual(removeData(self.config, refuse), [])

    def test_otherCluster(self) -> None:
        """
        A folder of another cluster is left alone, and so is one of another server.
        """
        self.write("30/stamp.json", '{"Cluster": "other", "Id": 30}')
        self.assertNothingRemoved("30 belongs to server 30 of the cluster 'other', not to server 30 of 'replkv'")
        self.write("30/stamp.json", '{"Cluster": "replkv", "Id": 3}')
        self.assertNothingRemoved("30 belongs to server 3 of the cluster 'replkv', not to server 30 of 'replkv'")

    def test_damagedStamp(self) -> None:
        """
        Neither is one removed whose stamp cannot be read.
        """
        for content in ("", "{", "[" * 100_000, '{"Cluster": "replkv"}'):
            self.write("30/stamp.json", content)
            self.assertNothingRemoved("it cannot be told whose")

    def test_runningWithoutLock(self) -> None:
        """
        A server whose lock was removed is known by its ports.
        """
        self.inUse = self.config.servers[1].logPort
        self.assertNothingRemoved(f"server 20: LogPort: port {self.inUse} of db is in use")

    def test_running(self) -> None:
        """
        It is refused while one of the servers runs.
        """
        self.write("20/lock")
        lock = OSFiles().lock(os.path.join(self.path, "20", "lock"))
        self.addCleanup(lock.release)
        self.assertNothingRemoved(f"a server is running on {self.path}/20")

    def test_foreign(self) -> None:
        """
        A folder that no server made is left alone.
        """
        self.write("30/thesis.txt")
        self.assertNothingRemoved("is not a server's data folder")
        self.assertTrue(os.path.exists(os.path.join(self.path, "30/thesis.txt")))

    def test_link(self) -> None:
        """
        A link is not followed.
        """
        os.symlink("mine", os.path.join(self.path, "30"))
        self.assertNothingRemoved("is not a folder")

    def test_neverStarted(self) -> None:
        """
        A folder that was only made for a server, or holds no more than its log, is removed.
        """
        self.write("30/server.log")
        self.assertEqual(len(removeData(self.config, self.agree)), 3)
