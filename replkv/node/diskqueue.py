"""
The way to the log's disk: one thing at a time, off the reactor's thread, and many writes with one sync.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.node.limits import NodeLimits
from replkv.raft.entry import Entry
from replkv.raft.outputs import Install, Load, Persist
from replkv.storage.files import Exhausted
from replkv.storage.log import LogStorage
from replkv.storage.segment import NewFrame

RunInThread = Callable[[Callable[[], None]], Deferred[None]]
"""
Calls a function off the reactor's thread; the calls are carried out one after the other.
"""

WriteFrame = Callable[[NewFrame], Deferred[None]]
"""
Writes a frame and brings it to the disk, off the reactor's thread; fails with C{OSError}.
"""

RETRY_SECONDS: Final = 0.1
"""
How long a write waits for a descriptor before it is tried again.
"""


class Placement(NamedTuple):
    """
    A snapshot that is to be put in place.

    @ivar seq: as in L{Install}.
    @ivar store: the number of the store that it is.
    """

    seq: int
    install: Install
    store: int


class DiskQueue:
    """
    Writes what the core wants to have persisted. What arrives while a sync is under way is written with the next one
    (group commit), so that the disk's pace sets the size of the batches, and no timer.
    """

    _logger = Logger()

    def __init__(
        self,
        log: LogStorage,
        run: RunInThread,
        write: WriteFrame,
        prepare: RunInThread,
        clock: IReactorTime,
        limits: NodeLimits,
    ) -> None:
        """
        @param run: the thread for the log.
        @param write: writes a frame, while nothing else is done in that thread.
        @param prepare: another thread, in which the next segment is made ready beside the writes.
        @param clock: what the system refuses for want of a descriptor is tried again later.
        """
        self._log = log
        self._runInThread = run
        self._writeFrame = write
        self._prepare = prepare
        self._clock = clock
        self._limits = limits
        self._queue: deque[Persist | Placement] = deque()
        self._running = 0  # Calls in the log's thread.
        self._busy = False
        self._broken = False
        self._preparing = False
        self._short = False
        self._ending = False
        self._waiting: IDelayedCall | None = None  # Until what the system has refused is tried again.
        self._whenSynced: list[Deferred[int]] = []
        self._whenIdle: list[Deferred[None]] = []

    def write(self, persists: Iterable[Persist | Placement]) -> None:
        """
        Bring C{persists} to the disk, in their order and after all that came before.
        """
        self._queue.extend(persists)
        self._next()

    def whenSynced(self) -> Deferred[int]:
        """
        @return: fires when the disk is synced the next time, with the number of the last L{Persist} that is on it then;
            fails where the disk does, and nothing is written after that.
        """
        waiting: Deferred[int] = Deferred()
        self._whenSynced.append(waiting)
        return waiting

    def read(self, load: Load, isOwn: bool) -> Deferred[list[Entry]]:
        """
        Read entries, as many as are read at once; none, and only after a while, where there is no descriptor to read
        them with.

        @param isOwn: whether it is this server that is to apply them, and no peer that needs them.
        """
        entries: list[Entry] = []
        limit = self._limits.backlogBytes if isOwn else self._limits.readBytes
        result = self._run(lambda: entries.extend(self._log.read(load.first, load.last, limit)))
        return result.addErrback(self._notRead).addCallback(lambda _: entries)

    def compactable(self, index: int, retained: int) -> Deferred[int]:
        """
        Ask how much can go at the log's beginning: see L{LogStorage.compactable}.
        """
        found: list[int] = []
        asking = self._run(lambda: found.append(self._log.compactable(index, retained)))
        return asking.addCallback(lambda _: found[0])

    def compact(self, index: int) -> None:
        """
        Have the log begin later: see L{LogStorage.compact}. What is to be read is read before. Where there is no
        descriptor for it, nothing is done.
        """
        self._run(lambda: self._log.compact(index)).addCallbacks(self._compacted, self._notCompacted)

    def whenIdle(self) -> Deferred[None]:
        """
        Fires when all is written, or can't be. Nothing is tried again from now on.
        """
        self._ending = True
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
            self._busy = False
            self._broken = True
        if not self._busy:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._whenIdle.append(waiting)
        return waiting

    def _next(self) -> None:
        if self._busy or self._broken or not self._queue:
            return
        self._busy = True
        first = self._queue[0]
        if isinstance(first, Placement):
            self._queue.popleft()
            self._write(first.seq, lambda: self._place(first))
            return
        parts = self._takeParts()
        seq = parts[-1].seq
        if not self._running and (frame := self._begin(parts)) is not None:
            self._writeFrame(frame).addCallbacks(self._written, self._frameLost, callbackArgs=(seq,))
        elif not self._broken:
            self._write(seq, lambda: self._log.write(parts))

    def _begin(self, parts: list[Persist]) -> NewFrame | None:
        """
        Begin to write what is but one more frame, without the way through the log's thread. Nothing is done in that
        thread now: the log takes one call at a time.
        """
        try:
            return self._log.begin(parts)
        except Exception:
            self.broken(Failure())
            return None

    def _frameLost(self, failure: Failure) -> None:
        error = failure.value
        self.broken(Failure(self._log.failed(error)) if isinstance(error, OSError) else failure)

    def _takeParts(self) -> list[Persist]:
        """
        Take what is written with the next sync.
        """
        parts: list[Persist] = []
        size = 0
        limit = self._limits.writeBytes
        while self._queue and size < limit and isinstance(part := self._queue[0], Persist):
            self._queue.popleft()
            parts.append(part)
            size += len(part.batch.encoded)
        return parts

    def _place(self, placement: Placement) -> None:
        """
        Have a snapshot count; in the log's thread.
        """
        _, (_, index, term, keepsLog), store = placement
        if keepsLog:
            self._log.adopt(store)
        else:
            self._log.restart(index, term, store)

    def _write(self, seq: int, write: Callable[[], None]) -> None:
        self._waiting = None
        self._run(write).addCallbacks(self._written, self._notWritten, callbackArgs=(seq,), errbackArgs=(seq, write))

    def _notRead(self, failure: Failure) -> Deferred[None]:
        failure.trap(Exhausted)
        if not self._short:
            self._short = True
            self._logger.warn(
                "the log cannot be read, and what is to be applied waits for it: {reason}. Raise the limit of open "
                "files (ulimit -Hn) or find out what uses them up",
                reason=failure.getErrorMessage(),
            )
        return deferLater(self._clock, RETRY_SECONDS, lambda: None)

    def _notWritten(self, failure: Failure, seq: int, write: Callable[[], None]) -> None:
        if not failure.check(Exhausted):
            self.broken(failure)
            return
        if self._ending:
            self._busy = False
            self._broken = True
            self._idle()
            return
        if not self._short:
            self._short = True
            self._logger.warn(
                "the log waits for its next file, and all writes with it: {reason}. Raise the limit of open files "
                "(ulimit -Hn) or find out what uses them up",
                reason=failure.getErrorMessage(),
            )
        self._waiting = self._clock.callLater(RETRY_SECONDS, self._write, seq, write)

    def _run(self, function: Callable[[], None]) -> Deferred[None]:
        self._running += 1
        return self._runInThread(function).addBoth(self._ran)

    def _ran(self, outcome: Failure | None) -> Failure | None:
        self._running -= 1
        return outcome

    def _written(self, _: None, seq: int) -> None:
        if self._short:
            self._short = False
            self._logger.info("the log has its next file, and goes on")
        self._busy = False
        self._next()
        waiting, self._whenSynced = self._whenSynced, []
        for deferred in waiting:
            deferred.callback(seq)
        self._idle()
        self._prepareNext()

    def _compacted(self, _: None) -> None:
        self._prepareNext()

    def _notCompacted(self, failure: Failure) -> None:
        if not failure.check(Exhausted):
            self.broken(failure)

    def _prepareNext(self) -> None:
        """
        Have the files that are free put in order, and the next one be ready.
        """
        if not self._log.isPrepared and not self._preparing:
            self._preparing = True
            self._prepare(self._log.prepare).addCallbacks(self._prepared, self._unprepared)

    def _prepared(self, _: None) -> None:
        self._preparing = False

    def _unprepared(self, failure: Failure) -> None:
        """
        Do not try it again, unless it was but for want of a descriptor: the write that needs the segment will, and fail
        if it must.
        """
        if failure.check(Exhausted):
            self._preparing = False
            return
        self._logger.warn(
            "the next part of the log could not be prepared, so this server will stop when it needs it: {reason}",
            reason=failure.getErrorMessage(),
        )

    def broken(self, failure: Failure) -> None:
        """
        Something failed, on the disk or in what goes on with it: nothing is written any more, and L{whenSynced} fails.
        """
        self._busy = False
        self._broken = True
        waiting, self._whenSynced = self._whenSynced, []
        for deferred in waiting:
            deferred.errback(failure)
        self._idle()

    def _idle(self) -> None:
        if not self._busy:
            waiting, self._whenIdle = self._whenIdle, []
            for deferred in waiting:
                deferred.callback(None)
