"""
A simulated core at work: what comes of it is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from replkv.raft.config import RaftConfig
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Load, Ready
from replkv.testing.chance import chance
from replkv.testing.core.disk import Disk
from replkv.testing.core.machine import Machine
from replkv.testing.core.question import Lost, Question, Refused
from replkv.testing.core.snapshots import Snapshots
from replkv.testing.core.story import Story
from replkv.testing.judges.view import DurableLog
from replkv.testing.outcome import Violation

if TYPE_CHECKING:
    from replkv.testing.core.cluster import Cluster


class _Happening(NamedTuple):
    """
    What has come while a server stood still.
    """

    function: Callable[..., None]
    arguments: tuple[Any, ...]


class Pump:
    """
    A core, its disk and its state machine, of one server.

    @ivar id: its id.
    @ivar folder: the name of its data folder.
    @ivar disk: its disk.
    @ivar disks: that, and those of the folders that it had before, by their names.
    @ivar beginning: the configuration with which the cluster begins.
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
        self.folder = f"folder {serverId}"
        self.disk = disk
        self.disks: dict[str, DurableLog] = {self.folder: disk}
        self.machine = disk.snapshot.copy()
        self.beginning = self.machine.configuration
        self.isRunning = False
        self.isPaused = False
        self.isFragile = False
        self.life = 0
        self.rate = 1.0
        self._cluster = cluster
        self._config = RaftConfig(
            serverId, plan.electionTicks, plan.heartbeatTicks, plan.applyTicks, limits=plan.limits
        )
        self._random = chance(cluster.seed, "server", serverId)
        self._raft: Raft | None = None
        self._story = Story(lambda what: cluster.tell(self.name, what))
        self._snapshots = Snapshots(cluster, self)
        self._backlog: deque[_Happening] = deque()
        self._pumping = False
        self._waits = chance(cluster.seed, "waits", serverId).random() < 0.5  # With what is proposed, for a tick.
        self._ticked = False
        self._given: Ready | None = None
        self._ledTerm = 0
        self._proposed: dict[int, Question] = {}
        self._questions: list[Question] = []

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
        mayWait = self._waits and not self._ticked
        try:
            hasMore, ready = raft.hasMore(mayWait), raft.ready(self._given is None, mayWait)
        except Exception as error:
            self._break(error)
        if not hasMore and not ready.isEmpty:
            raise Violation(f"{self.name} has something to be done, and said that it had nothing: {ready!r:.500}")
        self._ticked = False
        self._cluster.judge.check(self, ready)
        if ready.persists:
            self.disk.write(ready.persists, self._snapshots.given(ready.persists))
        for to, message, folder in ready.sends:
            # Who has asked with another data folder is no more.
            if folder in (None, self._cluster.servers[to].folder):
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

    def _loaded(self, load: Load, batch: Batch) -> None:
        self.into(self._load, load, batch)

    # What its core is told.

    def _load(self, load: Load, batch: Batch) -> None:
        self._cluster.step(self.id, "loaded", load.first, len(batch))
        self.raft.loaded(load, batch)


def _nothing() -> None:
    """
    What has happened already is to be carried out.
    """
