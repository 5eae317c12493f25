"""
Tests for L{replkv.storage.log}: what is there after the machine or the process has stopped, at any moment.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.outputs import Persist
from replkv.testing.files import MemoryFiles, PowerLoss
from tests.storage.model import State, append, openLog, stateOf, vote

WORKLOAD: list[Sequence[Persist] | None] = [
    [vote(1, 1)],
    [append(1, 1, b"one", votedFor=1), append(2, 1, b"two" * 300, votedFor=1)],
    None,
    [append(3, 1, b"three" * 500, votedFor=1)],
    [vote(2, None)],
    [append(2, 2, b"TWO" * 700, b"THREE")],
    [append(4, 2, b"four" * 3000)],
    None,
    [append(5, 2, b"five")],
    [vote(3, 2), append(3, 3, b"3" * 600, votedFor=2)],
    [append(4, 3, b"4" * 3900, votedFor=2)],
]
"""
Writes, and C{None} for the preparation of a spare file.
"""


class CrashTests(SynchronousTestCase):
    """
    Tests that stop the machine in every operation of a workload, and then in every operation of the recovery.
    """

    seeds = range(4)

    def work(self, files: MemoryFiles) -> tuple[State, State]:
        """
        Do the workload, as far as it goes.

        @return: what was promised to be there, and what may be there.
        """
        promised = possible = State()
        try:
            log = openLog(files)
            for parts in WORKLOAD:
                if parts is None:
                    log.prepare()
                else:
                    possible = promised.after(parts)
                    log.write(parts)
                    promised = possible
        except PowerLoss:
            pass
        return promised, possible

    def stopped(self, number: int) -> tuple[MemoryFiles, State, State]:
        """
        Do the workload on a new disk until the power goes in an operation.
        """
        files = MemoryFiles()
        files.powerLossAt = number
        return files, *self.work(files)

    def everyStop(self, check: Callable[[MemoryFiles, State, State], None]) -> None:
        """
        Check the disk after a stop in each of the operations.
        """
        whole = MemoryFiles()
        self.work(whole)
        self.assertGreater(len(whole.operations), 50)
        for number in range(len(whole.operations)):
            files, promised, possible = self.stopped(number)
            self.assertEqual(len(files.operations), number + 1)
            check(files, promised, possible)

    def goesOn(self, files: MemoryFiles, allowed: Sequence[State]) -> State:
        """
        The log holds what is allowed, takes more, and keeps it.
        """
        log = openLog(files, seed=1)
        held = stateOf(log)
        self.assertIn(held, allowed)
        self.assertEqual(log.termRuns, held.termRuns)
        more = [append(log.lastIndex + 1, held.term + 1, b"more" * 600)]
        for expected in (held.after(more), held.after(more).after([vote(held.term + 2, 0)])):
            log.write(more)
            again = openLog(files.afterPowerLoss(random.Random(2)), seed=2)
            self.assertEqual((stateOf(again), again.cutBytes), (expected, 0))
            more = [vote(held.term + 2, 0)]
        return held

    def test_powerLoss(self) -> None:
        """
        After a loss of power, all that was promised is there; of a write that was under way, all or nothing.
        """
        outcomes = set()

        def check(files: MemoryFiles, promised: State, possible: State) -> None:
            for seed in self.seeds:
                held = self.goesOn(files.afterPowerLoss(random.Random(seed)), [promised, possible])
                if promised != possible:
                    outcomes.add(held == possible)

        self.everyStop(check)
        self.assertEqual(outcomes, {True, False})

    def test_kill(self) -> None:
        """
        Likewise when a process is killed; and what the next process holds then survives a loss of power.
        """

        def check(files: MemoryFiles, promised: State, possible: State) -> None:
            files.afterKill()
            held = stateOf(openLog(files, seed=1))
            self.assertIn(held, [promised, possible])
            for seed in self.seeds:
                self.goesOn(files.afterPowerLoss(random.Random(seed)), [held])

        self.everyStop(check)

    def test_powerLossInRecovery(self) -> None:
        """
        Likewise when the power goes again, in any operation of the recovery.
        """

        def check(files: MemoryFiles, promised: State, possible: State) -> None:
            number = 0
            while True:
                again = files.afterPowerLoss(random.Random(number))
                again.powerLossAt = number
                try:
                    openLog(again, seed=1)
                    break
                except PowerLoss:
                    self.goesOn(again.afterPowerLoss(random.Random(number)), [promised, possible])
                number += 1

        self.everyStop(check)
