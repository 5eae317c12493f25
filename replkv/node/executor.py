"""
The clients' commands, from being taken to being answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from math import inf
from typing import Final, NamedTuple, cast

from twisted.internet.interfaces import IReactorTime

from replkv.commands.command import ReadCommand, WriteCommand
from replkv.commands.logged import encodeClock
from replkv.commands.results import Found, NotFound, Redirected, Result, Unavailable
from replkv.config import Config, ServerConfig
from replkv.frontends.request import Request
from replkv.kv.machine import StateMachine
from replkv.node.clusterclock import ClusterClock, largestStamp
from replkv.node.pending import Deadlines, Proposals, Read
from replkv.raft.core import Raft
from replkv.raft.entry import Entry


class _ClockEntry(NamedTuple):
    """
    An entry that only tells the time.

    @ivar entryIndex: where it stands in the log; 0 where there is none.
    @ivar stamp: the time, in milliseconds.
    """

    entryIndex: int
    stamp: int


_NO_CLOCK_ENTRY: Final = _ClockEntry(0, 0)


class Executor:
    """
    Has the commands of clients carried out by the cluster: writes become entries of the log, reads are confirmed, and
    both are answered when the node has applied what they wait for. It is what the client port calls its
    L{Backend<replkv.frontends.request.Backend>}.

    @ivar refused: the servers that this one does not let in, since they are not what they were. Set before the node is
        started, and kept by whoever judges them.
    """

    def __init__(
        self,
        config: Config,
        server: ServerConfig,
        raft: Raft,
        machine: StateMachine,
        clock: IReactorTime,
        clusterClock: ClusterClock,
        schedule: Callable[[], None],
        guard: Callable[[Callable[[], None]], bool],
    ) -> None:
        """
        @param clock: counts time-outs.
        @param clusterClock: stamps entries, where this server leads.
        @param schedule: called when there is something new in the core.
        @param guard: calls a function, and stops this server where it fails.
        """
        self._config = config
        self._server = server
        self._raft = raft
        self._machine = machine
        self._clock = clock
        self._clusterClock = clusterClock
        self._schedule = schedule
        self._guard = guard
        self.refused: Collection[int] = ()
        self._closed = False
        self._started = clock.seconds()
        self._leads = False
        self._proposals = Proposals()
        self._deadlines = Deadlines(config.requestTimeout)
        self._leaderless = Deadlines(config.leaderWait)
        self._clockEntry = _NO_CLOCK_ENTRY  # The last that was proposed.

    def submit(self, request: Request) -> None:
        """
        Take a command: carry it out, redirect it, or keep it until there is a leader.
        """
        session = request.session
        session.submitted += 1
        request.number = session.submitted
        if self._closed or self._deadlines.isFull or self._proposals.isFull:
            request.answer(Unavailable())
            return
        leaderId = self._raft.leaderId
        if leaderId == self._server.id:
            self._deadlines.add(self._clock.seconds(), request)
            self._guard(lambda: self._carryOut(request))
        elif leaderId is not None:
            self._redirect(request, leaderId)
        else:
            self._deadlines.add(self._clock.seconds(), request)
            self._leaderless.add(self._clock.seconds(), request)

    def statistics(self) -> dict[str, str]:
        """
        Values for C{stats}, by name.
        """
        status = self._raft.status
        return {
            "id": str(status.id),
            "role": status.role.value,
            "term": str(status.term),
            "leader": "none" if status.leaderId is None else str(status.leaderId),
            "commit_index": str(status.commitIndex),
            "applied_index": str(self._machine.appliedIndex),
            "last_log_index": str(status.lastIndex),
            "keys": str(self._machine.keys),
            "refused": ",".join(map(str, sorted(self.refused))) or "none",
            "pending": str(self._deadlines.count),
            "uptime": str(int(self._clock.seconds() - self._started)),
        }

    def tick(self) -> None:
        """
        Answer what has waited long enough, and see to expiry.
        """
        now = self._clock.seconds()
        self._leaderless.sweep(now)
        self._deadlines.sweep(now)
        if self._leads:
            self._clusterClock.lead()
        self._proposeExpiry()

    def close(self) -> None:
        """
        Take nothing more, and answer all that waits: this server does nothing more.
        """
        self._closed = True
        self._leads = False
        self._deadlines.sweep(inf)

    def lead(self) -> None:
        """
        This server leads from now on.
        """
        log = self._raft.log
        unapplied = log.entries(self._machine.appliedIndex + 1, log.lastIndex)
        self._clusterClock.reach(largestStamp(self._machine.clock, unapplied))
        self._leads = True
        self._clockEntry = _NO_CLOCK_ENTRY

    def depose(self) -> None:
        """
        This server leads no longer.
        """
        self._leads = False
        self._proposals.abandon()

    def resume(self) -> None:
        """
        There is a leader: submit what has waited for one.
        """
        self._resubmit(self._leaderless.takeAll())

    def applied(self, entries: list[Entry], results: list[Result | None]) -> None:
        """
        Answer the writes whose entries are applied.
        """
        self._proposals.applied(entries, results)

    def answer(self, read: Read) -> int:
        """
        Answer a read from the state machine as it is now.

        @return: how many bytes of a value it was answered with.
        """
        request, time, _ = read
        if request.isAnswered:
            return 0
        command = cast(ReadCommand, request.command)
        record = self._machine.read(command.key)
        if record is None:
            request.answer(NotFound())
        elif not record.deadline or record.deadline > time:
            left = -(-(record.deadline - time) // 1000) if record.deadline else 0
            request.answer(Found(record.version, left, record.value))
            return len(record.value)
        # It was applied after the read had arrived, and its time was over by then. To wait longer, until the log says
        # so too, is to be overtaken by the commands of its session that came after it.
        elif request.number == request.session.submitted:
            self.readAgain(read)
        else:
            request.answer(Unavailable())
        return 0

    def readAgain(self, read: Read) -> None:
        """
        A read got no answer. Nothing was done, so it is submitted again, unless its session has written since: that
        it must not see.
        """
        request = read.request
        if not request.isAnswered and request.session.lastIndex != read.written:
            request.answer(Unavailable())
        self._resubmit([request])

    def _redirect(self, request: Request, leaderId: int) -> None:
        leader = self._config.server(leaderId)
        request.answer(Redirected(leader.hostname, leader.clientPort))

    def _carryOut(self, request: Request) -> None:
        """
        Have the core replicate a write, or make sure that a read may be answered.
        """
        now = self._clusterClock.now()
        session = request.session
        if isinstance(request.command, ReadCommand):
            # It sees what its own session wrote before it, whether that is committed yet or not, and what that read
            # before it; but what was in the log when this server led before may have been replaced.
            before = min(max(session.lastIndex, session.lastRead), self._raft.log.lastIndex)
            session.lastRead = max(before, self._clockEntryFor(request.command.key, now))
            self._raft.read(Read(request, now, session.lastIndex), session.lastRead)
            self._schedule()
        else:
            session.lastIndex = self._propose(cast(WriteCommand, request.command).encode(now))
            self._proposals.add(session.lastIndex, self._raft.currentTerm, request)

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
        if self._clockEntry.entryIndex <= self._machine.appliedIndex or self._clockEntry.stamp < record.deadline:
            self._proposeClock()
        return self._clockEntry.entryIndex

    def _resubmit(self, requests: Iterable[Request]) -> None:
        """
        Submit again what this server has not begun to carry out, in its order.
        """
        leaderId = self._raft.leaderId
        for request in requests:
            if request.isAnswered:
                continue
            if leaderId is None:
                self._leaderless.add(self._clock.seconds(), request)
            elif leaderId == self._server.id:
                self._carryOut(request)
            else:
                self._redirect(request, leaderId)

    def _propose(self, data: bytes) -> int:
        index = self._raft.propose(data)
        self._schedule()
        return index

    def _proposeExpiry(self) -> None:
        """
        Move the state machine's clock when the leader's time has passed the deadline of a key, so that it is freed
        even where nothing else is written.
        """
        deadline = self._machine.nextDeadline
        if not self._leads or deadline is None:
            return
        if self._clockEntry.entryIndex <= self._machine.appliedIndex and self._clusterClock.now() >= deadline:
            self._proposeClock()

    def _proposeClock(self) -> None:
        now = self._clusterClock.now()
        self._clockEntry = _ClockEntry(self._propose(encodeClock(now)), now)
