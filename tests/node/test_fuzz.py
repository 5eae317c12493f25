"""
A server among servers of which one says anything at all: structured fuzzing of what servers send each other.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Entry
from replkv.testing.outcome import Violation
from tests.logged import logged
from tests.node.cluster import Client
from tests.node.hostile import Box, Hostile, HostileCluster, honest, sendBox
from tests.node.hostilesteps import STEPS, Answers, Asks, Change, Reconnects, Step, Waits, Writes

CASES: Final = int(os.environ.get("FUZZ_CASES", "2000"))
"""
How many sequences of steps are tried.
"""

_STARTED: Final = Asks(b"AppendEntries", 1, 0, ((1, 0), (0, 1), (0, 5), (0, 4)), (Change(4, 3),))
"""
What is replicated to the server before anything is wrong: a no-op and three commands, of which all but the last are
committed.
"""


class Story:
    """
    What a hostile server does to another one, and what has to stay true.
    """

    def __init__(self) -> None:
        self.cluster = HostileCluster(2, 1, electionTimeout=0.1)
        self.server = self.cluster.servers[0]
        self.hostile = Hostile(self.cluster, 1)
        self._refused = 0  # How often the server has closed a connection since something made no sense.
        self.server.service.assembly.peers.mistaken = self._mistaken  # type: ignore[method-assign]
        self._caller = self.hostile.connect(self.server)
        self._client = Client(self.server)
        self.happen(_STARTED)
        assert self.server.raft.commitIndex == 3, "the beginning is well"

    def happen(self, step: Step) -> None:
        """
        Do something, and look whether all is well.
        """
        committed = self._committed()
        match step:
            case Asks():
                self._ask(step)
            case Answers():
                self.hostile.answer = lambda request: _changed(request, step.changes)
            case Waits():
                self.cluster.run(step.seconds)
            case Reconnects():
                self._caller.transport.loseConnection()
                self._caller = self.hostile.connect(self.server)
            case Writes():
                self._client.set(b"k", b"v")
        self.cluster.settle()
        raft = self.server.raft
        assert raft.commitIndex >= len(committed), "it has forgotten that something is committed"
        assert self._committed()[: len(committed)] == committed, "something committed was replaced"

    def end(self) -> None:
        """
        From now on all is well, and so is the server.
        """
        self.hostile.answer = honest
        self.cluster.run(0.02)
        assert self.server.isServing, f"it has stopped: {self.server.complaint}"
        assert not self.server.node._failed, "it does nothing any more"
        self.cluster.check()

    def _mistaken(self, sender: int | None, what: str) -> None:
        self._refused += 1

    def _committed(self) -> list[Entry]:
        log = self.server.raft.log
        return log.entries(1, self.server.raft.commitIndex) if log.firstIndex == 1 else []

    def _ask(self, step: Asks) -> None:
        """
        A request that is refused changes nothing.
        """
        raft = self.server.raft
        before = raft.currentTerm, raft.votedFor, raft.leaderId, raft.log.lastIndex, raft.commitIndex
        refused = self._refused
        sendBox(self._caller, step.box(raft))
        self.cluster.settle()
        if self._refused > refused:
            after = raft.currentTerm, raft.votedFor, raft.leaderId, raft.log.lastIndex, raft.commitIndex
            assert after == before, f"it was refused, and has changed {before} to {after}"
            assert not self._caller.isUp, "the connection is open"
            self._caller = self.hostile.connect(self.server)


def _changed(request: Box, changes: Sequence[Change]) -> Box | None:
    answer = honest(request)
    for change in changes:
        answer = None if answer is None else change.of(answer)
    return answer


class FuzzTests(SynchronousTestCase):
    """
    Tests with anything at all.
    """

    @settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=CASES,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def test_anything(self, steps: list[Step]) -> None:
        """
        Whatever a server says that was let in, it stops no other one, raises nothing there, moves no term by what
        cannot be, and replaces nothing that is committed.
        """
        story = Story()
        try:
            for step in steps:
                story.happen(step)
            story.end()
        except Violation as violation:
            self.fail(str(violation))
        finally:
            story.cluster.close()

    def setUp(self) -> None:
        """
        Nobody minds what is logged.
        """
        logged(self)
