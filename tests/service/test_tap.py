"""
Tests for the options of C{twistd replkv}, and for what is refused before the process daemonizes.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import sys
import tempfile
from random import Random
from typing import Any

from twisted.python import usage
from twisted.trial.unittest import SynchronousTestCase

import replkv.service.tap
from replkv import exits
from replkv.service.ports import PortError, PortInUse
from replkv.service.tap import Options, makeService
from replkv.storage.files import OSFiles
from replkv.storage.log import LogStorage


class Twistd(usage.Options):
    """
    As much of twistd's own options as matters here.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__()
        files = {"pidfile": "twistd.pid", "logfile": None, "syslog": False, "logger": None}
        self.update({"nodaemon": False, "uid": None, "gid": None, **files, **given})


class TapTests(SynchronousTestCase):
    """
    What these tests begin with.
    """

    def setUp(self) -> None:
        """
        A folder, with a servers file in it.
        """
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        # A server has a narrow one, and so would all tests that come after.
        self.addCleanup(os.umask, os.umask(0o022))
        self.config = os.path.join(self.folder, "servers.json")
        self.document: dict[str, Any] = {
            "Path": os.path.join(self.folder, "var"),
            "Servers": [
                {"Id": number, "Hostname": "localhost", "ClientPort": 9000 + number, "LogPort": 10000 + number}
                for number in range(3)
            ],
        }
        self.write()
        self.open: list[Options] = []
        self.addCleanup(self.release)
        self.stderr = io.StringIO()
        self.patch(sys, "stderr", self.stderr)
        self.patch(replkv.service.tap, "bind", self.bind)
        self.portError: PortError | None = None

    def bind(self, host: str, port: int, key: str) -> list[Any]:
        """
        Listen on nothing; or fail, as the test will have it, where the other servers are to connect.
        """
        if key == "LogPort" and self.portError is not None:
            raise self.portError
        return []

    def write(self) -> None:
        """
        Write the servers file.
        """
        with open(self.config, "w") as file:
            json.dump(self.document, file)

    def parse(self, *arguments: str, twistd: Twistd | None = None) -> Options:
        """
        Parse the arguments; the folder that is locked then is given up by L{release}.
        """
        options = Options()
        if twistd is not None:
            options.parent = twistd
        options.parseOptions(["--config", self.config, *arguments])
        self.open.append(options)
        return options

    def release(self) -> None:
        """
        Give up the folders that were locked.
        """
        while self.open:
            self.open.pop().folder.close()

    def assertRefused(self, *reasons: str, status: int = exits.CONFIGURATION) -> None:
        """
        The last refusal was one line, which gives these reasons.
        """
        line = self.stderr.getvalue()
        self.assertTrue(line.startswith("replkv: ") and line.endswith("\n"), line)
        self.assertEqual(line.count("\n"), 1, line)
        self.assertNotIn("Traceback", line)
        for reason in reasons:
            self.assertIn(reason, line)
        self.assertEqual(self.status, status)

    def refuse(self, *arguments: str) -> None:
        """
        Parse arguments that are refused.
        """
        self.status = self.assertRaises(SystemExit, self.parse, *arguments).code


class RefusalTests(TapTests):
    """
    A test for each mistake.
    """

    def test_noId(self) -> None:
        """
        The id is missing.
        """
        self.refuse()
        self.assertRefused("--id is required")

    def test_badId(self) -> None:
        """
        The id is no number.
        """
        for word in ("one", "-1", "1.0", "", "\u0661", "9" * 5000):
            self.stderr.seek(0)
            self.stderr.truncate()
            self.refuse("--id", word)
            self.assertRefused("--id is a number, not ")
            self.assertLess(len(self.stderr.getvalue()), 200)

    def test_unknownId(self) -> None:
        """
        No server of the file has the id.
        """
        self.refuse("--id", "3")
        self.assertRefused(self.config, "unknown id 3, the file has ids 0, 1, 2")

    def test_noFile(self) -> None:
        """
        There is no servers file.
        """
        os.remove(self.config)
        self.refuse("--id", "0")
        self.assertRefused(self.config, "No such file or directory")

    def test_broken(self) -> None:
        """
        The servers file has a mistake.
        """
        self.document["Servers"][1]["ClientPort"] = 9000
        self.write()
        self.refuse("--id", "0")
        self.assertRefused(self.config, "Servers[1].ClientPort", "9000 is already used")

    def test_running(self) -> None:
        """
        The server is running already.
        """
        self.parse("--id", "0")
        self.refuse("--id", "0")
        self.assertRefused("server 0 is already running on", os.path.join(self.folder, "var", "0"))

    def test_otherServersFolder(self) -> None:
        """
        The data folder is another server's.
        """
        self.parse("--id", "0")
        self.release()
        os.rename(os.path.join(self.folder, "var", "0"), os.path.join(self.folder, "var", "1"))
        self.refuse("--id", "1")
        self.assertRefused("belongs to server 0, and this is server 1")

    def test_cannotBeWritten(self) -> None:
        """
        The data folder cannot be made.
        """
        with open(os.path.join(self.folder, "var"), "w"):
            pass
        self.refuse("--id", "0")
        self.assertRefused("cannot be made or written: Not a directory")

    def test_refusedFolderIsNotHeld(self) -> None:
        """
        A server that is refused does not keep the folder.
        """
        self.parse("--id", "0")
        self.release()
        self.document["Cluster"] = "shop"
        self.write()
        self.refuse("--id", "0")
        self.document["Cluster"] = "replkv"
        self.write()
        self.assertEqual(self.parse("--id", "0").server.id, 0)

    def make(self, options: Options) -> None:
        """
        Make the service in vain.
        """
        self.status = self.assertRaises(SystemExit, makeService, options).code

    def test_portInUse(self) -> None:
        """
        A port is in use: that may pass, and has a status of its own. The line says whose it is.
        """
        self.portError = PortInUse("LogPort: port 10001 of 127.0.0.1 cannot be listened on: it is in use")
        self.refuse("--id", "1")
        self.assertRefused("server 1: LogPort: port 10001 of 127.0.0.1", "it is in use", status=exits.NOT_YET)

    def test_portForbidden(self) -> None:
        """
        A port cannot be had by this user, which does not pass.
        """
        self.portError = PortError("LogPort: port 1 of 127.0.0.1 cannot be listened on: Permission denied")
        self.refuse("--id", "1")
        self.assertRefused("server 1: LogPort", "Permission denied")

    def test_lockRemoved(self) -> None:
        """
        The lock of a running server was removed, but its ports say that it runs: nothing of its is touched.
        """
        first = self.parse("--id", "1")
        LogStorage.open(OSFiles(), first.folder.logPath, Random(1)).close()
        path = os.path.join(self.folder, "var", "1")
        os.remove(os.path.join(path, "lock"))
        with open(os.path.join(path, "server.pid"), "w") as file:
            file.write("1")
        before = sorted(os.walk(path))
        self.patch(LogStorage, "open", lambda *arguments, **more: self.fail("the log was opened"))
        self.portError = PortInUse("LogPort: port 10001 of 127.0.0.1 cannot be listened on: it is in use")
        twistd = Twistd()
        self.status = self.assertRaises(SystemExit, self.parse, "--id", "1", twistd=twistd).code
        self.assertRefused("it is in use", status=exits.NOT_YET)
        os.remove(os.path.join(path, "lock"))
        self.assertEqual(sorted(os.walk(path)), before)

    def test_rot(self) -> None:
        """
        The log is damaged: that is the disk's fault, and has a status of its own.
        """
        options = self.parse("--id", "1")
        os.makedirs(options.folder.logPath)
        with open(os.path.join(options.folder.logPath, "0000000000000002.segment"), "wb") as file:
            file.write(bytes(1000))
        self.make(options)
        self.assertRefused("server 1: the log is damaged", status=exits.DISK)

    def test_diskFails(self) -> None:
        """
        The disk does not let the log be opened, for a reason that names no file; the line says where the log is.
        """

        def refuse(*arguments: object, mayRepair: bool) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        options = self.parse("--id", "1")
        self.patch(LogStorage, "open", refuse)
        self.make(options)
        self.assertRefused(
            f"server 1: the log in {options.folder.logPath} cannot be opened: [Errno 28] No space", status=exits.DISK
        )


class OptionsTests(TapTests):
    """
    Tests for options that are right.
    """

    def test_defaults(self) -> None:
        """
        What is not said is as the help has it.
        """
        options = Options()
        self.assertEqual((options["id"], options["config"], options["data-dir"]), (None, None, None))
        text = str(options)
        for word in ("--id=", "--config=", "--data-dir=", "REPLKV_CONFIG", "etc/servers.json", "server.log"):
            self.assertIn(word, text)

    def test_folder(self) -> None:
        """
        A server keeps its state in a folder of its own, in the file's C{Path}, or in the one that is named instead.
        """
        options = self.parse("--id", "2")
        self.assertEqual(options.server.clientPort, 9002)
        self.assertEqual(options.folder.logPath, os.path.join(self.folder, "var", "2", "log"))
        other = os.path.join(self.folder, "elsewhere")
        options = self.parse("--id", "2", "--data-dir", other)
        self.assertEqual(options.folder.logPath, os.path.join(other, "2", "log"))

    def test_relativePath(self) -> None:
        """
        A relative path begins at the folder of the servers file, wherever the server is started.
        """
        self.document["Path"] = "here"
        self.write()
        self.assertEqual(self.parse("--id", "0").folder.logPath, os.path.join(self.folder, "here", "0", "log"))
        self.assertEqual(self.stderr.getvalue(), "")

    def test_formerPath(self) -> None:
        """
        Where the current folder, at which a relative path once began, has data of a server, a line says so.
        """
        former = os.path.join(self.folder, "former")
        os.makedirs(os.path.join(former, "here", "0"))
        with open(os.path.join(former, "here", "0", "stamp.json"), "w"):
            pass
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(former)
        self.document["Path"] = "here"
        self.write()
        self.parse("--id", "0", "--data-dir", os.path.join(self.folder, "other"))
        self.assertEqual(self.stderr.getvalue(), "")
        self.parse("--id", "0")
        self.assertIn(f"{former}/here has data too", self.stderr.getvalue())

    def test_otherFile(self) -> None:
        """
        Without C{--config} the file is read that the environment names.
        """
        self.patch(os, "environ", {**os.environ, "REPLKV_CONFIG": self.config})
        options = Options()
        options.parseOptions(["--id", "1"])
        self.open.append(options)
        self.assertEqual(options["config"], self.config)

    def test_ownFiles(self) -> None:
        """
        A daemon's pid file and log file are in its data folder, so that several can be started in one folder.
        """
        for number in ("0", "1"):
            twistd = Twistd()
            self.parse("--id", number, twistd=twistd)
            own = os.path.join(self.folder, "var", number)
            self.assertEqual(twistd["pidfile"], os.path.join(own, "server.pid"))
            self.assertEqual(twistd["logfile"], os.path.join(own, "server.log"))

    def test_namedFiles(self) -> None:
        """
        What the user has named stays.
        """
        twistd = Twistd(pidfile="mine.pid", logfile="mine.log")
        self.parse("--id", "0", twistd=twistd)
        self.assertEqual((twistd["pidfile"], twistd["logfile"]), ("mine.pid", "mine.log"))

    def test_noLogFile(self) -> None:
        """
        In the foreground the log goes to the terminal, and with --syslog to the system's log.
        """
        for given in ({"nodaemon": True}, {"syslog": True}):
            twistd = Twistd(**given)
            self.parse("--id", "0", twistd=twistd)
            self.release()
            self.assertIsNone(twistd["logfile"])

    def test_leftOverPidFile(self) -> None:
        """
        The pid file of a server that was killed does not keep the next one from starting; one that the user has named
        is not touched.
        """
        self.parse("--id", "0")
        self.release()
        left = os.path.join(self.folder, "var", "0", "server.pid")
        named = os.path.join(self.folder, "mine.pid")
        for path in (left, named):
            with open(path, "w") as file:
                file.write("1")
        self.parse("--id", "0", twistd=Twistd())
        self.release()
        self.assertFalse(os.path.exists(left))
        self.parse("--id", "0", twistd=Twistd(pidfile=named))
        self.assertTrue(os.path.exists(named))
