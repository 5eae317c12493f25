"""
The node: the one place where the consensus, the disk, the state machine, the peers and the clients meet.

All that happens goes into the core; then, once in each turn of the reactor, what the core wants done is taken as one
batch and carried out: L{Node._pump}. So whatever arrives in one turn shares messages, syncs and replies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv import exits
from replkv.commands.logged import UnknownCommand
from replkv.config import Config, ServerConfig
from replkv.kv.engine import EngineError, EngineStarved
from replkv.kv.machine import StateMachine
from replkv.node.clusterclock import ClusterClock
from replkv.node.diskqueue import DiskQueue, RunInThread
from replkv.node.executor import Executor
from replkv.node.pending import Read
from replkv.peers.receiver import Timed
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import AppendEntries
from replkv.raft.outputs import DiskTrouble, Load, ReadReady
from replkv.storage.errors import CorruptLog, LogFailed

TICKS_PER_HEARTBEAT: Final = 5

FLUSH_ENTRIES: Final = 50_000
FLUSH_BYTES: Final = 16 * 1024 * 1024
"""
After so many entries, or bytes of them, the store is brought to the disk: a restart replays about as much.
"""

MAX_WORK_BYTES: Final = 4 * 1024 * 1024
READ_OVERHEAD: Final = 1024
"""
How many bytes of replies to reads are made in one turn of the reactor, before the last, if each reply takes as long as
so many bytes more.
"""


class Link(Protocol):
    """
    The way to one other server.
    """

    def send(self, request: Timed) -> None:
        """
        Ask for something; the node is told of the reply, or that the peer is unreachable.
        """

    def condemn(self) -> None:
        """
        Have no more to do with that server: it lacks what it had acknowledged.
        """


class _Leadership(NamedTuple):
    """
    Who leads, as far as this server knows.
    """

    term: int
    leaderId: int | None


class Node:
    """
    @ivar raft: the core.
    @ivar executor: takes the commands of clients.
    @ivar links: the way to each other server, by id; set before the node is started.
    @ivar repliesReady: called when requests were answered, so that the connections write.
    """

    log = Logger()

    def __init__(
        self,
        config: Config,
        server: ServerConfig,
        raft: Raft,
        machine: StateMachine,
        disk: Callable[[Callable[[int], None], Callable[[Failure], None]], DiskQueue],
        runFlush: RunInThread,
        clock: IReactorTime,
        clusterClock: ClusterClock,
        fail: Callable[[int, str], None],
    ) -> None:
        """
        @param disk: makes the way to the log's disk, given what to call when something is persisted, and when the
            disk failed.
        @param runFlush: calls the flush of the state machine off the reactor's thread.
        @param clock: counts ticks and time-outs.
        @param clusterClock: stamps entries, where this server leads.
        @param fail: called once, with an exit status and a reason, when this server cannot go on.
        """
        self.raft = raft
        self.links: Mapping[int, Link] = {}
        self.repliesReady: Callable[[], None] = lambda: None
        self._config = config
        self._server = server
        self._machine = machine
        self._disk = disk(self._persisted, self._diskFailed)
        self._runFlush = runFlush
        self._clock = clock
        self._clusterClock = clusterClock
        self._fail = fail
        self._pumpCall: IDelayedCall | None = None
        self._failed = False
        self._noted = _Leadership(raft.currentTerm, None)
        self.executor = Executor(config, server, raft, machine, clock, clusterClock, self._schedule, self._guard)
        self._unflushedEntries = 0
        self._unflushedBytes = 0
        self._flushing = False
        self._toDo: deque[list[Entry] | Read] = deque()  # Given out by the core, in order.
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = clock

    def start(self) -> None:
        """
        Begin to count ticks. A paused process loses ticks: L{LoopingCall} does not make up for them.
        """
        ended = self._ticking.start(self._config.heartbeat / TICKS_PER_HEARTBEAT, now=False)
        ended.addErrback(self._broken)

    async def stop(self) -> None:
        """
        Do nothing more, and wait until the disk has what is on its way to it.
        """
        if self._ticking.running:
            self._ticking.stop()
        # At once: while others send entries, the disk is never idle.
        self._halt()
        await self._disk.whenIdle()

    def giveUpRequests(self) -> None:
        """
        Answer all that clients still wait for, since the server stops.
        """
        self.executor.close()
        self.repliesReady()

    # What other servers want: see replkv.peers.receiver.Receiver.

    def requested(self, sender: int, request: Timed) -> Deferred[Timed]:
        """
        Another server asks for something.
        """
        reply: Deferred[Timed] = Deferred()

        def step() -> None:
            message, time = request
            self.raft.step(sender, message, reply)
            # One that led in an earlier term leads no longer, and does not know it.
            if isinstance(message, AppendEntries) and message.term == self.raft.currentTerm:
                self._clusterClock.follow(time)

        self._into(step)
        return reply

    def replied(self, sender: int, reply: Timed) -> None:
        """
        Another server answered.
        """

        def step() -> None:
            # Before the answer elects this server, which may lead with what it learns.
            self._clusterClock.learn(reply.time, self.raft.leaderId == self._server.id)
            self.raft.step(sender, reply.message)

        self._into(step)

    def unreachable(self, peer: int) -> None:
        """
        What was sent to a peer is lost.
        """
        self._into(lambda: self.raft.unreachable(peer))

    # What the disk and the clock say.

    def _persisted(self, seq: int) -> None:
        self._into(lambda: self.raft.persisted(seq))

    def _diskFailed(self, failure: Failure) -> None:
        if failure.check(LogFailed, CorruptLog):
            self._stopFor(exits.DISK, failure.getErrorMessage())
        else:
            self._broken(failure)

    def _loaded(self, entries: list[Entry], load: Load) -> None:
        self._into(lambda: self.raft.loaded(load, Batch(entries)))

    def _tick(self) -> None:
        self._into(self.raft.tick)
        self.executor.tick()
        self.repliesReady()

    # The pump.

    def _into(self, happen: Callable[[], None]) -> None:
        """
        Let something happen in the core.
        """
        if self._failed or not self._guard(happen):
            return
        if self._guard(self._noteLeader):
            self._schedule()

    def _guard(self, function: Callable[[], None]) -> bool:
        """
        Call C{function}. Where it fails, this server must not go on: an error in it is a failure of the store, or an
        error of this program.

        @return: whether it did not fail.
        """
        try:
            function()
        except EngineError as error:
            self._storeFailed(error)
        except UnknownCommand as error:
            self._stopFor(exits.CONFIGURATION, str(error))
        except Exception:
            self._broken()
        return not self._failed

    def _schedule(self) -> None:
        if self._pumpCall is None and not self._failed:
            self._pumpCall = self._clock.callLater(0, self._pump)

    def _pump(self) -> None:
        """
        Carry out what the core wants done.
        """
        if self._pumpCall is not None and self._pumpCall.active():
            self._pumpCall.cancel()
        self._pumpCall = None
        self._guard(self._handOut)
        self._guard(self._work)
        if self._toDo or self.raft.hasMoreToApply:
            self._schedule()
        self.repliesReady()

    def _handOut(self) -> None:
        ready = self.raft.ready(mayApply=not self._toDo)
        time = self._clusterClock.now()
        for to, message, token in ready.sends:
            if token is None:
                self.links[to].send(Timed(message, time))
            else:
                told = time if self._clusterClock.isKnown else 0
                cast("Deferred[Timed]", token).callback(Timed(message, told))
        if ready.diskTrouble is not None:
            self._tellOfDisk(ready.diskTrouble)
        for peer in ready.regressed:
            self.links[peer].condemn()
        self._disk.write(ready.persists)
        self._merge(ready.entries, ready.reads)
        for token in ready.droppedReads:
            self.executor.readAgain(cast(Read, token))
        for load in ready.loads:
            self._disk.read(load).addCallbacks(self._loaded, self._diskFailed, callbackArgs=(load,))

    def _merge(self, entries: list[Entry], reads: Sequence[ReadReady]) -> None:
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

    def _work(self) -> None:
        """
        Apply entries and answer reads, as many as one turn of the reactor may take. Then the connections write, and
        other servers and clients have their turn.
        """
        size = 0
        while self._toDo and size < MAX_WORK_BYTES and not self._failed:
            step = self._toDo.popleft()
            if isinstance(step, Read):
                size += READ_OVERHEAD + self.executor.answer(step)
            else:
                self._applyAll(step)

    def _applyAll(self, entries: list[Entry]) -> None:
        self.executor.applied(entries, self._machine.apply(entries))
        self._unflushedEntries += len(entries)
        self._unflushedBytes += sum([len(data) for _, _, data in entries])
        isDue = self._unflushedEntries >= FLUSH_ENTRIES or self._unflushedBytes >= FLUSH_BYTES
        if isDue and not self._flushing:
            self._flushing = True
            self._unflushedEntries = self._unflushedBytes = 0
            self._runFlush(self._machine.flush).addCallbacks(self._flushed, self._flushFailed)

    def _flushed(self, _: None) -> None:
        self._flushing = False

    def _flushFailed(self, failure: Failure) -> None:
        if isinstance(failure.value, EngineError):
            self._storeFailed(failure.value)
        else:
            self._broken(failure)

    def _noteLeader(self) -> None:
        """
        Act on a change of leader, and tell the operator.
        """
        term, leaderId = known = _Leadership(self.raft.currentTerm, self.raft.leaderId)
        if known == self._noted:
            return
        before, self._noted = self._noted, known
        if before.leaderId == self._server.id:
            self.executor.depose()
            # Now, so that the reads that it did not answer are not overtaken by commands that come after them.
            self._pump()
        if leaderId is None:
            if before.leaderId is not None:
                self.log.info("server {id} is no longer known to lead; electing", id=before.leaderId)
            return
        if leaderId == self._server.id:
            self.executor.lead()
            self.log.info("this server leads, in term {term}", term=term)
        else:
            self.log.info("server {leader} leads, in term {term}", leader=leaderId, term=term)
        self.executor.resume()

    def _tellOfDisk(self, trouble: DiskTrouble) -> None:
        """
        Tell the operator that it is for its disk that this server leads no longer.
        """
        if trouble is DiskTrouble.HANGS:
            self.log.warn("this server leads no longer, since its disk has been at one write for too long")
        else:
            self.log.warn(
                "this server leads no longer, since its disk takes many times as long for a write as those of the "
                "others: all clients have waited for it"
            )

    # The end.

    def _storeFailed(self, error: EngineError) -> None:
        """
        The store goes on no more in this process. Where it only had no descriptor, the next one will open it.
        """
        status = exits.SYSTEM if isinstance(error, EngineStarved) else exits.DISK
        self._stopFor(status, f"the store failed: {error}")

    def _broken(self, failure: Failure | None = None) -> None:
        failure = failure or Failure()
        if failure.check(MemoryError):
            self._stopFor(exits.SYSTEM, "the system gives it no more memory")
            return
        self.log.failure("an error in replkv itself", failure)
        self._stopFor(exits.INTERNAL, "it has met an error of its own, which is logged above")

    def _stopFor(self, status: int, reason: str) -> None:
        if not self._failed:
            self._halt()
            self.repliesReady()
            self._fail(status, reason)

    def _halt(self) -> None:
        """
        Let nothing happen any more, and answer all that clients still wait for.
        """
        self._failed = True
        if self._pumpCall is not None:
            self._pumpCall.cancel()
            self._pumpCall = None
        self.executor.close()
