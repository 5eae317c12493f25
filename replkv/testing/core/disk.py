"""
The simulated disk of a core.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from replkv.raft.config import RaftConfig
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.log import RaftLog
from replkv.raft.outputs import Load, Persist
from replkv.testing.span import Span
from replkv.testing.timeline import Timeline


class Disk:
    """
    Writes one thing after the other, with one sync for all that waits when it begins.

    @ivar term: currentTerm, as synced.
    @ivar votedFor: the vote in it, as synced.
    @ivar entries: the log, as synced.
    @ivar slowness: how many seconds longer than usual everything takes.
    """

    def __init__(self, timeline: Timeline, random: Random, seconds: Span) -> None:
        """
        @param seconds: how long a write takes.
        """
        self.term = 0
        self.votedFor: int | None = None
        self.entries: list[Entry] = []
        self.slowness = 0.0
        self._timeline = timeline
        self._random = random
        self.hurry(seconds)
        self._hanging = 0
        self._stuck: list[Callable[[], None]] = []
        self._queue: deque[Persist] = deque()
        self._writing: list[Persist] = []
        self._persisted: Callable[[int], None] = lambda seq: None
        self._life = 0

    @property
    def lastIndex(self) -> int:
        """
        The index of the last entry.
        """
        return len(self.entries)

    @property
    def isHanging(self) -> bool:
        """
        Whether it finishes nothing.
        """
        return self._hanging > 0

    def holds(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is synced.
        """
        return 0 < index <= len(self.entries) and self.entries[index - 1].term == term

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
        log = RaftLog(runs, len(self.entries), self.entries[lastApplied:], limits=config.limits)
        return Raft(config, random, log, self.term, self.votedFor, lastApplied)

    def write(self, persists: Sequence[Persist]) -> None:
        """
        Bring C{persists} to the disk.
        """
        self._queue.extend(persists)
        if not self._writing:
            self._begin()

    def read(self, load: Load, loaded: Callable[[Load, Batch], None]) -> None:
        """
        Read entries for a peer, and call C{loaded} with them.
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
        self._life += 1
        return bool(unsynced)

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
        loaded(load, Batch(self.entries[load.first - 1 : min(load.last, load.first + self._random.randrange(5))]))

    def _sync(self, persist: Persist) -> None:
        _, self.term, self.votedFor, batch = persist
        if batch.entries:
            del self.entries[batch.entries[0].index - 1 :]
            self.entries += batch.entries
