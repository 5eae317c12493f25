"""
Tests for L{replkv.cli.cert}: the servers file. The certificates are those of L{replkv.tls.issuing}.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from io import StringIO

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli import command
from replkv.cli.console import main
from replkv.cli.statuses import DONE, MISTAKE
from replkv.config import BUILT_IN_FILE, DEFAULT_FILE, find, load


class CertTests(SynchronousTestCase):
    """
    Tests for C{replkv cert} in a folder of its own.
    """

    def setUp(self) -> None:
        """
        Go into an empty folder.
        """
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.patch(os, "environ", {name: value for name, value in os.environ.items() if name != "REPLKV_CONFIG"})
        self.patch(command, "find", lambda given: find(given, os.path.join(self.folder, "none.json")))

    def outcome(self, *arguments: str) -> tuple[int, str, str]:
        """
        Run C{replkv cert}.

        @return: the exit status, and what was written to the standard output and to the standard error.
        """
        output, errors = StringIO(), StringIO()
        self.patch(sys, "stdout", output)
        self.patch(sys, "stderr", errors)
        return main(["cert", *arguments]), output.getvalue(), errors.getvalue()

    def test_noServersFile(self) -> None:
        """
        Where there is no servers file, there is one then: the servers of the one that comes with replkv, with
        certificates for each other and for clients, which are there.
        """
        status, output, errors = self.outcome("init")
        self.assertEqual((status, errors), (DONE, ""))
        self.assertIn(f"{DEFAULT_FILE} has servers on localhost", output)
        made, known = load(DEFAULT_FILE), load(BUILT_IN_FILE)
        self.assertEqual((made.servers, made.path), (known.servers, known.path))
        assert made.tls is not None
        assert made.clientTls is not None
        self.assertEqual(made.clientTls.files, made.tls)
        self.assertTrue(made.clientTls.isRequired)
        for server in made.servers:
            files = made.tls.of(server.id)
            for path in (files.certificate, files.key, files.authority):
                self.assertTrue(path.startswith(os.path.join(self.folder, "etc", "tls")), path)
                self.assertTrue(os.path.isfile(path), path)

    def test_again(self) -> None:
        """
        What is there is not written over.
        """
        self.outcome("init")
        with open(DEFAULT_FILE) as file:
            before = file.read()
        self.assertEqual(self.outcome("init")[0], MISTAKE)
        with open(DEFAULT_FILE) as file:
            self.assertEqual(file.read(), before)

    def test_nothingToRenew(self) -> None:
        """
        All else needs a servers file; nothing is looked for, or written, where replkv is installed.
        """
        for action in ("renew", "authority", "retire", "client"):
            status, output, errors = self.outcome(action)
            self.assertEqual((status, output), (MISTAKE, ""))
            self.assertEqual(
                errors, f"replkv: there is no servers file: --config names one, and init makes {DEFAULT_FILE}\n"
            )

    def test_toWrite(self) -> None:
        """
        Where there is one, it is said what to write into it, as far as that is not there.
        """
        server = {"Id": 0, "Hostname": "localhost", "ClientPort": 1, "LogPort": 2}
        with open("servers.json", "w") as file:
            json.dump({"Path": "var", "Servers": [server]}, file)
        output = self.outcome("init", "-c", "servers.json")[1]
        lines = [line.partition(": ")[2] for line in output.splitlines() if line.startswith("Write into servers.json")]
        with open("servers.json", "w") as file:
            json.dump({"Path": "var", "Servers": [server], **json.loads(f"{{{', '.join(lines)}}}")}, file)
        config = load("servers.json")
        assert config.tls is not None
        assert config.clientTls is not None
        self.assertTrue(os.path.isfile(config.tls.of(0).certificate))
        shutil.rmtree("tls")
        self.assertNotIn("Write into", self.outcome("init", "-c", "servers.json")[1])
