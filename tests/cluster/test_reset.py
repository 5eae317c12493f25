"""
Tests for L{replkv.cluster.reset}.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv.cluster.reset import removeData
from replkv.config import ConfigError
from replkv.storage.files import OSFiles
from tests.client.test_status import CONFIG


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
        self.write("10/stamp.json")
        self.write("10/log/0.log")
        self.write("20/stamp.json")
        self.write("mine/stamp.json")

    def write(self, name: str) -> None:
        """
        Make a file, and its folder.
        """
        full = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write("x")

    def assertNothingRemoved(self, reason: str) -> None:
        """
        Assert that it is refused for this reason, and all is still there.
        """
        error = self.assertRaises(ConfigError, removeData, self.config)
        self.assertTrue(str(error).startswith("nothing was removed: "), error)
        self.assertIn(reason, str(error))
        for name in ("10/stamp.json", "10/log/0.log", "20/stamp.json"):
            self.assertTrue(os.path.exists(os.path.join(self.path, name)))

    def test_removed(self) -> None:
        """
        The servers' folders are removed, and nothing else.
        """
        removed = removeData(self.config)
        self.assertEqual(removed, [os.path.join(self.path, name) for name in ("10", "20")])
        self.assertEqual(os.listdir(self.path), ["mine"])
        self.assertEqual(removeData(self.config), [])

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
        self.assertEqual(len(removeData(self.config)), 3)
