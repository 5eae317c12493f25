"""
Tests for what a process does before anything else. Each is a process, since there is one of its descriptors and of its
signals.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

_DESCRIPTORS = """
import json, os, sys
from replkv.service.startup import fillDescriptors
fillDescriptors()
lock = os.open(sys.argv[1], os.O_WRONLY)
print("said", flush=True)
print("complained", file=sys.__stderr__, flush=True)
found = [[os.readlink(f"/proc/self/fd/{number}") for number in range(3)], lock, sys.stdin.read(), sys.stdin.isatty()]
os.write(lock, json.dumps(found).encode())
"""

_PLUGIN = """
import os, signal
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
maker = next(maker for maker in getPlugins(IServiceMaker) if maker.tapname == "replkv")
before = signal.getsignal(signal.SIGINT)
maker.options
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    pass
os._exit(3 if before == signal.getsignal(signal.SIGINT) else 4)
"""


class DescriptorsTests(SynchronousTestCase):
    """
    Tests for standard descriptors that are closed.
    """

    def found(self, closed: str) -> list[Any]:
        """
        Run a process with descriptors closed.

        @return: what it found: its standard descriptors, the number of the file that it opened first, what it read from
            its standard input, and whether that is a terminal.
        """
        with tempfile.NamedTemporaryFile() as file:
            command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", _DESCRIPTORS, file.name]
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            found: list[Any] = json.load(file)
        return found

    def test_allClosed(self) -> None:
        """
        None of them is left to be the number of a file that is opened later, and reading and writing are harmless.
        """
        found, first, read, isTerminal = self.found("<&- >&- 2>&-")
        self.assertEqual(found, [os.devnull] * 3)
        self.assertEqual((first, read, isTerminal), (3, "", False))

    def test_oneClosed(self) -> None:
        """
        Those that are open stay as they are.
        """
        found, first, _, _ = self.found(">&-")
        self.assertEqual(found[:2], [os.devnull] * 2)
        self.assertTrue(found[2].startswith("pipe:"))
        self.assertEqual(first, 3)


class InterruptTests(SynchronousTestCase):
    """
    Tests for Ctrl-C at the start of a server.
    """

    def ending(self, before: str = "") -> int:
        """
        Have twistd's way to the options gone, and press Ctrl-C.

        @return: how the process ended.
        """
        # Someone may run these tests with SIGINT ignored, as nohup has it.
        default = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        return subprocess.run([sys.executable, "-c", default + before + _PLUGIN], check=False).returncode

    def test_ends(self) -> None:
        """
        From the moment that twistd knows which service it is to make, Ctrl-C ends the process, and is no exception that
        someone might catch.
        """
        self.assertEqual(self.ending(), -signal.SIGINT)

    def test_ignored(self) -> None:
        """
        Where it was ignored, as under nohup, it is ignored still.
        """
        self.assertEqual(self.ending("signal.signal(signal.SIGINT, signal.SIG_IGN)\n"), 3)
