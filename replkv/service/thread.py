"""
A thread of the system, with a queue of what it is to do.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from replkv.service.ring import Ring, openRing
from replkv.storage.files import OSFile
from replkv.storage.segment import NewFrame


class SystemThread:
    """
    A L{Worker<replkv.service.host.Worker>}. Twisted's thread pool does the same for any number of threads, with several
    locks and queues, which cost 12 us for each call.

    The process does not wait for it when it ends. Who stops in order waits for what it does, and a start that failed
    must not leave behind a process that serves nothing.
    """

    def __init__(self, reactor: IReactorFromThreads, name: str) -> None:
        self._reactor = reactor
        # None is the end.
        self._calls: SimpleQueue[tuple[Callable[[], None], Deferred[None]] | None] = SimpleQueue()
        self._ring: Ring | None = None
        self._hasWritten = False
        self._thread = Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """
        See L{Worker.start<replkv.service.host.Worker.start>}.
        """
        self._thread.start()

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        See L{Worker.run<replkv.service.host.Worker.run>}.
        """
        done: Deferred[None] = Deferred()
        self._calls.put((function, done))
        return done

    def write(self, frame: NewFrame) -> Deferred[None]:
        """
        See L{Worker.write<replkv.service.host.Worker.write>}.
        """
        if not self._hasWritten:
            self._hasWritten = True
            self._ring = openRing(self._reactor)
        ring, file = self._ring, frame.file
        if ring is None or not ring.isUsable or not isinstance(file, OSFile):
            return self.run(frame.write)
        return ring.write(file.descriptor, frame.offset, frame.data) or self.run(frame.write)

    def stop(self) -> None:
        """
        See L{Worker.stop<replkv.service.host.Worker.stop>}.
        """
        if self._ring is not None:
            self._ring.close()
            self._ring = None
        self._calls.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            function, done = call
            try:
                function()
            except BaseException:
                self._reactor.callFromThread(done.errback, Failure())
            else:
                self._reactor.callFromThread(done.callback, None)
