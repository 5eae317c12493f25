"""
Tests for L{replkv.console}: the command line, and what needs no server. The whole is tried on real processes.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from replkv import __version__
from replkv.client.terminal import commandWords
from replkv.client.words import MISTAKE
from replkv.console import main
from replkv.exits import CONFIGURATION


class Terminal(io.StringIO):
    """
    A standard input that is a terminal.
    """

    def isatty(self) -> bool:
        """
        It is.
        """
        return True


class MainTests(SynchronousTestCase):
    """
    Tests for L{main}.
    """

    def setUp(self) -> None:
        """
        Make a servers file.
        """
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "var")
        self.filename = os.path.join(self.folder, "servers.json")
        self.stdin: io.StringIO = io.StringIO()
        server = {"Id": 0, "Hostname": "localhost", "ClientPort": 1, "LogPort": 2}
        with open(self.filename, "w") as file:
            json.dump({"Path": self.path, "Servers": [server]}, file)

    def outcome(self, *arguments: str) -> tuple[int | str | None, str, str]:
        """
        Run a command line.

        @return: the exit status, and what was written to the standard output and to the standard error.
        """
        output, errors = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", output)
        self.patch(sys, "stderr", errors)
        self.patch(sys, "stdin", self.stdin)
        status: int | str | None
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = ended.code
        return status, output.getvalue(), errors.getvalue()

    def test_version(self) -> None:
        """
        C{--version} tells the version, before a command and after.
        """
        for arguments in (["--version"], ["client", "--version"]):
            self.assertEqual(self.outcome(*arguments), (0, f"replkv {__version__}\n", ""))

    def test_help(self) -> None:
        """
        C{--help} names the commands; each has its own help, and the client's tells the exit statuses.
        """
        commands = self.outcome("--help")[1]
        self.assertTrue(commands.startswith("Usage: replkv COMMAND [OPTIONS]\n"), commands)
        for name in ("cluster", "client", "status", "clean-data"):
            self.assertIn(f"    {name} ", commands)
            status, output, _ = self.outcome(name, "--help")
            self.assertEqual((status, output.startswith(f"Usage: replkv {name} [--config FILE]")), (0, True), output)
        self.assertIn("\n   4  the outcome of a write is unknown", self.outcome("client", "--help")[1])

    def test_mistakes(self) -> None:
        """
        A mistake in the command line is one line; in the client's, it has a status that no answer has.
        """
        for arguments, status, line in [
            ([], CONFIGURATION, "name a command, replkv --help lists them"),
            (["claster"], CONFIGURATION, "Unknown command: claster"),
            (["--config", "x"], CONFIGURATION, "option --config not recognized"),
            (["status", "now"], CONFIGURATION, "Wrong number of arguments."),
            (["client", "--port", "1"], MISTAKE, "option --port not recognized"),
        ]:
            self.assertEqual(self.outcome(*arguments), (status, "", f"replkv: {line}\n"))

    def test_badConfig(self) -> None:
        """
        Every command refuses a servers file with a mistake.
        """
        with open(self.filename, "w") as file:
            file.write("[]")
        for name, status in [
            ("cluster", CONFIGURATION),
            ("status", CONFIGURATION),
            ("clean-data", CONFIGURATION),
            ("client", MISTAKE),
        ]:
            line = f"replkv: {self.filename}: must be an object, not a list\n"
            self.assertEqual(self.outcome(name, "--config", self.filename), (status, "", line))

    def test_cleanData(self) -> None:
        """
        C{clean-data} tells what it removes, or why it does not.
        """
        data = os.path.join(self.path, "0")
        os.makedirs(data)
        status, output, errors = self.outcome("clean-data", "-c", self.filename)
        self.assertEqual((status, output), (CONFIGURATION, ""))
        self.assertIn("there is nobody to ask", errors)
        self.assertEqual(self.outcome("clean-data", "--yes", "-c", self.filename), (0, f"removed {data}\n", ""))
        self.assertFalse(os.path.exists(data))
        os.makedirs(os.path.join(data, "photos"))
        status, output, errors = self.outcome("clean-data", "-c", self.filename)
        self.assertEqual((status, output), (CONFIGURATION, ""))
        self.assertIn("nothing was removed", errors)

    def test_cleanDataAsks(self) -> None:
        """
        At a terminal C{clean-data} shows what it would remove, and wants to be told yes, and nothing shorter.
        """
        data = os.path.join(self.path, "0")
        os.makedirs(data)
        self.stdin = Terminal("y\nno\n\nyes\n")
        for _ in range(3):
            status, output, errors = self.outcome("clean-data", "-c", self.filename)
            self.assertEqual((status, errors), (CONFIGURATION, "replkv: nothing was removed\n"))
            self.assertIn(f"all data of the cluster 'replkv' on this machine, for good:\n{data} (0.0 MiB)\n", output)
        status, output, errors = self.outcome("clean-data", "-c", self.filename)
        self.assertEqual((status, errors), (0, ""))
        self.assertTrue(output.endswith(f"type yes to remove it: removed {data}\n"), output)
        os.makedirs(data)
        self.assertEqual(self.outcome("clean-data", "-c", self.filename)[0], CONFIGURATION)


class CommandWordsTests(SynchronousTestCase):
    """
    Tests for L{commandWords}.
    """

    def words(self, *arguments: str) -> list[bytes]:
        """
        The words, where the standard input holds some bytes.
        """
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\xff\r\n")))
        return commandWords(arguments)

    def test_standardInput(self) -> None:
        """
        A value that is C{-} is read from the standard input, to the byte.
        """
        self.assertEqual(self.words("set", "k", "-"), [b"set", b"k", b"a\xff\r\n"])
        self.assertEqual(self.words("cas", "k", "1", "-", "5"), [b"cas", b"k", b"1", b"a\xff\r\n", b"5"])

    def test_otherWords(self) -> None:
        """
        Any other word stands for itself.
        """
        self.assertEqual(self.words("get", "-"), [b"get", b"-"])
        self.assertEqual(self.words("set", "-", "v"), [b"set", b"-", b"v"])
        self.assertEqual(self.words("set", "k"), [b"set", b"k"])
        self.assertEqual(self.words("set", "k", "\udcff"), [b"set", b"k", b"\xff"])
