"""
What the core has given out, on its way to the state machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, cast

from twisted.internet.defer import Deferred

from replkv.kv.machine import StateMachine
from replkv.node.compaction import Compaction
from replkv.node.diskqueue import RunInThread
from replkv.node.executor import Executor
from replkv.node.limits import NodeLimits
from replkv.node.pending import Read
from replkv.node.statenotes import StateNotes
from replkv.raft.entry import Entry
from replkv.raft.outputs import ReadReady

READ_OVERHEAD: Final = 1024
"""
Each reply to a read takes as long as so many bytes more would.
"""

FREED_BYTES: Final = 160
"""
That a record is freed is written to the store too, and an entry of some bytes may free many. What was freed is only
gone for those who step over it when the store was brought to the disk.
"""


class Applier:
    """
    Applies entries to the state machine and has reads answered from it, in the order that the log gives them.
    """

    def __init__(
        self,
        machine: StateMachine,
        executor: Executor,
        runFlush: RunInThread,
        compaction: Compaction,
        notes: StateNotes,
        limits: NodeLimits,
    ) -> None:
        """
        @param executor: is told what came of entries, and answers reads.
        @param runFlush: calls the flush of the state machine off the reactor's thread.
        @param compaction: is told what is flushed.
        @param notes: notes the state's hash at the entries at which it is asked for.
        """
        self._machine = machine
        self._executor = executor
        self._runFlush = runFlush
        self._compaction = compaction
        self._notes = notes
        self._limits = limits
        self._toDo: deque[list[Entry] | Read] = deque()
        self._unflushedEntries = 0
        self._unflushedBytes = 0
        self._flushing = False
        self._snapshots = 0  # How many it has gone on from.
        self._whenBroken: Deferred[None] = Deferred()

    @property
    def isDone(self) -> bool:
        """
        Whether all is done that was taken.
        """
        return not self._toDo

    def take(self, entries: list[Entry], reads: Sequence[ReadReady]) -> None:
        """
        Put entries and reads in order: each read is answered as soon as its index is applied and before anything after
        it is.
        """
        for index, tokens in reads:
            count = max(0, index - entries[0].index + 1) if entries else 0
            if count:
                self._toDo.append(entries[:count])
                entries = entries[count:]
            self._toDo.extend(cast("tuple[Read, ...]", tokens))
        if entries:
            self._toDo.append(entries)

    def work(self) -> None:
        """
        Apply entries and answer reads, as many as one turn of the reactor may take. Then the connections write, and
        other servers and clients have their turn.

        @raise EngineError: if the store fails.
        @raise UnknownCommand: if a later version of replkv has brought an entry.
        """
        size = 0
        limit = self._limits.workBytes
        while self._toDo and size < limit:
            step = self._toDo.popleft()
            if isinstance(step, Read):
                size += READ_OVERHEAD + self._executor.answer(step)
            else:
                size += self._apply(step)

    def restart(self) -> None:
        """
        The state machine goes on from a snapshot: that has what was to be applied, or the core gives it out again.
        Reads that wait are submitted again.
        """
        self._snapshots += 1
        self._unflushedEntries = self._unflushedBytes = 0
        self._compaction.restart(self._machine.appliedIndex)
        self._executor.skip(self._machine.appliedIndex)
        self._drop()

    def abandon(self) -> None:
        """
        The state machine is not what it should be: apply nothing more to it, and answer nothing from it. The core gives
        out again what a snapshot does not have. Reads that wait are submitted again.
        """
        self._executor.abandon()
        self._drop()

    def _drop(self) -> None:
        waiting = [step for step in self._toDo if isinstance(step, Read)]
        self._toDo.clear()
        self._notes.forget()
        for read in waiting:
            self._executor.readAgain(read)

    def whenBroken(self) -> Deferred[None]:
        """
        @return: fails when the store could not be brought to the disk, with
            L{EngineError<replkv.kv.engine.EngineError>} if it is the store that failed. Nothing else comes of it.
        """
        return self._whenBroken

    def _apply(self, entries: list[Entry]) -> int:
        """
        Apply entries, as many as the store takes at once.

        @return: how many bytes of values were copied.
        """
        results = self._machine.apply(self._notes.cut(entries))
        if len(results) < len(entries):
            self._toDo.appendleft(entries[len(results) :])
            entries = entries[: len(results)]
        self._executor.applied(entries, results)
        self._unflushedEntries += len(entries)
        self._unflushedBytes += sum([len(data) for _, _, data in entries]) + FREED_BYTES * self._machine.freed
        limits = self._limits
        isDue = self._unflushedEntries >= limits.flushEntries or self._unflushedBytes >= limits.flushBytes
        if isDue and not self._flushing:
            self._flushing = True
            self._unflushedEntries = self._unflushedBytes = 0
            flushed = self._runFlush(self._machine.flush)
            # One that fails is the last: it is never over.
            arguments = (self._machine.appliedIndex, self._snapshots)
            flushed.addCallbacks(self._flushed, self._whenBroken.errback, callbackArgs=arguments)
        copied = self._machine.copied
        # Last, since it may turn out that nothing more is to be applied.
        self._notes.note()
        return copied

    def _flushed(self, _: None, index: int, snapshots: int) -> None:
        self._flushing = False
        # Of a store that is not in use any more, it says nothing.
        if snapshots == self._snapshots:
            self._compaction.flushed(index)
