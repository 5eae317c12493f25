"""
Tests for L{replkv.service.foundation}.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.service.foundation import BACKUP_TIMEOUT, Threads
from tests.logged import logged


class FakeWorker:
    """
    A thread that does nothing before it is told to.
    """

    def __init__(self) -> None:
        self.isRunning = False
        self._waits: list[tuple[Callable[[], None], Deferred[None]]] = []

    def start(self) -> None:
        """
        Begin.
        """
        self.isRunning = True

    def stop(self) -> None:
        """
        End.
        """
        assert not self._waits, "it would wait for what it does"
        self.isRunning = False

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        Call it later.
        """
        self._waits.append((function, Deferred()))
        return self._waits[-1][1]

    def work(self) -> None:
        """
        Do what it was given.
        """
        waits, self._waits = self._waits, []
        for function, deferred in waits:
            maybeDeferred(function).chainDeferred(deferred)


class ThreadsTests(SynchronousTestCase):
    """
    Tests for L{Threads}.
    """

    def setUp(self) -> None:
        """
        Have the threads of a server that makes backups.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.workers: dict[str, FakeWorker] = {}
        host = SimpleNamespace(reactor=self.clock, worker=lambda name: self.workers.setdefault(name, FakeWorker()))
        self.threads = Threads(host, makesBackups=True)

    def running(self) -> list[str]:
        """
        Which of them run.
        """
        return [name for name, worker in self.workers.items() if worker.isRunning]

    def test_stop(self) -> None:
        """
        The server waits until the last piece of a backup is done.
        """
        self.threads.start()
        self.assertEqual(self.running(), ["log", "store", "files", "logins", "backup"])
        stopping = Deferred.fromCoroutine(self.threads.stop())
        self.assertNoResult(stopping)
        self.workers["backup"].work()
        self.successResultOf(stopping)
        self.assertEqual((self.running(), self.lines), ([], []))

    def test_hangs(self) -> None:
        """
        It does not wait for ever for a disk that does not answer.
        """
        self.threads.start()
        stopping = Deferred.fromCoroutine(self.threads.stop())
        self.clock.advance(BACKUP_TIMEOUT)
        self.successResultOf(stopping)
        self.assertEqual(self.running(), ["backup"])
        [line] = self.lines
        self.assertIn("the folder for backups has not answered for 5 s", line)

    def test_notStarted(self) -> None:
        """
        A server that could not begin has nothing to wait for.
        """
        self.successResultOf(Deferred.fromCoroutine(self.threads.stop()))
        self.assertEqual(self.running(), [])
