"""
The node: the one place where the consensus, the disk, the state machine, the peers and the clients meet.

All that happens goes into the core; then, once in each turn of the reactor, what the core wants done is taken as one
batch and carried out: L{Node._pump}. So whatever arrives in one turn shares messages, syncs and replies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Final, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv import exits
from replkv.config import Config, ServerConfig
from replkv.diskqueue import DiskQueue
from replkv.kv.command import encodeClock, stampOf
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.pending import Deadlines, Proposals, Read, encodeWrite
from replkv.protocol.commands import Get, Getm
from replkv.protocol.request import Request
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import Message
from replkv.raft.outputs import Load, ReadReady
from replkv.stamps import LeaderClock
from replkv.storage.errors import CorruptLog, LogFailed

TICKS_PER_HEARTBEAT: Final = 5

FLUSH_ENTRIES: Final = 50_000
FLUSH_BYTES: Final = 16 * 1024 * 1024
"""
After so many entries, or bytes of them, the store is brought to the disk: what a restart replays is no more than that.
"""


class Link(Protocol):
    """
    The way to one other server.
    """

    def send(self, request: Message) -> None:
        """
        Ask for something; the node is told of the reply, or that the peer is unreachable.
        """


class Node:
    """
    @ivar raft: the core.
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
        runFlush: Callable[[Callable[[], None]], Deferred[None]],
        clock: IReactorTime,
        wallClock: Callable[[], float],
        monotonic: Callable[[], float],
        fail: Callable[[int, str], None],
    ) -> None:
        """
        @param disk: makes the way to the log's disk, given what to call when something is persisted, and when the
            disk failed.
        @param runFlush: calls the flush of the state machine off the reactor's thread.
        @param wallClock: seconds since the epoch.
        @param monotonic: seconds since any point.
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
        self._wallClock = wallClock
        self._monotonic = monotonic
        self._fail = fail
        self._leaderClock: LeaderClock | None = None
        self._pumpCall: IDelayedCall | None = None
        self._failed = False
        self._known: tuple[int, int | None] = (raft.currentTerm, None)
        self._proposals = Proposals()
        self._deadlines = Deadlines(config.requestTimeout)
        self._leaderless = Deadlines(config.leaderWait)
        self._clockEntry = (0, 0)  # The index and the stamp of the last clock entry proposed.
        self._unflushed = [0, 0]  # Entries and bytes.
        self._flushing = False
        self._started = 0.0
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = clock

    def start(self) -> None:
        """
        Begin to count ticks. A paused process loses ticks: L{LoopingCall} does not make up for them.
        """
        self._started = self._monotonic()
        ended = self._ticking.start(self._config.heartbeat / TICKS_PER_HEARTBEAT, now=False)
        ended.addErrback(self._broken)

    async def stop(self) -> None:
        """
        Do nothing more, and wait until the disk has what is on its way to it.
        """
        if self._ticking.running:
            self._ticking.stop()
        # At once: while others send entries, the disk is never idle.
        self._failed = True
        if self._pumpCall is not None:
            self._pumpCall.cancel()
            self._pumpCall = None
        await self._disk.whenIdle()

    # What clients want.

    def submit(self, request: Request) -> None:
        """
        Take a command: carry it out, redirect it, or keep it until there is a leader.
        """
        if self._failed or self._deadlines.isFull or self._proposals.isFull:
            request.unavailable()
            return
        leaderId = self.raft.leaderId
        if leaderId == self._server.id:
            self._deadlines.add(self._clock.seconds(), request)
            self._carryOut(request)
        elif leaderId is not None:
            self._redirect(request, leaderId)
        else:
            self._deadlines.add(self._clock.seconds(), request)
            self._leaderless.add(self._clock.seconds(), request)

    def statistics(self) -> list[tuple[str, str]]:
        """
        Names and values for C{stats}.
        """
        raft = self.raft
        leader = "none" if raft.leaderId is None else str(raft.leaderId)
        return [
            ("id", str(self._server.id)),
            ("role", raft.role.name),
            ("term", str(raft.currentTerm)),
            ("leader", leader),
            ("commit_index", str(raft.commitIndex)),
            ("applied_index", str(self._machine.appliedIndex)),
            ("last_log_index", str(raft.log.lastIndex)),
            ("keys", str(self._machine.keys)),
            ("pending", str(self._deadlines.count)),
            ("uptime", str(int(self._monotonic() - self._started))),
        ]

    def _redirect(self, request: Request, leaderId: int) -> None:
        leader = self._config.server(leaderId)
        request.redirect(leader.hostname, leader.clientPort)

    def _carryOut(self, request: Request) -> None:
        """
        Have the core replicate a write, or make sure that a read may be answered.
        """
        now = self._leaderTime()
        connection = request.connection
        if isinstance(request.command, Get | Getm):
            # What its own connection wrote before it is seen, whether it is committed yet or not; but what that wrote
            # when this server led before may have been replaced.
            atLeast = min(connection.lastIndex, self.raft.log.lastIndex)
            atLeast = max(atLeast, self._clockEntryFor(request.command.key, now))
            self.raft.read(Read(request, now, connection.lastIndex), atLeast)
            self._schedule()
        else:
            connection.lastIndex = self._propose(encodeWrite(now, request.command))
            self._proposals.add(connection.lastIndex, self.raft.currentTerm, request)

    def _clockEntryFor(self, key: bytes, now: int) -> int:
        """
        Where a key has expired by this leader's time, but not yet by the log, have the log say so. Told before that,
        it could come back under another leader, or be met by a command that stands in the log already.

        @return: the index of the entry that says it; 0 where there is no such key.
        """
        deadline = self._machine.nextDeadline
        if deadline is None or deadline > now:
            return 0
        record = self._machine.read(key)
        if record is None or not 0 < record.deadline <= now:
            return 0
        if self._clockEntry[0] <= self._machine.appliedIndex or self._clockEntry[1] < record.deadline:
            self._proposeClock()
        return self._clockEntry[0]

    def _resubmit(self, requests: Iterable[Request]) -> None:
        """
        Submit again what this server has not begun to carry out, in its order.
        """
        leaderId = self.raft.leaderId
        for request in requests:
            if request.reply is not None:
                continue
            if leaderId is None:
                self._leaderless.add(self._clock.seconds(), request)
            elif leaderId == self._server.id:
                self._carryOut(request)
            else:
                self._redirect(request, leaderId)

    def _readAgain(self, read: Read) -> None:
        """
        A read got no answer. Nothing was done, so it is submitted again, unless its connection has written since: that
        it must not see.
        """
        request = read.request
        if request.reply is None and request.connection.lastIndex != read.written:
            request.unavailable()
        self._resubmit([request])

    def _propose(self, data: bytes) -> int:
        index = self.raft.propose(data)
        self._schedule()
        return index

    # What other servers want: see replkv.peers.receiver.Receiver.

    def requested(self, sender: int, request: Message) -> Deferred[Message]:
        """
        Another server asks for something.
        """
        reply: Deferred[Message] = Deferred()
        self._into(lambda: self.raft.step(sender, request, reply))
        return reply

    def replied(self, sender: int, reply: Message) -> None:
        """
        Another server answered.
        """
        self._into(lambda: self.raft.step(sender, reply))

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
        now = self._clock.seconds()
        self._leaderless.sweep(now)
        self._deadlines.sweep(now)
        self._proposeExpiry()
        self.repliesReady()

    def _proposeExpiry(self) -> None:
        """
        Move the state machine's clock when the leader's time has passed the deadline of a key, so that it is freed
        even where nothing else is written.
        """
        deadline = self._machine.nextDeadline
        if self._leaderClock is None or deadline is None or self._failed:
            return
        if self._clockEntry[0] <= self._machine.appliedIndex and self._leaderTime() >= deadline:
            self._proposeClock()

    def _proposeClock(self) -> None:
        now = self._leaderTime()
        self._clockEntry = (self._propose(encodeClock(now)), now)

    def _leaderTime(self) -> int:
        assert self._leaderClock is not None
        return self._leaderClock.now()

    # The pump.

    def _into(self, happen: Callable[[], None]) -> None:
        """
        Let something happen in the core. An error in it is an error of this program: then it must not go on.
        """
        if self._failed:
            return
        try:
            happen()
            deposed = self._noteLeader()
        except Exception:
            self._broken()
            return
        if deposed:
            # Now, so that the reads that it did not answer are not overtaken by commands that come after them.
            self._pump()
        else:
            self._schedule()

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
        try:
            ready = self.raft.ready()
            for to, message, token in ready.sends:
                if token is None:
                    self.links[to].send(message)
                else:
                    cast("Deferred[Message]", token).callback(message)
            self._disk.write(ready.persists)
            self._apply(ready.entries, ready.reads)
            for token in ready.droppedReads:
                self._readAgain(cast(Read, token))
            for load in ready.loads:
                self._disk.read(load).addCallbacks(self._loaded, self._diskFailed, callbackArgs=(load,))
        except EngineError as error:
            self._stopFor(exits.DISK, f"the store failed: {error}")
        except Exception:
            self._broken()
        if self.raft.hasMoreToApply:
            self._schedule()
        self.repliesReady()

    def _apply(self, entries: list[Entry], reads: Sequence[ReadReady]) -> None:
        """
        Apply entries, and answer each read as soon as its index is applied and before anything after it is.
        """
        for index, tokens in reads:
            count = max(0, index - entries[0].index + 1) if entries else 0
            self._applyAll(entries[:count])
            entries = entries[count:]
            for token in tokens:
                self._answer(cast(Read, token))
        self._applyAll(entries)

    def _applyAll(self, entries: list[Entry]) -> None:
        if not entries:
            return
        self._proposals.applied(entries, self._machine.apply(entries))
        self._unflushed[0] += len(entries)
        self._unflushed[1] += sum([len(data) for _, _, data in entries])
        if not self._flushing and (self._unflushed[0] >= FLUSH_ENTRIES or self._unflushed[1] >= FLUSH_BYTES):
            self._flushing = True
            self._unflushed = [0, 0]
            self._runFlush(self._machine.flush).addCallbacks(self._flushed, self._flushFailed)

    def _flushed(self, _: None) -> None:
        self._flushing = False

    def _flushFailed(self, failure: Failure) -> None:
        if failure.check(EngineError):
            self._stopFor(exits.DISK, f"the store cannot be written: {failure.getErrorMessage()}")
        else:
            self._broken(failure)

    def _answer(self, read: Read) -> None:
        """
        Answer a read from the state machine as it is now.
        """
        request, time, _ = read
        if request.reply is not None:
            return
        command = cast("Get | Getm", request.command)
        record = self._machine.read(command.key)
        if record is None:
            request.notFound()
        elif not record.deadline:
            request.found(record.version, 0, record.value)
        elif record.deadline > time:
            request.found(record.version, -(-(record.deadline - time) // 1000), record.value)
        else:
            # It was applied after the read had arrived, and its time was over by then.
            self._readAgain(read)

    def _noteLeader(self) -> bool:
        """
        Act on a change of leader, and tell the operator.

        @return: whether this server led until now.
        """
        raft = self.raft
        known = (raft.currentTerm, raft.leaderId)
        if known == self._known:
            return False
        before, self._known = self._known, known
        term, leaderId = known
        deposed = before[1] == self._server.id
        if deposed:
            self._leaderClock = None
            self._proposals.abandon()
        if leaderId is None:
            if before[1] is not None:
                self.log.info("server {id} is no longer known to lead; electing", id=before[1])
            return deposed
        if leaderId == self._server.id:
            unapplied = raft.log.entries(self._machine.appliedIndex + 1, raft.log.lastIndex)
            largest = max([self._machine.clock, *(stampOf(entry.data) for entry in unapplied)])
            self._leaderClock = LeaderClock(self._wallClock, self._monotonic, largest)
            self._clockEntry = (0, 0)
            self.log.info("this server leads, in term {term}", term=term)
        else:
            self.log.info("server {leader} leads, in term {term}", leader=leaderId, term=term)
        self._resubmit(self._leaderless.takeAll())
        return deposed

    # The end.

    def _broken(self, failure: Failure | None = None) -> None:
        self.log.failure("an error in replkv itself", failure)
        self._stopFor(exits.INTERNAL, "it has met an error of its own, which is logged above")

    def _stopFor(self, status: int, reason: str) -> None:
        if not self._failed:
            self._failed = True
            self._deadlines.sweep(inf)
            self.repliesReady()
            self._fail(status, reason)
