"""
Tests for L{replkv.cli.console}: the command line, and what needs no server. The whole is tried on real processes.
"""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

import replkv
from replkv import __version__
from replkv.build import IS_COMPILED
from replkv.cli import command
from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.client import ClientCommand
from replkv.cli.cluster import reset
from replkv.cli.cluster.clean import CleanDataCommand
from replkv.cli.cluster.command import ClusterCommand
from replkv.cli.command import ServersCommand
from replkv.cli.console import main
from replkv.cli.status import StatusCommand
from replkv.cli.statuses import DONE, INTERNAL, MISTAKE, STATUSES, STREAM, SYSTEM, UNAVAILABLE
from replkv.client.errors import Unavailable
from replkv.config import BUILT_IN_FILE, Config, find, load
from tests.client.network import Network


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

    def outcome(self, *arguments: str) -> tuple[int, str, str]:
        """
        Run a command line.

        @return: the exit status, and what was written to the standard output and to the standard error.
        """
        output, errors = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", output)
        self.patch(sys, "stderr", errors)
        self.patch(sys, "stdin", self.stdin)
        return main(arguments), output.getvalue(), errors.getvalue()

    def test_version(self) -> None:
        """
        C{--version} tells the version, and of one that is compiled that it is, before a command and after.
        """
        told = f"replkv {__version__} (compiled)\n" if IS_COMPILED else f"replkv {__version__}\n"
        for arguments in (["--version"], ["client", "--version"]):
            self.assertEqual(self.outcome(*arguments), (0, told, ""))

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
        for text in (commands, self.outcome("client", "--help")[1]):
            for status, meaning in STATUSES.items():
                self.assertIn(f"\n{status:4}  {meaning}\n", text)

    def test_helpAsWord(self) -> None:
        """
        Whoever types C{help} as a command is shown the same, and so is who types it behind one.
        """
        commands = self.outcome("--help")
        self.assertEqual(self.outcome("help"), commands)
        for name in ("cluster", "client", "status", "clean-data", "sim", "help"):
            self.assertIn(f"    {name} ", commands[1])
            shown = self.outcome(name, "--help")
            self.assertEqual((shown[0], shown[2]), (DONE, ""))
            self.assertEqual(self.outcome("help", name), shown)
        for name in ("cluster", "status", "clean-data", "sim"):
            self.assertEqual(self.outcome(name, "help"), self.outcome(name, "--help"))

    def test_readme(self) -> None:
        """
        The README has the same table of exit statuses.
        """
        readme = Path(replkv.__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8").replace("`", "")
        table = "".join(f"| {status} | {meaning} |\n" for status, meaning in STATUSES.items())
        self.assertIn(f"| status | means |\n| --- | --- |\n{table}\n", readme)

    def test_mistakes(self) -> None:
        """
        A mistake in the command line is one line, and has one status in all commands.
        """
        for arguments, line in [
            ([], "name a command; see replkv --help"),
            (["claster"], "Unknown command: claster; see replkv --help"),
            (["--config", "x"], "option --config not recognized; see replkv --help"),
            (["status", "now"], "'now' is one word too many; see replkv status --help"),
            (["cluster", "now"], "'now' is one word too many; see replkv cluster --help"),
            (["help", "claster"], "Unknown command: claster; see replkv --help"),
            (["help", "status", "now"], "'now' is one word too many; see replkv help --help"),
            (["status", "help", "now"], "'help' is one word too many; see replkv status --help"),
            (["client", "--port", "1"], "option --port not recognized; see replkv client --help"),
        ]:
            self.assertEqual(self.outcome(*arguments), (MISTAKE, "", f"replkv: {line}\n"))

    def test_timeout(self) -> None:
        """
        A time-out is a number of seconds.
        """
        for given in ("0", "-1", "nan", "1e3", "", "86401", "9" * 10000, "1_0"):
            for name in ("client", "status"):
                status, _, errors = self.outcome(name, f"--timeout={given}")
                self.assertEqual(status, MISTAKE)
                line = f"replkv: --timeout must be more than 0 and at most 86400 seconds, not {given!r:.50}"
                self.assertEqual(errors, f"{line}; see replkv {name} --help\n")

    def test_badConfig(self) -> None:
        """
        Every command refuses a servers file with a mistake.
        """
        with open(self.filename, "w") as file:
            file.write("[]")
        for name in ("cluster", "status", "clean-data", "client"):
            line = f"replkv: {self.filename}: must be an object, not a list\n"
            self.assertEqual(self.outcome(name, "--config", self.filename), (MISTAKE, "", line))

    def test_environment(self) -> None:
        """
        Without C{--config} the file is read that the environment names.
        """
        self.patch(os, "environ", {**os.environ, "REPLKV_CONFIG": "/nowhere/servers.json"})
        for name in ("cluster", "status", "clean-data", "client"):
            line = "replkv: /nowhere/servers.json: there is no such file, and REPLKV_CONFIG names it\n"
            self.assertEqual(self.outcome(name), (MISTAKE, "", line))

    def test_builtIn(self) -> None:
        """
        Where no servers file is found, all commands take the one that comes with replkv; where its servers do not
        answer, that is said, and what was looked for.
        """
        self.patch(os, "environ", {name: value for name, value in os.environ.items() if name != "REPLKV_CONFIG"})
        none = os.path.join(self.folder, "none.json")
        self.patch(command, "find", lambda given: find(given, none))
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        taken: list[tuple[str, Config]] = []
        status = DONE

        def run(command: ServersCommand, filename: str, config: Config) -> int:
            taken.append((filename, config))
            return status

        for kind in (ClusterCommand, ClientCommand, StatusCommand, CleanDataCommand):
            self.patch(kind, "run", run)
        for name in ("cluster", "client", "status", "clean-data"):
            self.assertEqual(self.outcome(name), (DONE, "", ""))
        self.assertEqual(taken, [(BUILT_IN_FILE, load(BUILT_IN_FILE))] * 4)
        status = UNAVAILABLE
        for name in ("client", "status"):
            ended, output, errors = self.outcome(name)
            self.assertEqual((ended, output), (UNAVAILABLE, ""))
            self.assertTrue(errors.startswith("replkv: no servers file: --config and REPLKV_CONFIG name none"), errors)
            self.assertTrue(errors.endswith(": those on localhost were asked\n"), errors)
            self.assertEqual(self.outcome(name, "-c", self.filename), (UNAVAILABLE, "", ""))

        def fail(command: ServersCommand, filename: str, config: Config) -> int:
            raise Unavailable("no leader")

        self.patch(StatusCommand, "run", fail)
        ended, output, errors = self.outcome("status")
        self.assertEqual((ended, output), (UNAVAILABLE, ""))
        self.assertTrue(errors.endswith(": those on localhost were asked\nreplkv: unavailable: no leader\n"), errors)

    def test_servers(self) -> None:
        """
        Where C{--servers} says where the cluster is, no servers file is read, whatever the environment names.
        """
        self.patch(os, "environ", {**os.environ, "REPLKV_CONFIG": "/nowhere/servers.json"})
        shown: list[str] = []

        def talk(command: CallingCommand, connect: Connect) -> int:
            shown.append(repr(connect(cast(Any, Network().reactor))))
            return DONE

        self.patch(ClientCommand, "talk", talk)
        for words in (["--servers", "db:1,[::1]:9000"], ["-s", "db:1,[::1]:9000"]):
            self.assertEqual(self.outcome("client", *words, "get", "k"), (DONE, "", ""))
        self.assertEqual(self.outcome("client", "-c", self.filename, "get", "k"), (DONE, "", ""))
        clients = [text.partition(": ")[0] for text in shown]
        self.assertEqual(clients, ["<Client of db:1, [::1]:9000"] * 2 + ["<Client of localhost:1"])

    def test_noServers(self) -> None:
        """
        What is no list of servers is a mistake, and names the word that is wrong; and so are two places.
        """
        for given, wrong in (("db", "db"), ("db:1,", ""), ("db:1,::1:9000", "::1:9000"), ("db:x", "db:x"), ("", "")):
            status, output, errors = self.outcome("client", f"--servers={given}")
            self.assertEqual((status, output), (MISTAKE, ""))
            line = f"--servers must be host:port, an IPv6 address in brackets, as in [::1]:9000, and not {wrong!r}"
            self.assertEqual(errors, f"replkv: {line}; see replkv client --help\n")
        status, _, errors = self.outcome("client", "--servers", "db:1", "-c", self.filename)
        self.assertEqual(status, MISTAKE)
        self.assertIn("leave out --config", errors)

    def test_openCommands(self) -> None:
        """
        Who asks for what is for everybody needs no token, though the environment names a user.
        """
        self.patch(os, "environ", {**os.environ, "REPLKV_USER": "alice", "REPLKV_TOKEN_FILE": "/nowhere/token"})
        for kind in (ClientCommand, StatusCommand):
            self.patch(kind, "run", lambda command, filename, config: DONE)
        for words in (["version"], ["stats"], ["help"], ["help", "set"], ["quit"], ["nonsense"]):
            self.assertEqual(self.outcome("client", "-c", self.filename, *words), (DONE, "", ""))
        self.assertEqual(self.outcome("status", "-c", self.filename), (DONE, "", ""))
        for words in ([], ["get", "a"], ["set", "a", "1"]):
            line = "replkv: /nowhere/token: No such file or directory\n"
            self.assertEqual(self.outcome("client", "-c", self.filename, *words), (MISTAKE, "", line))

    def test_namedIsMissing(self) -> None:
        """
        A servers file that is named and is not there is a mistake, for which nothing else is taken.
        """
        missing = os.path.join(self.folder, "gone.json")
        for name in ("cluster", "client", "status", "clean-data"):
            line = f"replkv: {missing}: cannot be read: No such file or directory\n"
            self.assertEqual(self.outcome(name, "-c", missing), (MISTAKE, "", line))

    def test_fullOutput(self) -> None:
        """
        Output that cannot be written is no mistake of the command line's, help too.
        """
        for arguments in (["--help"], ["--version"], ["client", "--help"]):
            errors = io.StringIO()
            self.patch(sys, "stderr", errors)
            with open("/dev/full", "w") as full:
                self.patch(sys, "stdout", full)
                status = main(arguments)
                # It is not to be written again when it is closed.
                os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
            self.assertEqual(status, STREAM)
            self.assertEqual(errors.getvalue(), "replkv: the output cannot be written: No space left on device\n")

    def test_otherErrors(self) -> None:
        """
        What the system refuses is one line; what is wrong in replkv itself tells where. Neither is taken for an answer.
        """
        error: Exception = OSError(errno.EMFILE, "Too many open files")

        def run(*arguments: object) -> int:
            raise error

        self.patch(StatusCommand, "run", run)
        line = "replkv: [Errno 24] Too many open files\n"
        self.assertEqual(self.outcome("status", "-c", self.filename), (SYSTEM, "", line))
        error = KeyError("a bug")
        status, _, errors = self.outcome("status", "-c", self.filename)
        self.assertEqual(status, INTERNAL)
        self.assertTrue(errors.startswith("Traceback"))
        self.assertTrue(errors.endswith("replkv: this is an error in replkv itself\n"))

    def test_cleanData(self) -> None:
        """
        C{clean-data} tells what it removes, or why it does not.
        """
        # Whether a port of this machine is free is not for this test to say.
        self.patch(reset, "bind", lambda *_: [])
        data = os.path.join(self.path, "0")
        os.makedirs(data)
        status, output, errors = self.outcome("clean-data", "-c", self.filename)
        self.assertEqual((status, output), (MISTAKE, ""))
        self.assertIn("there is nobody to ask", errors)
        self.assertEqual(self.outcome("clean-data", "--yes", "-c", self.filename), (DONE, f"removed {data}\n", ""))
        self.assertFalse(os.path.exists(data))
        os.makedirs(os.path.join(data, "photos"))
        status, output, errors = self.outcome("clean-data", "-c", self.filename)
        self.assertEqual((status, output), (MISTAKE, ""))
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
            self.assertEqual((status, errors), (DONE, ""))
            self.assertIn(f"all data of the cluster 'replkv' on this machine, for good:\n{data} (0.0 MiB)\n", output)
            self.assertIn("nothing was removed", output)
        status, output, errors = self.outcome("clean-data", "-c", self.filename)
        self.assertEqual((status, errors), (DONE, ""))
        self.assertTrue(output.endswith(f"type yes to remove it: removed {data}\n"), output)
        os.makedirs(data)
        self.outcome("clean-data", "-c", self.filename)
        self.assertTrue(os.path.exists(data), "the end of the input is no yes")

    def test_cleanDataInterrupted(self) -> None:
        """
        Ctrl-C at the question removes nothing, and ends C{clean-data} as it ends every other command.
        """

        def interrupted(question: str) -> str:
            raise KeyboardInterrupt

        data = os.path.join(self.path, "0")
        os.makedirs(data)
        self.stdin = Terminal("")
        self.patch(builtins, "input", interrupted)
        self.assertRaises(KeyboardInterrupt, self.outcome, "clean-data", "-c", self.filename)
        self.assertTrue(os.path.exists(data))
