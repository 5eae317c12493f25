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
    """

    term: int = 0
    votedFor: int | None = None
    entries: tuple[Entry, ...] = ()

    def after(self, parts: Sequence[Persist]) -> State:
        """
        What it holds when C{parts} were written to it.
        """
        term, votedFor, entries = self
        for _, term, votedFor, batch in parts:  # noqa: B007
            if batch.entries:
                entries = (*entries[: batch.entries[0].index - 1], *batch.entries)
        return State(term, votedFor, entries)

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
    entries = log.read(1, log.lastIndex, 1 << 30) if log.lastIndex else []
    return State(log.term, log.votedFor, tuple(entries))


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
