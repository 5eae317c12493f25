"""
Tests for which servers file is read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import replkv
from replkv.config import (
    BUILT_IN_FILE,
    DEFAULT_FILE,
    ConfigError,
    NoServersFile,
    find,
    load,
)


class BuiltInTests(SynchronousTestCase):
    """
    Tests for the servers file that comes with replkv.
    """

    def setUp(self) -> None:
        """
        Stand in an empty folder.
        """
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def test_document(self) -> None:
        """
        It is the repository's C{etc/servers.json}: three servers on this machine.
        """
        repository = Path(replkv.__file__).parents[1] / DEFAULT_FILE
        self.assertEqual(Path(BUILT_IN_FILE).read_bytes(), repository.read_bytes())
        servers = load(BUILT_IN_FILE).servers
        self.assertEqual([server.hostname for server in servers], ["localhost"] * 3)

    def test_path(self) -> None:
        """
        Its data is in the current folder, and no word is said of data in the folder above, which is another cluster's.
        """
        os.makedirs("var/0")
        Path("var/0/stamp.json").touch()
        os.mkdir("empty")
        os.chdir("empty")
        config = load(BUILT_IN_FILE)
        self.assertEqual((config.path, config.notice), (f"{self.folder}/empty/var", ""))

    def test_noCurrentFolder(self) -> None:
        """
        Where the current folder is gone, that is said in one line.
        """
        os.mkdir("gone")
        os.chdir("gone")
        os.rmdir(f"{self.folder}/gone")
        error = self.assertRaises(ConfigError, load, BUILT_IN_FILE)
        self.assertIn("Path: starts at the current folder, which is gone", str(error))


class FindTests(SynchronousTestCase):
    """
    Tests for L{find}.
    """

    def setUp(self) -> None:
        """
        Have a system without any servers file.
        """
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.environment: dict[str, str] = {}
        self.patch(os, "environ", self.environment)
        self.system = os.path.join(self.folder, "system.json")

    def make(self, name: str) -> None:
        """
        Make a file.
        """
        with open(name, "w"):
            pass

    def test_order(self) -> None:
        """
        The command line goes before the environment, that before the system's file, and that before the default.
        """
        os.mkdir("etc")
        self.make("etc/servers.json")
        self.assertEqual(find(None, self.system), "etc/servers.json")
        self.make(self.system)
        self.assertEqual(find(None, self.system), self.system)
        self.make("mine.json")
        self.environment["REPLKV_CONFIG"] = "mine.json"
        self.assertEqual(find(None, self.system), "mine.json")
        self.assertEqual(find("given.json", self.system), "given.json")
        self.environment["REPLKV_CONFIG"] = ""
        self.assertEqual(find(None, self.system), self.system)

    def test_none(self) -> None:
        """
        When there is none, it is said what was looked for.
        """
        error = self.assertRaises(ConfigError, find, None, self.system)
        for word in ("--config", "REPLKV_CONFIG", self.system, "etc/servers.json"):
            self.assertIn(word, str(error))

    def test_empty(self) -> None:
        """
        A name that is empty, such as a variable of a script that was never set, is refused, and nothing taken instead.
        """
        self.make(self.system)
        error = self.assertRaises(ConfigError, find, "", self.system)
        self.assertEqual(str(error), "the name of the servers file is empty")

    def test_noneIsToldApart(self) -> None:
        """
        That there is none is told apart from a file that is named and is not there, for which nothing else is taken.
        """
        self.assertRaises(NoServersFile, find, None, self.system)
        self.environment["REPLKV_CONFIG"] = "gone.json"
        self.assertNotIsInstance(self.assertRaises(ConfigError, find, None, self.system), NoServersFile)
        self.assertNotIsInstance(self.assertRaises(ConfigError, find, "", self.system), NoServersFile)

    def test_missing(self) -> None:
        """
        When the environment names a file that is not there, that is said.
        """
        self.environment["REPLKV_CONFIG"] = "gone.json"
        error = self.assertRaises(ConfigError, find, None, self.system)
        self.assertEqual(str(error), "gone.json: there is no such file, and REPLKV_CONFIG names it")
