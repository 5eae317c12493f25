"""
A log in memory that is obviously right, and what the tests write to both.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.outputs import Persist
from replkv.storage.log import LogStorage
from replkv.testing.files import MemoryFiles

FOLDER = "/data/log"

SEGMENT_BYTES = 8192
"""
Small, so that a few writes fill it: 4096 bytes of frames.
"""


class State(NamedTuple):
    """
    What a log holds.

    @ivar entries: its entries, those included that may have gone with a segment; none of them was replaced.
    @ivar before: how many came before these.
    @ivar prevTerm: the term of the last of those.
    @ivar store: the number of the store that goes with it.
    @ivar floor: all entries up to this one may have gone.
    """

    term: int = 0
    votedFor: int | None = None
    entries: tuple[Entry, ...] = ()
    before: int = 0
    prevTerm: int = 0
    store: int = 0
    floor: int = 0

    def after(self, parts: Sequence[Persist]) -> State:
        """
        What it holds when C{parts} were written to it.
        """
        term, votedFor, entries = self[:3]
        for _, term, votedFor, batch in parts:  # noqa: B007
            if batch.entries:
                entries = (*entries[: batch.entries[0].index - 1 - self.before], *batch.entries)
        return self._replace(term=term, votedFor=votedFor, entries=entries)

    def compacted(self, index: int) -> State:
        """
        What it holds when it was compacted.
        """
        return self._replace(floor=max(index, self.floor))

    def adopted(self, store: int) -> State:
        """
        What it holds when another store goes with it.
        """
        return self._replace(store=store)

    def restarted(self, index: int, term: int, store: int) -> State:
        """
        What it holds when it begins anew.
        """
        return State(self.term, self.votedFor, (), index, term, store, index)

    def isHeldBy(self, log: LogStorage) -> bool:
        """
        Whether C{log} holds this, but for what may have gone.
        """
        gone = log.firstIndex - 1 - self.before
        if not 0 <= gone <= max(0, self.floor - self.before):
            return False
        rest = self.entries[gone:]
        prevTerm = self.entries[gone - 1].term if gone else self.prevTerm
        held = (log.term, log.votedFor, log.store, log.prevTerm, log.lastIndex - log.firstIndex + 1)
        return (
            held == (self.term, self.votedFor, self.store, prevTerm, len(rest))
            and stateOf(log).entries == rest
            and log.termRuns == State(entries=rest).termRuns
        )

    @property
    def termRuns(self) -> list[tuple[int, int]]:
        """
        The runs of entries with equal terms.
        """
        runs: list[tuple[int, int]] = []
        for index, term, _ in self.entries:
            if not runs or runs[-1][1] != term:
                runs.append((index, term))
        return runs


def openLog(files: MemoryFiles, seed: int = 0) -> LogStorage:
    """
    Open the log on C{files}.
    """
    return LogStorage.open(files, FOLDER, random.Random(seed), SEGMENT_BYTES)


def stateOf(log: LogStorage) -> State:
    """
    All that C{log} holds, read from its disk.
    """
    first, last = log.firstIndex, log.lastIndex
    entries = log.read(first, last, 1 << 30) if first <= last else []
    return State(log.term, log.votedFor, tuple(entries), first - 1, log.prevTerm, log.store, first - 1)


def append(first: int, term: int, *data: bytes, votedFor: int | None = None) -> Persist:
    """
    Have entries appended from C{first} on.
    """
    batch = Batch([Entry(index, term, each) for index, each in enumerate(data, first)])
    return Persist(1, term, votedFor, batch)


def vote(term: int, votedFor: int | None) -> Persist:
    """
    Have a term and a vote stored.
    """
    return Persist(1, term, votedFor, NO_ENTRIES)


def newFolder(test: SynchronousTestCase) -> str:
    """
    Make a real folder that is gone when the test is over.
    """
    # Not mktemp: only trial clears away what that makes.
    path = tempfile.mkdtemp()
    test.addCleanup(shutil.rmtree, path)
    return path


def segments(files: MemoryFiles) -> list[str]:
    """
    The names of all segments in the log's folder, finished or not.
    """
    return [name for name in files.list(FOLDER) if name.endswith(".segment")]
