"""
Tests for the signals that a server understands.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import tempfile
from typing import Any, cast

from twisted.application.service import Service
from twisted.python.failure import Failure
from twisted.python.log import LogPublisher
from twisted.trial.unittest import SynchronousTestCase

import replkv.service.tap
from replkv.config import ServerConfig
from replkv.service.logfile import LoggedService
from replkv.service.server import Server
from tests.reactor import Reactor
from tests.service.test_tap import Twistd


class Stopping(Service):
    """
    A service that counts how often it is told to stop.
    """

    stopped = 0

    def terminate(self) -> None:
        """
        See L{Server.terminate}.
        """
        self.stopped += 1


class SignalTests(SynchronousTestCase):
    """
    Tests for the signals that a server understands.
    """

    def setUp(self) -> None:
        """
        Have no signal handled for real.
        """
        self.handlers: dict[int, Any] = dict.fromkeys((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), signal.SIG_DFL)
        self.patch(signal, "signal", self.handlers.__setitem__)
        self.patch(signal, "getsignal", self.handlers.__getitem__)
        self.reactor = Reactor()
        self.service = Stopping()

    def stopOnSignals(self) -> None:
        """
        Handle signals as a server whose reactor runs does.
        """
        replkv.service.tap._stopOnSignals(self.reactor, cast(Server, self.service))

    def test_stops(self) -> None:
        """
        Each of them stops it in order.
        """
        self.stopOnSignals()
        for count, handler in enumerate(self.handlers.values(), 1):
            handler(0, None)
            self.reactor.advance(0)
            self.assertEqual(self.service.stopped, count)

    def test_handledAlready(self) -> None:
        """
        What nohup has had ignored is ignored still, and a handler for SIGHUP that is there already stays.
        """
        self.handlers[signal.SIGINT] = signal.SIG_IGN
        self.handlers[signal.SIGHUP] = reopen = object()
        self.stopOnSignals()
        self.assertIs(self.handlers[signal.SIGINT], signal.SIG_IGN)
        self.assertIs(self.handlers[signal.SIGHUP], reopen)

    def logged(self, **given: Any) -> Any:
        """
        The service that twistd is given where it is called with these options.
        """
        server = ServerConfig(0, "localhost", 9000, 10000)
        service = cast(Server, self.service)
        return replkv.service.tap._logged(service, server, Twistd(**given), self.reactor)

    def test_logFile(self) -> None:
        """
        With a log file, SIGHUP has that opened again, in the foreground too.
        """
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "server.log")
        for nodaemon in (False, True):
            self.handlers[signal.SIGHUP] = signal.SIG_DFL
            service = self.logged(logfile=path, nodaemon=nodaemon)
            self.assertIsInstance(service, LoggedService)
            self.assertIs(self.service.parent, service)
            self.assertTrue(callable(self.handlers[signal.SIGHUP]))

    def test_noLogFile(self) -> None:
        """
        A daemon without one takes no notice of SIGHUP, nor does what supervisors run; what is in the foreground of a
        terminal is stopped when that goes.
        """
        for given, terminals, handler in (
            ({"logfile": "x", "syslog": True}, [0], signal.SIG_IGN),
            ({"logfile": "x", "logger": object()}, [2], signal.SIG_IGN),
            ({"nodaemon": True}, [], signal.SIG_IGN),
            ({"nodaemon": True}, [2], signal.SIG_DFL),
            ({"nodaemon": True, "logfile": "-"}, [0], signal.SIG_DFL),
        ):
            self.patch(os, "isatty", lambda number, terminals=terminals: number in terminals)
            self.handlers[signal.SIGHUP] = signal.SIG_DFL
            self.assertIs(self.logged(**given), self.service)
            self.assertIs(self.handlers[signal.SIGHUP], handler)

    def test_logFileCannotBeOpened(self) -> None:
        """
        A log file for which there is no place is refused with one line.
        """
        stderr = io.StringIO()
        self.patch(sys, "stderr", stderr)
        self.assertEqual(self.assertRaises(SystemExit, self.logged, logfile="/nowhere/x.log").code, 1)
        self.assertEqual(
            stderr.getvalue(),
            "replkv: server 0: the log file /nowhere/x.log cannot be opened: No such file or directory\n",
        )

    def test_interruptedWhileLoading(self) -> None:
        """
        A Ctrl-C that Twisted has only logged, and is told of when logging begins, ends the process.
        """
        sent: list[tuple[int, int]] = []
        self.patch(os, "kill", lambda *arguments: sent.append(arguments))
        twisted = LogPublisher(replkv.service.tap._endIfInterrupted, replkv.service.tap._endIfInterrupted)
        twisted.msg("all is well")
        twisted.msg(failure=Failure(ValueError()), isError=1)
        self.assertEqual(sent, [])
        twisted.msg(failure=Failure(KeyboardInterrupt()), isError=1)
        self.assertEqual(sent, [(os.getpid(), signal.SIGINT)])
