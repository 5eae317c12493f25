"""
A simulated server: a core with its disk and its state machine, and what happens to it over time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from replkv.commands.getm import Getm
from replkv.raft.core import NotLeader
from replkv.raft.handover import CannotHandOver
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshotReply,
    Message,
    RequestVoteReply,
)
from replkv.raft.validity import check
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.core.machine import encode
from replkv.testing.core.plan import TICK
from replkv.testing.core.probes import nextIndexOf
from replkv.testing.core.pump import Pump
from replkv.testing.core.question import Lost, Question, Refused
from replkv.testing.outcome import Violation


class Server(Pump):
    """
    A server, which starts and stops, and hears of time, messages and questions.
    """

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

    def renew(self) -> None:
        """
        Lose its data folder, while it does not run, and have an empty one.
        """
        self.folder = f"folder {self.id}, {len(self.disks)} later"
        self.disk = self._cluster.emptyDisk(self.id, len(self.disks))
        self.disks[self.folder] = self.disk
        self.machine = self.disk.snapshot.copy()
        self._cluster.tell(self.name, "has an empty data folder")

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

    @property
    def isLacking(self) -> bool:
        """
        Whether it has lost what it had; or is to find out that it has, when it goes on.
        """
        isToFindOut = any(happening.function == self._distrust for happening in self._backlog)
        return isToFindOut or self.raft.state.isDistrusted or self.disk.repair is not None

    def distrust(self) -> None:
        """
        Find that its state machine is not what it should be.
        """
        if self.isRunning:
            self._cluster.tell(self.name, "distrusts its state")
            self.into(self._distrust)

    # What happens to it.

    def receive(self, sender: int, message: Message, folder: str) -> bool:
        """
        A message arrives.

        @param folder: with which data folder it was sent: an answer to it is for no other.
        @return: whether there is anyone to take it.
        """
        if self.isRunning:
            self.into(self._step, sender, message, folder)
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

    def _countTick(self) -> None:
        self._cluster.judge.ticking(self)
        self._ticked = True
        self.raft.tick()
        self._cluster.judge.ticked(self)

    def _step(self, sender: int, message: Message, folder: str) -> None:
        raft = self.raft
        isReply = isinstance(message, AppendEntriesReply | InstallSnapshotReply | RequestVoteReply)
        if isReply and message.term < raft.currentTerm:
            self._cluster.happened(rare.LATE_REPLY)
        size = len(message.batch) if isinstance(message, AppendEntries) else message[-1]
        self._cluster.step(self.id, sender, *message[:-1], size)
        self._admit(sender, message)
        nextIndex = nextIndexOf(self, sender)
        self._cluster.judge.receives(self, sender, message, lambda: raft.step(sender, message, folder))
        if isinstance(message, AppendEntriesReply):
            self._cluster.probes.answered(self, self._cluster.servers[sender], message, nextIndex)

    def _admit(self, sender: int, message: Message) -> None:
        """
        No server that is in its right mind, as all are here, says what another one does not believe.
        """
        check(message)
        objection = self.raft.objection(sender, message)
        if objection is not None:
            raise Violation(f"{self.name} does not believe server {sender}: {objection}: {message}")

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

    def _distrust(self) -> None:
        self.raft.distrust()
        self._cluster.judge.distrusted(self)

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
