"""
Tests for a thread of the system.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from replkv.service.thread import SystemThread

PATIENCE_SECONDS = 60


@implementer(IReactorFromThreads)
class Reactor:
    """
    Keeps what other threads want to have called, for the test to call it.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:  # noqa: A002
        """
        Have something called in the reactor's thread.
        """
        self._calls.put(lambda: callable(*args, **kwargs))

    def turn(self, calls: int = 1) -> None:
        """
        Wait for so many calls, and make them.
        """
        for _ in range(calls):
            self._calls.get(timeout=PATIENCE_SECONDS)()


class ThreadTests(SynchronousTestCase):
    """
    Tests for L{SystemThread}.
    """

    def setUp(self) -> None:
        """
        There is one, which does not run yet.
        """
        self.reactor = Reactor()
        self.thread = SystemThread(self.reactor, "log")
        self.addCleanup(self.thread.stop)
        self.done: list[object] = []

    def test_run(self) -> None:
        """
        What it is given is called in it, one after the other; who waits for it hears of it in the reactor's thread.
        """
        self.thread.start()
        names: list[str] = []
        first, second = [self.thread.run(lambda: names.append(threading.current_thread().name)) for _ in range(2)]
        self.assertNoResult(first)
        self.reactor.turn()
        self.assertIsNone(self.successResultOf(first))
        self.assertNoResult(second)
        self.reactor.turn()
        self.assertIsNone(self.successResultOf(second))
        self.assertEqual(names, ["log", "log"])

    def test_order(self) -> None:
        """
        It does nothing before it is started, and then all in the order in which it was given.
        """
        for number in range(50):
            self.thread.run(partial(self.done.append, number))
        self.assertEqual(self.done, [])
        self.thread.start()
        self.reactor.turn(50)
        self.assertEqual(self.done, list(range(50)))

    def test_fails(self) -> None:
        """
        What is raised is told, whatever it is, and the thread goes on.
        """

        def fail(error: BaseException) -> None:
            raise error

        self.thread.start()
        for error in (OSError(5, "Input/output error"), SystemExit(), KeyboardInterrupt()):
            failed = self.thread.run(partial(fail, error))
            self.reactor.turn()
            self.assertIs(self.failureResultOf(failed).value, error)
        done = self.thread.run(lambda: None)
        self.reactor.turn()
        self.successResultOf(done)

    def test_stop(self) -> None:
        """
        When it is told to stop, it does what it was given before, and has ended then.
        """
        self.thread.start()
        for number in range(50):
            self.thread.run(partial(self.done.append, number))
        self.thread.stop()
        self.assertEqual(len(self.done), 50)
        self.assertNotIn("log", [thread.name for thread in threading.enumerate()])

    def test_neverStarted(self) -> None:
        """
        One that was never started is stopped at once.
        """
        self.thread.stop()

    def test_daemon(self) -> None:
        """
        The process need not wait for it.
        """
        self.thread.start()
        self.assertEqual([thread.daemon for thread in threading.enumerate() if thread.name == "log"], [True])
