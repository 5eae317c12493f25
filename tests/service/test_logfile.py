"""
Tests for a log file that is moved away.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

from twisted.application.service import Application
from twisted.logger import ILogObserver, Logger, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from replkv.service.logfile import FILE_BYTES, FILES, LoggedService
from tests.reactor import Reactor


class LogFileTests(SynchronousTestCase):
    """
    Tests for L{LoggedService}.
    """

    def setUp(self) -> None:
        """
        Give an application a log file.
        """
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.path = os.path.join(self.folder, "server.log")
        for number in (signal.SIGHUP, signal.SIGUSR1):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.reactor = Reactor()
        application = Application("test")
        self.service = LoggedService(self.reactor, self.path)
        self.service.setServiceParent(application)
        publisher = LogPublisher(application.getComponent(ILogObserver))
        self.patch(LoggedService, "_logger", Logger(observer=publisher))
        self.say = Logger(observer=publisher).info

    def lines(self, path: str) -> list[str]:
        """
        What is in a file, without the times.
        """
        with open(path) as file:
            return [line.partition("] ")[2].strip() for line in file]

    def send(self, number: signal.Signals) -> None:
        """
        Send this process a signal, and let the reactor run.
        """
        signal.raise_signal(number)
        self.reactor.advance(0)

    def test_hangup(self) -> None:
        """
        When the file was moved away, and SIGHUP says so, the log goes on in a new one of its name.
        """
        self.say("one")
        os.rename(self.path, self.path + ".old")
        self.say("two")
        self.send(signal.SIGHUP)
        self.say("three")
        self.assertEqual(self.lines(self.path + ".old"), ["one", "two"])
        self.assertEqual(self.lines(self.path), ["the log file was opened again", "three"])

    def test_truncated(self) -> None:
        """
        When the file was cut off in its place, the log goes on at its beginning.
        """
        self.say("one")
        os.truncate(self.path, 0)
        self.send(signal.SIGHUP)
        self.assertEqual(self.lines(self.path), ["the log file was opened again"])

    def test_cannotBeOpened(self) -> None:
        """
        When there is no place for a new file, the log goes on in the old one, and says so.
        """
        elsewhere = self.folder + ".old"
        os.rename(self.folder, elsewhere)
        self.addCleanup(shutil.rmtree, elsewhere)
        self.send(signal.SIGHUP)
        self.say("two")
        lines = self.lines(os.path.join(elsewhere, "server.log"))
        self.assertIn("the log file cannot be opened again, and is kept: [Errno 2]", lines[0])
        self.assertEqual(lines[1:], ["two"])

    def test_bounded(self) -> None:
        """
        A file that is full is moved away, and of those that were, the oldest goes when there are ten files.
        """
        for number in range(13):
            self.say(f"file {number}")
            with open(self.path, "r+b") as file:
                file.truncate(FILE_BYTES)  # What is written stands where the one before has ended.
            self.service.reopen()
        self.say("file 13")
        names = sorted(os.listdir(self.folder))
        self.assertEqual(names, ["server.log", *sorted(f"server.log.{number}" for number in range(1, FILES))])
        with open(f"{self.path}.{FILES - 1}", "rb") as file:
            self.assertIn(b"file 4", file.read(200))

    def test_cannotBeMoved(self) -> None:
        """
        Where a server may not write in the folder of its log, it says so: Twisted would let the file grow in silence.
        """
        self.assertEqual(self.lines(self.path), [])
        self.patch(os, "access", lambda path, mode, **options: path != self.folder)
        LoggedService(self.reactor, self.path)
        [line] = self.lines(self.path)
        self.assertIn(f"this server may not write in {self.folder}", line)

    def test_rotate(self) -> None:
        """
        SIGUSR1 moves the file away, as it does with twistd's own.
        """
        self.say("one")
        self.send(signal.SIGUSR1)
        self.say("two")
        self.assertEqual((self.lines(self.path + ".1"), self.lines(self.path)), (["one"], ["two"]))
