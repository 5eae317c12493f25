"""
The readings of the clocks that are stored, so that a server that starts can tell how long it was down.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.node.clusterclock import ClusterClock
from replkv.service.host import Host, Worker
from replkv.storage.clockrecord import ClockRecord
from replkv.storage.folder import DataFolder

CLOCK_INTERVAL: Final = 10.0
"""
Seconds between two readings of the clocks that are stored. After a loss of power, it matters whether the wall clock was
set since the last one.
"""


class ClockKeeper:
    """
    Stores what the clocks say, now and then.
    """

    _logger = Logger()

    def __init__(self, host: Host, folder: DataFolder, clock: ClusterClock, thread: Worker, atOnce: bool) -> None:
        """
        @param thread: in which the data folder is written to.
        @param atOnce: whether to begin with it, and not to wait until the time is known better or has passed.
        """
        self._host = host
        self._folder = folder
        self._clock = clock
        self._thread = thread
        self._written = None if atOnce else self._due(isMeasured=False)
        self._fails = False
        self._tending = LoopingCall(self._tend)
        self._tending.clock = host.reactor

    def start(self) -> None:
        """
        Begin.
        """
        self._tending.start(1.0, now=self._written is None)

    def stop(self) -> Deferred[None]:
        """
        Store them once more, and end.

        @return: fires when they are stored, or cannot be.
        """
        self._tending.stop()
        return self._write()

    def _due(self, isMeasured: bool) -> tuple[bool, int]:
        """
        What changes when the clocks' readings are to be stored: whenever enough time has passed, and as soon as this
        server does not merely guess the time any more.
        """
        return isMeasured, int(self._host.reactor.seconds() // CLOCK_INTERVAL)

    def _tend(self) -> Deferred[None]:
        due = self._due(self._clock.isMeasured)
        if due == self._written:
            return succeed(None)
        self._written = due
        return self._write()

    def _write(self) -> Deferred[None]:
        """
        Store what the clocks say.
        """
        host, clock = self._host, self._clock
        record = ClockRecord(clock.now(), host.wallClock(), host.bootTime(), host.bootId(), clock.isKnown)
        written = self._thread.run(lambda: self._folder.writeClock(record))
        return written.addCallbacks(self._stored, self._notStored)

    def _stored(self, _: None) -> None:
        self._fails = False

    def _notStored(self, failure: Failure) -> None:
        """
        The disk is full, say. Nothing depends on it before the next start, and then not much.
        """
        failure.trap(OSError)
        if not self._fails:
            self._fails = True
            self._logger.warn(
                "the cluster's time cannot be stored, so that keys may live longer when all servers are stopped: "
                "{reason}",
                reason=failure.getErrorMessage(),
            )
