"""
The simulated disk of a core.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType

from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.log import RaftLog, bytesOf
from replkv.raft.membership import configurationsIn
from replkv.raft.outputs import Install, Load, Persist
from replkv.raft.repair import Repair
from replkv.testing.core.machine import Machine
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline


class Disk:
    """
    Writes one thing after the other, with one sync for all that waits when it begins. It has the log, and a state of
    the machine that is at least as far as where the log begins.

    @ivar term: currentTerm, as synced.
    @ivar votedFor: the vote in it, as synced.
    @ivar entries: the log, as synced.
    @ivar firstIndex: the index of the first of them.
    @ivar snapshot: the state of the machine, as synced.
    @ivar repair: what the log had before it lost entries, until it is known to be repaired; C{None} if it lacks none.
    @ivar slowness: how many seconds longer than usual everything takes.
    """

    def __init__(self, timeline: Timeline, random: Random, seconds: Span, configuration: Configuration) -> None:
        """
        @param seconds: how long a write takes.
        @param configuration: the one with which the cluster begins.
        """
        self.term = 0
        self.votedFor: int | None = None
        self.entries: list[Entry] = []
        self.firstIndex = 1
        self.snapshot = Machine(configuration)
        self.repair: Repair | None = None
        self.slowness = 0.0
        self._timeline = timeline
        self._random = random
        self.hurry(seconds)
        self._hanging = 0
        self._stuck: list[Callable[[], None]] = []
        self._queue: deque[Persist | Install] = deque()
        self._writing: list[Persist | Install] = []
        self._fetched: dict[int, Machine] = {}  # By the number of their Install.
        self._persisted: Callable[[int], None] = lambda seq: None
        self._life = 0
        self._lost: set[tuple[int, int]] = set()  # Index and term of the entries that were lost.

    @property
    def lastIndex(self) -> int:
        """
        The index of the last entry.
        """
        return self.firstIndex - 1 + len(self.entries)

    @property
    def isHanging(self) -> bool:
        """
        Whether it finishes nothing.
        """
        return self._hanging > 0

    def holds(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is synced, or was before it was lost.
        """
        return self.has(index, term) or (index, term) in self._lost

    def has(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is synced.
        """
        if index < self.firstIndex:
            return 0 < index <= self.snapshot.appliedIndex and self.snapshot.terms[index - 1] == term
        return index <= self.lastIndex and self.entries[index - self.firstIndex].term == term

    def applied(self, index: int) -> Machine:
        """
        A machine that was given all entries up to C{index}, which is not before L{snapshot}.
        """
        machine = self.snapshot.copy()
        for entry in self.entries[machine.appliedIndex + 1 - self.firstIndex : index + 1 - self.firstIndex]:
            machine.apply(entry)
        return machine

    def compact(self, machine: Machine, index: int) -> None:
        """
        Take a state of the machine as the snapshot, and forget the entries up to C{index}, which it has.
        """
        self.snapshot = machine.copy()
        del self.entries[: index + 1 - self.firstIndex]
        self.firstIndex = index + 1

    def recover(self, config: RaftConfig, random: Random, lastApplied: int, persisted: Callable[[int], None]) -> Raft:
        """
        The core of a server that starts from what this disk has.

        @param persisted: called with the number of the last L{Persist} that is synced.
        """
        self._persisted = persisted
        runs: list[tuple[int, int]] = []
        last = 0
        for index, term, _ in self.entries:
            if term != last:
                runs.append((index, term))
                last = term
        log = RaftLog(
            runs,
            self.lastIndex,
            self._recent(lastApplied, config.limits.cacheBytes),
            self.firstIndex,
            self.snapshot.terms[self.firstIndex - 2] if self.firstIndex > 1 else 0,
            config.limits,
        )
        snapshot = self.snapshot
        later = configurationsIn(self.entries[snapshot.appliedIndex + 1 - self.firstIndex :])
        configurations = Configurations(snapshot.configuration, snapshot.appliedIndex, later)
        return Raft(config, random, log, configurations, self.term, self.votedFor, lastApplied, self.repair)

    def write(
        self, persists: Sequence[Persist | Install], fetched: Mapping[int, Machine] = MappingProxyType({})
    ) -> None:
        """
        Bring C{persists} to the disk.

        @param fetched: the snapshots that are to be installed, by the number of the L{Install}.
        """
        self._queue.extend(persists)
        self._fetched.update(fetched)
        if not self._writing:
            self._begin()

    def read(self, load: Load, loaded: Callable[[Load, Batch], None]) -> None:
        """
        Read entries, and call C{loaded} with them.
        """
        self._timeline.callLater(self._duration(), self._finishReading, self._life, load, loaded)

    def crash(self, random: Random) -> bool:
        """
        Lose the power. Of what is not synced, any first part is there afterwards.

        @return: whether there was any.
        """
        unsynced = [*self._writing, *self._queue]
        for persist in unsynced[: random.randint(0, len(unsynced))]:
            self._sync(persist)
        self._queue.clear()
        self._writing = []
        self._fetched.clear()
        self._life += 1
        return bool(unsynced)

    def rot(self, random: Random) -> Repair | None:
        """
        Lose entries, while nothing is written: those from any one on that the snapshot does not have. What there was is
        noted.

        @return: what there was; C{None} if nothing was lost.
        """
        if not self.entries:
            return None
        had = Repair(self.lastIndex, self.entries[-1].term)
        kept = random.choice([0, max(0, len(self.entries) - 3), random.randrange(len(self.entries))])
        self._lost.update((entry.index, entry.term) for entry in self.entries[kept:])
        del self.entries[kept:]
        if self.lastIndex < self.snapshot.appliedIndex:
            self.entries = []
            self.firstIndex = self.snapshot.appliedIndex + 1
        self.repair = had.joined(self.repair)
        return had

    def hang(self) -> None:
        """
        Finish nothing any more.
        """
        self._hanging += 1

    def goOn(self) -> None:
        """
        Undo one L{hang}.
        """
        self._hanging -= 1
        if not self._hanging:
            stuck, self._stuck = self._stuck, []
            for finish in stuck:
                finish()

    def hurry(self, seconds: Span) -> None:
        """
        Be as fast as this from now on.
        """
        self._least = seconds.least
        self._range = seconds.most - seconds.least

    def _recent(self, lastApplied: int, most: int) -> list[Entry]:
        """
        The entries that a core has in memory when it starts: those that are not applied, or the last of them.
        """
        recent = self.entries[lastApplied + 1 - self.firstIndex :]
        while bytesOf(recent) > most and len(recent) > 1:
            del recent[0]
        return recent

    def _duration(self) -> float:
        return self._least + self._range * self._random.random() + self.slowness

    def _begin(self) -> None:
        if self._queue:
            self._writing = list(self._queue)
            self._queue.clear()
            self._timeline.callLater(self._duration(), self._finish, self._life)

    def _finish(self, life: int) -> None:
        if life != self._life:
            return
        if self._hanging:
            self._stuck.append(lambda: self._finish(life))
            return
        written = self._writing
        for persist in written:
            self._sync(persist)
        self._writing = []
        self._begin()
        self._persisted(written[-1].seq)

    def _finishReading(self, life: int, load: Load, loaded: Callable[[Load, Batch], None]) -> None:
        if life != self._life:
            return
        if self._hanging:
            self._stuck.append(lambda: self._finishReading(life, load, loaded))
            return
        # What was compacted meanwhile is not there any more.
        first = load.first - self.firstIndex
        stop = min(load.last + 1 - self.firstIndex, first + 1 + self._random.randrange(5))
        loaded(load, Batch(self.entries[first:stop] if first >= 0 else ()))

    def _sync(self, persist: Persist | Install) -> None:
        if isinstance(persist, Install):
            self.snapshot = self._fetched.pop(persist.seq)
            if not persist.keepsLog:
                self.entries = []
                self.firstIndex = persist.index + 1
            return
        _, self.term, self.votedFor, batch = persist
        if batch.entries:
            del self.entries[batch.entries[0].index - self.firstIndex :]
            self.entries += batch.entries
