"""
How much room a server's disk has.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.node.diskqueue import RunInThread
from replkv.node.limits import NodeLimits
from replkv.storage.files import Files, Space

_MIB = 1 << 20


class DiskSpace:
    """
    Asks the system now and then, in a thread, since a disk may hang.

    A server that has less than its reserve is full: what it still takes, of its leader and of RocksDB's own, has to go
    into what is left. It is full no longer when it has a quarter more than the reserve, so that it does not change its
    mind with each file that comes and goes.

    @ivar free: how many bytes there were when it was last asked for; C{None} before that.
    @ivar reserve: how many bytes there should be; 0 before that.
    @ivar isFull: whether there are too few of them.
    """

    _logger = Logger()

    def __init__(
        self,
        files: Files,
        path: str,
        reserve: int | None,
        run: RunInThread,
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param path: the data folder.
        @param reserve: how many bytes there should be, where the operator has said so.
        @param run: the thread in which the system is asked.
        """
        self.free: int | None = None
        self.reserve = reserve or 0
        self.isFull = False
        self._files = files
        self._path = path
        self._given = reserve
        self._run = run
        self._limits = limits
        self._fails = False
        self._asking = LoopingCall(self._ask)
        self._asking.clock = clock

    def start(self) -> None:
        """
        Begin, at once.
        """
        self._asking.start(self._limits.spaceInterval)

    def stop(self) -> None:
        """
        End. Nothing waits for an answer that is due.
        """
        self._asking.stop()

    def _ask(self) -> Deferred[None]:
        """
        Ask once.

        @return: fires when there is an answer; until then it is not asked for again.
        """
        found: list[Space] = []
        asked = self._run(lambda: found.append(self._files.space(self._path)))
        return asked.addCallbacks(lambda _: self._found(found[0]), self._notFound)

    def _found(self, space: Space) -> None:
        limits = self._limits
        self._fails = False
        self.free = space.free
        if self._given is None:
            self.reserve = max(limits.reserveBytes, space.size // limits.reserveDivisor)
        enough = self.reserve + self.reserve // 4
        if not self.isFull and space.free < self.reserve:
            self.isFull = True
            self._logger.warn(
                "the disk is nearly full: {path} has room for {free} MiB, and the reserve is {reserve} MiB. This "
                "server takes no writes (ERR_INTERNAL), and goes on with all else, until there are {enough} MiB: make "
                "room",
                path=self._path,
                free=space.free // _MIB,
                reserve=self.reserve // _MIB,
                enough=-(-enough // _MIB),
            )
        elif self.isFull and space.free >= enough:
            self.isFull = False
            self._logger.info(
                "the disk has room again: {path} has {free} MiB. This server takes writes",
                path=self._path,
                free=space.free // _MIB,
            )

    def _notFound(self, failure: Failure) -> None:
        """
        What was known last is believed on.
        """
        failure.trap(OSError)
        if not self._fails:
            self._fails = True
            self._logger.warn(
                "the system does not say how much room {path} has, so that a disk that fills may stop this server: "
                "{reason}",
                path=self._path,
                reason=failure.getErrorMessage(),
            )
