"""
A simulated server: a core with its disk and its state machine, and the runs that it has over time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from replkv.commands.getm import Getm
from replkv.raft.config import RaftConfig
from replkv.raft.core import NotLeader, Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.handover import CannotHandOver
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshotReply,
    Message,
    RequestVoteReply,
)
from replkv.raft.outputs import Load, Ready
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.core.disk import Disk
from replkv.testing.core.machine import Machine, encode
from replkv.testing.core.plan import TICK
from replkv.testing.core.probes import nextIndexOf
from replkv.testing.core.question import Lost, Question, Refused
from replkv.testing.core.snapshots import Snapshots
from replkv.testing.core.story import Story
from replkv.testing.outcome import Violation

if TYPE_CHECKING:
    from replkv.testing.core.cluster import Cluster


class _Happening(NamedTuple):
    """
    What has come while a server stood still.
    """

    function: Callable[..., None]
    arguments: tuple[Any, ...]


class Server:
    """
    @ivar id: its id.
    @ivar disk: its disk.
    @ivar machine: its state machine.
    @ivar isRunning: whether it runs, paused or not.
    @ivar isPaused: whether it runs and stands still.
    @ivar isFragile: whether it crashes soon after it has begun to install a snapshot.
    @ivar life: counts its starts.
    @ivar rate: how many ticks it counts while others count one.
    """

    def __init__(self, cluster: Cluster, serverId: int, disk: Disk) -> None:
        plan = cluster.plan
        self.id = serverId
        self.disk = disk
        self.machine = Machine()
        self.isRunning = False
        self.isPaused = False
        self.isFragile = False
        self.life = 0
        self.rate = 1.0
        self._cluster = cluster
        members = tuple(range(plan.servers))
        self._config = RaftConfig(serverId, members, plan.electionTicks, plan.heartbeatTicks, limits=plan.limits)
        self._random = chance(cluster.seed, "server", serverId)
        self._raft: Raft | None = None
        self._story = Story(lambda what: cluster.tell(self.name, what))
        self._snapshots = Snapshots(cluster, self)
        self._backlog: deque[_Happening] = deque()
        self._pumping = False
        self._given: Ready | None = None
        self._ledTerm = 0
        self._proposed: dict[int, Question] = {}
        self._questions: list[Question] = []

    # What it is.

    @property
    def name(self) -> str:
        """
        Its name in the story.
        """
        return f"server {self.id}"

    @property
    def raft(self) -> Raft:
        """
        Its core, of its present run or its last.
        """
        assert self._raft is not None
        return self._raft

    @property
    def leads(self) -> bool:
        """
        Whether it runs and believes to lead.
        """
        return self.isRunning and self.raft.leaderId == self.id

    # What can be done to it.

    def start(self) -> None:
        """
        Start, from what its disk has. Its state machine remembers any part of what it was given.
        """
        assert not self.isRunning, f"{self.name} runs already"
        self.life += 1
        chosen = chance(self._cluster.seed, "start", self.id, self.life)
        durable = self.disk.snapshot.appliedIndex
        applied = max(durable, min(self.machine.appliedIndex, self.disk.lastIndex))
        lastApplied = chosen.choice([durable, applied, chosen.randint(durable, applied)])
        self.machine = self.disk.applied(lastApplied)
        self.isRunning = True
        self._raft = self.disk.recover(self._config, self._random, lastApplied, self._persisted)
        self._story.starts(self._raft, lastApplied)
        self._cluster.judge.started(self)
        self._cluster.later(TICK * chosen.random(), self._tick, self.life)

    def crash(self) -> None:
        """
        Stop at once, and lose what the disk has not synced.
        """
        assert self.isRunning, f"{self.name} does not run"
        if self.disk.crash(chance(self._cluster.seed, "crash", self.id, self.life)):
            self._cluster.happened(rare.CRASH_BEFORE_SYNC)
        self._cluster.tell(self.name, f"crashes; its disk has {self.disk.lastIndex} entries")
        self.isRunning = self.isPaused = self._pumping = False
        self._backlog.clear()
        self._given = None
        self._snapshots.crashed()
        self._proposed.clear()
        self._ledTerm = 0
        questions, self._questions = self._questions, []
        for question in questions:
            question.end(Lost())

    def rot(self) -> None:
        """
        Lose entries of its log, while it does not run.
        """
        had = self.disk.rot(chance(self._cluster.seed, "rot", self.id, self.life))
        if had is not None:
            self._cluster.tell(
                self.name, f"has a log of which a part has rotted; {self.disk.lastIndex} entries are left"
            )
            self._cluster.judge.lostEntries(self, had)

    def pause(self) -> None:
        """
        Stand still: count no ticks and do nothing, as a stopped process does.
        """
        self._cluster.tell(self.name, "is paused")
        self.isPaused = True

    def resume(self) -> None:
        """
        Go on, with all that has come meanwhile.
        """
        self._cluster.tell(self.name, "goes on")
        self.isPaused = False
        backlog, self._backlog = self._backlog, deque()
        if chance(self._cluster.seed, "resume", self.id, self.life, len(backlog)).random() < 0.5:
            # What clients have sent comes first.
            backlog = deque(sorted(backlog, key=lambda happening: happening.function != self._take))
        for function, arguments in backlog:
            self.into(function, *arguments)

    def distrust(self) -> None:
        """
        Find that its state machine is not what it should be.
        """
        if self.isRunning:
            self._cluster.tell(self.name, "distrusts its state")
            self.into(self._distrust)

    # What happens to it.

    def receive(self, sender: int, message: Message) -> bool:
        """
        A message arrives.

        @return: whether there is anyone to take it.
        """
        if self.isRunning:
            self.into(self._step, sender, message)
        return self.isRunning

    def unreachable(self, peer: int) -> None:
        """
        Messages to a peer were lost.
        """
        if self.isRunning:
            self.into(self._lose, peer)

    def handOver(self, among: Sequence[int]) -> None:
        """
        Somebody wants one of C{among} to lead in its place.
        """
        if self.isRunning:
            self.into(self._handOver, among)

    def ask(self, questions: Sequence[Question]) -> None:
        """
        A client asks, for all of this at once and in this order.
        """
        if not self.isRunning:
            for question in questions:
                question.end(Refused(None))
            return
        self._questions = [question for question in self._questions if question.isOpen]
        self._questions.extend(questions)
        self.into(self._take, questions)

    def _tick(self, life: int) -> None:
        if life != self.life or not self.isRunning:
            return
        self._cluster.later(TICK / self.rate, self._tick, life)
        if not self.raft.isRepairing:
            self.disk.repair = None
        if not self.isPaused:
            self.into(self._countTick)

    def _persisted(self, seq: int) -> None:
        self.into(self._sync, seq)

    def _loaded(self, load: Load, batch: Batch) -> None:
        self.into(self._load, load, batch)

    # What its core is told.

    def _countTick(self) -> None:
        self.raft.tick()
        self._cluster.judge.ticked(self)

    def _step(self, sender: int, message: Message) -> None:
        raft = self.raft
        isReply = isinstance(message, AppendEntriesReply | InstallSnapshotReply | RequestVoteReply)
        if isReply and message.term < raft.currentTerm:
            self._cluster.happened(rare.LATE_REPLY)
        size = len(message.batch) if isinstance(message, AppendEntries) else message[-1]
        self._cluster.step(self.id, sender, *message[:-1], size)
        nextIndex = nextIndexOf(self, sender)
        self._cluster.judge.receives(self, sender, message, lambda: raft.step(sender, message))
        if isinstance(message, AppendEntriesReply):
            self._cluster.probes.answered(self, self._cluster.servers[sender], message, nextIndex)

    def _lose(self, peer: int) -> None:
        self._cluster.step(self.id, "lost", peer)
        self.raft.unreachable(peer)
        self._cluster.judge.lost(self, peer)

    def _sync(self, seq: int) -> None:
        self._cluster.step(self.id, "synced", seq)
        installed = self._snapshots.synced(seq)
        if installed is not None:
            self._goOnFrom(installed)
        self.raft.persisted(seq)

    def _goOnFrom(self, machine: Machine) -> None:
        """
        A snapshot is in the place of the state machine. What was still to be applied is in it, or is given out again.
        """
        given, self._given = self._given, None
        if given is not None:
            for _, tokens in given.reads:
                for token in tokens:
                    cast(Question, token).end(Refused(self.raft.leaderId))
        self.machine = machine
        for index in [index for index in self._proposed if index <= machine.appliedIndex]:
            self._proposed.pop(index).end(Lost())
        self._cluster.judge.applied(self, machine.appliedIndex, machine.digest)

    def _distrust(self) -> None:
        self.raft.distrust()
        self._cluster.judge.distrusted(self)

    def _load(self, load: Load, batch: Batch) -> None:
        self._cluster.step(self.id, "loaded", load.first, len(batch))
        self.raft.loaded(load, batch)

    def _handOver(self, among: Sequence[int]) -> None:
        with suppress(NotLeader, CannotHandOver):
            self._cluster.tell(self.name, f"hands over to server {self.raft.handOver(among)}")

    def _take(self, questions: Sequence[Question]) -> None:
        """
        Carry out what a client asks. A read sees what was asked before it.
        """
        raft = self.raft
        last = 0
        for question in questions:
            command = question.command
            if not self.leads:
                question.end(Refused(raft.leaderId))
            elif isinstance(command, Getm):
                self._cluster.judge.asked(self, question)
                raft.read(question, last)
            else:
                try:
                    last = raft.propose(encode(command))
                except NotLeader:
                    question.end(Refused(None))  # It hands over.
                else:
                    self._proposed[last] = question

    # The pump.

    def into(self, function: Callable[..., None], *arguments: Any) -> None:
        """
        Let something happen, and have done what comes of it: at once, or together with what happens soon after.
        """
        if self.isPaused:
            self._backlog.append(_Happening(function, arguments))
            return
        try:
            function(*arguments)
        except Exception as error:
            self._break(error)
        if self._noteLeader() or not self._cluster.plan.turn:
            self._pump()
        elif not self._pumping:
            self._pumping = True
            self._cluster.later(self._cluster.plan.turn, self._turn, self.life)

    def _turn(self, life: int) -> None:
        if life != self.life or not self._pumping:
            return
        self._pumping = False
        if self.isPaused:
            self._backlog.append(_Happening(_nothing, ()))
        else:
            self._pump()

    def _break(self, error: Exception) -> NoReturn:
        """
        An error in the core is a finding.
        """
        if isinstance(error, Violation):
            raise error
        raise Violation(f"{self.name} breaks down: {type(error).__name__}: {error}") from error

    def _noteLeader(self) -> bool:
        """
        @return: whether it leads no longer what it led before.
        """
        raft = self.raft
        self._story.look(raft)
        led, self._ledTerm = self._ledTerm, raft.currentTerm if raft.leaderId == self.id else 0
        if not led or led == self._ledTerm:
            return False
        # What is committed will be applied here too, and then it is known what came of it.
        for index in [index for index in self._proposed if index > raft.commitIndex]:
            self._proposed.pop(index).end(Lost())
        return True

    def _pump(self) -> None:
        self._pumping = False
        raft = self.raft
        try:
            ready = raft.ready(self._given is None)
        except Exception as error:
            self._break(error)
        self._cluster.judge.check(self, ready)
        if ready.persists:
            self.disk.write(ready.persists, self._snapshots.given(ready.persists))
        for to, message, _ in ready.sends:
            self._cluster.send(self.id, to, message)
        for load in ready.loads:
            self.disk.read(load, self._loaded)
        if ready.fetch is not None:
            self._snapshots.fetch(ready.fetch)
        for token in ready.droppedReads:
            cast(Question, token).end(Refused(raft.leaderId))
        if ready.entries or ready.reads:
            self._given = ready
            if self._cluster.plan.applying:
                self._cluster.later(self._cluster.plan.applying, self._work, self.life)
            else:
                self._apply()

    def _work(self, life: int) -> None:
        if life == self.life and self._given is not None:
            self.into(self._apply)

    def _apply(self) -> None:
        """
        Apply what was given out, and answer each read before anything after its index is applied.
        """
        ready, self._given = self._given, None
        assert ready is not None
        entries = deque(ready.entries)
        for index, tokens in ready.reads:
            while self.machine.appliedIndex < index:
                self._applyNext(entries.popleft())
            for token in tokens:
                question = cast(Question, token)
                question.end(self.machine.read(question.command.key))
        for entry in entries:
            self._applyNext(entry)
        self._snapshots.applied()
        if self.raft.state.hasMoreToApply:
            self._pumping = True
            self._cluster.later(0, self._turn, self.life)

    def _applyNext(self, entry: Entry) -> None:
        answer = self.machine.apply(entry)
        self._cluster.judge.applied(self, entry.index, self.machine.digest)
        question = self._proposed.pop(entry.index, None)
        if question is not None:
            question.end(answer)


def _nothing() -> None:
    """
    What has happened already is to be carried out.
    """
