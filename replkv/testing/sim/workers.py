"""
Processes that simulate.

An interpreter of its own is started for each (C{spawn}), rather than a copy made of this one: it inherits no thread, no
open pipe and no state, and it has another PYTHONHASHSEED than the others, so that what depends on it comes to light.

Why not one of the pools that Python brings: C{multiprocessing.Pool} waits for ever for a process that dies, and
C{ProcessPoolExecutor} cannot tell what it was at. Here, what kills its process is named.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from twisted.logger import globalLogBeginner

_A = TypeVar("_A")
_R = TypeVar("_R")

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Death(NamedTuple):
    """
    What comes in place of a result if the process that worked on it has died.

    @ivar cause: how it died, for a person.
    """

    cause: str


class Map(Protocol):
    """
    Calls a function for each of some arguments.
    """

    def __call__(self, function: Callable[[_A], _R], arguments: Iterable[_A]) -> Iterator[tuple[_A, _R | Death]]:
        """
        @return: each argument and its result, as they come.
        """


class Workers:
    """
    So many processes. They end with the C{with} statement, whatever they are at, or else with this process.
    """

    def __init__(self, count: int) -> None:
        """
        @param count: how many.
        """
        self._count = count
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def map(self, function: Callable[[_A], _R], arguments: Iterable[_A]) -> Iterator[tuple[_A, _R | Death]]:
        """
        See L{Map}. It has to be gone through to its end before there is another one.

        @param function: as its arguments and results, something that can be pickled.
        """
        waiting = iter(arguments)
        busy: dict[Connection, tuple[_Worker, _A]] = {}
        for index in range(self._count):
            self._next(index, function, waiting, busy)
        while busy:
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                worker, argument = busy.pop(connection)
                result: _R | Death = worker.result()
                self._next(self._workers.index(worker), function, waiting, busy)
                yield argument, result

    def _next(
        self,
        index: int,
        function: Callable[[_A], _R],
        waiting: Iterator[_A],
        busy: dict[Connection, tuple[_Worker, _A]],
    ) -> None:
        """
        Give a worker something to do, if there is something left.
        """
        for argument in waiting:
            if index == len(self._workers):
                self._workers.append(_Worker())
            elif not self._workers[index].alive:
                self._workers[index] = _Worker()
            worker = self._workers[index]
            worker.call(function, argument)
            busy[worker.connection] = worker, argument
            return


class _Worker:
    """
    A process, seen from here.

    @ivar connection: tells when there is a result.
    @ivar alive: whether it can be called.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, its = context.Pipe()
        self.alive = True
        self._process = context.Process(target=_work, args=(its,), daemon=True)
        # Python starts another process beside the first one, and unblocks signals when it has; so this comes first.
        resource_tracker.ensure_running()
        # The terminal sends Ctrl-C to all processes, and the system or make may send SIGTERM to them. It is this one
        # that ends the others. They inherit what is blocked, so there is no moment at which they are not prepared.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            its.close()

    def call(self, function: Callable[[Any], Any], argument: object) -> None:
        """
        Have it call something.
        """
        # If it has died meanwhile, its connection says so to whoever asks for the result.
        with suppress(OSError):
            self.connection.send((function, argument))

    def result(self) -> Any:
        """
        Take what it was called for.
        """
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            self.end()
            status = self._process.exitcode
            assert status is not None
            return Death(f"was killed by signal {-status}" if status < 0 else f"exited with status {status}")

    def end(self) -> None:
        """
        End it, whatever it is at: there is nothing that it would have to tidy up.
        """
        self.alive = False
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(connection: Connection) -> None:
    """
    Be a worker, until whoever calls has gone.
    """
    Thread(target=_endWithParent, daemon=True).start()
    discardLogs()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            function, argument = connection.recv()
            connection.send(function(argument))


def _endWithParent() -> None:
    """
    If the parent is killed, what is being simulated may go on for long, or for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def discardLogs() -> None:
    """
    What simulated servers log is for the simulation alone to look at. Until somebody says so, Twisted keeps the last
    65,536 events, and with them the servers that they came from, and shows those that are critical.
    """
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


def cores() -> int:
    """
    On how many cores this process may run.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
