"""
The server processes of a cluster that runs on this machine: started, and started again when they die.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import AnyStr, Final, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import (
    IDelayedCall,
    IProcessProtocol,
    IProcessTransport,
    IReactorProcess,
    IReactorTime,
)
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.runner.procmon import LoggingProtocol, ProcessMonitor
from zope.interface import implementer

from replkv.cli.cluster.story import REFUSALS
from replkv.cli.login import TOKEN_VARIABLE
from replkv.config import Config
from replkv.exits import SYSTEM

_TWISTD: Final = "import os; os.setpgrp(); from twisted.scripts.twistd import run; run()"
"""
Runs C{twistd} with this very Python, wherever its script may be. A process group of its own keeps the terminal's Ctrl-C
from the server: it is stopped once, in order, by whoever started it.
"""


class Observer(Protocol):
    """
    Who is told of the processes.
    """

    def started(self, serverId: int, pid: int) -> None:
        """
        A server has a process.
        """

    def ended(self, serverId: int, how: str, status: int | None, lastLine: str) -> None:
        """
        A server's process has ended.
        """


class Servers:
    """
    One process for each server of a servers file.

    @ivar finished: fires when no server runs and none will be started again.
    """

    # A server answers what it has accepted and syncs its disk before it ends. Then it is killed.
    KILL_TIME: Final = 15
    # A server that lasts no longer has died at once: it may still have been starting. After several such deaths it is
    # started again this often.
    START_TIME: Final = 5
    MAX_RESTART_DELAY: Final = 30

    def __init__(self, reactor: IReactorProcess, config: Config, filename: str, observer: Observer) -> None:
        """
        @param reactor: a reactor with processes and time.
        @param filename: the name of the servers file, which the servers are to read.
        @param observer: is told of the processes that start, and of those that end before they are told to.
        """
        self.finished: Deferred[None] = Deferred()
        self._observer = observer
        self._expected = {str(server.id) for server in config.servers}
        self._running: set[str] = set()
        self._last: str | None = None  # Is stopped when the others have ended.
        self._monitor = ProcessMonitor(_Spawner(reactor, self._watched))
        self._monitor.killTime = self.KILL_TIME
        self._monitor.threshold = self.START_TIME
        self._monitor.maxRestartDelay = self.MAX_RESTART_DELAY
        # A token of whoever starts them is none of the servers' business.
        environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        for name in sorted(self._expected, key=int):
            logFile = os.path.join(config.path, name, "server.log")
            command = [sys.executable, "-c", _TWISTD, "-n", "--logfile", logFile, "replkv"]
            self._monitor.addProcess(name, [*command, "--id", name, "--config", filename], env=environment)

    def start(self) -> None:
        """
        Start all servers.
        """
        self._monitor.startService()

    def stop(self, last: int | None) -> None:
        """
        Tell all servers to stop, and start none again.

        @param last: the id of the one that is told when the others have ended: the leader, in whose place none of them
            is to lead, only to stop as well; C{None} if there is none.
        """
        self._expected.clear()
        self._last = None if last is None else str(last)
        if self._running.issuperset({self._last}):
            for restart in self._monitor.restart.values():
                if restart.active():
                    restart.cancel()
            for name in sorted(self._running - {self._last}):
                self._monitor.removeProcess(name)
        self._stopRest()
        self._checkFinished()

    def _stopRest(self) -> None:
        """
        Stop all, unless others than the last are still to end.
        """
        if self._last not in self._running or len(self._running) == 1:
            self._last = None
            self._monitor.stopService()

    def _watched(self, monitored: LoggingProtocol) -> _ServerProcess:
        return _ServerProcess(monitored, self._started, self._ended)

    def _started(self, name: str, pid: int) -> None:
        self._running.add(name)
        self._observer.started(int(name), pid)

    def _ended(self, name: str, reason: Failure, lastLine: str) -> None:
        self._running.discard(name)
        how, status = _ending(reason)
        if name in self._expected:
            if status in REFUSALS:
                self._expected.remove(name)
                self._monitor.removeProcess(name)
            self._observer.ended(int(name), how, status, lastLine)
        if self._last is not None:
            self._stopRest()
        self._checkFinished()

    def _checkFinished(self) -> None:
        if not self._running and not self._expected and not self.finished.called:
            self.finished.callback(None)


class _ServerProcess(ProcessProtocol):
    """
    Stands between a process and the monitor, to see it start and end and what it says.
    """

    transport: IProcessTransport
    _MAX_TAIL: Final = 4096

    def __init__(
        self,
        monitored: LoggingProtocol,
        started: Callable[[str, int], None],
        ended: Callable[[str, Failure, str], None],
    ) -> None:
        self._monitored = monitored
        self._started = started
        self._ended = ended
        self._tail = b""

    def connectionMade(self) -> None:
        """
        The process runs.
        """
        self._monitored.makeConnection(self.transport)
        self._started(self._monitored.name, self.transport.pid)

    def errReceived(self, data: bytes) -> None:
        """
        Keep the end of what it writes to its standard error.
        """
        self._tail = (self._tail + data)[-self._MAX_TAIL :]

    def processEnded(self, reason: Failure) -> None:
        """
        The process is gone. The monitor hears of it last: by then it may have been told not to start it again.
        """
        lines = self._tail.decode("utf-8", "replace").split("\n")
        lastLine = next((line.strip() for line in reversed(lines) if line.strip()), "")
        self._ended(self._monitored.name, reason, lastLine)
        self._monitored.processEnded(reason)


@implementer(IReactorProcess, IReactorTime)
class _Spawner:
    """
    A reactor for L{ProcessMonitor}, which lets the processes that it spawns be watched.
    """

    def __init__(self, reactor: IReactorProcess, watched: Callable[[LoggingProtocol], _ServerProcess]) -> None:
        self._reactor = reactor
        self._time = IReactorTime(reactor)
        self._watched = watched

    def spawnProcess(
        self,
        processProtocol: IProcessProtocol,
        executable: bytes | str,
        args: Sequence[bytes | str],
        env: Mapping[AnyStr, AnyStr] | None = None,
        path: bytes | str | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> IProcessTransport:
        """
        See L{IReactorProcess.spawnProcess}.
        """
        assert isinstance(processProtocol, LoggingProtocol)
        watched = self._watched(processProtocol)
        try:
            return self._reactor.spawnProcess(watched, executable, args, env, path, uid, gid, usePTY, childFDs)
        except OSError as error:
            # The monitor knows no process that never was: to it, this one has ended at once.
            processProtocol.connectionMade()
            watched.errReceived(f"no process can be started: {error.strerror}\n".encode())
            self._time.callLater(0, watched.processEnded, Failure(ProcessTerminated(SYSTEM)))
            return cast(IProcessTransport, None)

    def seconds(self) -> float:
        """
        See L{IReactorTime.seconds}.
        """
        return self._time.seconds()

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> IDelayedCall:  # noqa: A002
        """
        See L{IReactorTime.callLater}.
        """
        return self._time.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        See L{IReactorTime.getDelayedCalls}.
        """
        return self._time.getDelayedCalls()


def _ending(reason: Failure) -> tuple[str, int | None]:
    """
    How a process ended, for a person, and its exit status; C{None} if a signal ended it.
    """
    ended = reason.value
    if not isinstance(ended, ProcessTerminated):
        return "ended by itself", 0
    if ended.signal is not None:
        return f"was killed by signal {ended.signal}", None
    return f"failed with exit status {ended.exitCode}", ended.exitCode
