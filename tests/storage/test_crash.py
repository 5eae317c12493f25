"""
Tests for L{replkv.storage.log}: what is there after the machine or the process has stopped, at any moment.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.files import MemoryFiles, PowerLoss
from tests.storage.model import FOLDER, State, append, openLog, stateOf, vote
from tests.storage.steps import Adopt, Compact, Prepare, Restart, Step, Write


class CrashTests(SynchronousTestCase):
    """
    Tests that stop the machine in every operation of a workload, and then in every operation of the recovery.

    @cvar workload: what is done.
    @cvar seeds: what is left of it is drawn from them.
    """

    workload: Sequence[Step] = (
        Write([vote(1, 1)]),
        Write([append(1, 1, b"one", votedFor=1), append(2, 1, b"two" * 300, votedFor=1)]),
        Prepare(),
        Write([append(3, 1, b"three" * 500, votedFor=1)]),
        Write([vote(2, None)]),
        Write([append(2, 2, b"TWO" * 700, b"THREE")]),
        Write([append(4, 2, b"four" * 3000)]),
        Prepare(),
        Write([append(5, 2, b"five")]),
        Write([vote(3, 2), append(3, 3, b"3" * 600, votedFor=2)]),
        Write([append(4, 3, b"4" * 3900, votedFor=2)]),
    )
    seeds = range(2)

    def work(self, files: MemoryFiles) -> tuple[State, State]:
        """
        Do the workload, as far as it goes.

        @return: what was promised to be there, and what may be there.
        """
        promised = possible = State()
        try:
            log = openLog(files)
            for step in self.workload:
                possible = step.after(promised)
                step.do(log)
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
        self.assertTrue(any(state.isHeldBy(log) for state in allowed), f"{held} is none of {allowed}")
        more = [append(log.lastIndex + 1, held.term + 1, b"more" * 600)]
        for expected in (held.after(more), held.after(more).after([vote(held.term + 2, 0)])):
            log.write(more)
            log.prepare()
            again = openLog(files.afterPowerLoss(random.Random(2)), seed=2)
            self.assertEqual((stateOf(again), again.cutBytes), (expected, 0))
            more = [vote(held.term + 2, 0)]
        # What belongs to the log, one that is free, and one that is spare.
        belong = len(log._outline.spans)
        self.assertLessEqual(len([name for name in files.list(FOLDER) if name.endswith(".segment")]), belong + 2)
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
            log = openLog(files, seed=1)
            held = stateOf(log)
            self.assertTrue(promised.isHeldBy(log) or possible.isHeldBy(log))
            for seed in self.seeds:
                self.goesOn(files.afterPowerLoss(random.Random(seed)), [held])

        self.everyStop(check)

    def test_powerLossInRecovery(self) -> None:
        """
        Likewise when the power goes again, in any operation of the recovery: after each stop in every third, and after
        the next in others.
        """

        def check(files: MemoryFiles, promised: State, possible: State) -> None:
            number = len(files.operations) % 3
            while True:
                again = files.afterPowerLoss(random.Random(number))
                again.powerLossAt = number
                try:
                    openLog(again, seed=1)
                    break
                except PowerLoss:
                    self.goesOn(again.afterPowerLoss(random.Random(number)), [promised, possible])
                number += 3

        self.everyStop(check)


class CompactionCrashTests(CrashTests):
    """
    The same for a log that is compacted, whose segments are used again, and that later begins anew.
    """

    workload = (
        Write([vote(1, 1)]),
        Write([append(1, 1, b"1" * 1500, votedFor=1)]),
        Write([append(2, 1, b"2" * 3000, votedFor=1)]),
        Write([append(3, 1, b"3" * 3000, votedFor=1)]),
        Write([append(3, 2, b"C" * 3000), vote(3, 2), append(4, 3, b"D", votedFor=2)]),
        Compact(2),
        Prepare(),
        Write([append(5, 3, b"5" * 3000, votedFor=2)]),
        Write([append(6, 3, b"6" * 3000, votedFor=2)]),
        Compact(5),
        Write([append(7, 3, b"7" * 3500, votedFor=2)]),
        Prepare(),
        Compact(6),
        Adopt(1),
    )
    seeds = range(2)


class RestartCrashTests(CrashTests):
    """
    The same for a log that begins anew, and that is compacted and begins anew once more.
    """

    workload = (
        Write([append(1, 3, b"1" * 3000)]),
        Write([vote(4, 1)]),
        Write([append(2, 4, b"2" * 3000, votedFor=1)]),
        Restart(20, 2, 1),
        Write([append(21, 4, b"a" * 3000, votedFor=1)]),
        Prepare(),
        Write([append(22, 4, b"b" * 3000, votedFor=1)]),
        Adopt(2),
        Compact(21),
        Restart(30, 4, 3),
        Restart(40, 4, 4),
        Write([append(41, 4, b"c" * 3000, votedFor=1)]),
    )
    seeds = range(2)


class ChanceTests(CrashTests):
    """
    The same for workloads that are drawn, each of which is stopped a few times.
    """

    workloads = range(12)

    def everyStop(self, check: Callable[[MemoryFiles, State, State], None]) -> None:
        """
        Check the disk after some stops in each workload.
        """
        for seed in self.workloads:
            draw = random.Random(seed)
            self.workload = _drawn(draw)
            whole = MemoryFiles()
            self.assertIsNot(self.work(whole)[0], State())
            for number in sorted(draw.sample(range(len(whole.operations)), 6)):
                check(*self.stopped(number))


def _drawn(draw: random.Random) -> list[Step]:
    """
    Draw a workload: entries that replace others here and there, but none that is compacted.
    """
    steps: list[Step] = []
    state = State(1)
    while len(steps) < 25:
        step: Step
        last = state.before + len(state.entries)
        match draw.choice("wwwwwwwwvppccccar"):
            case "w":
                first = draw.choice([last + 1, draw.randint(state.floor + 1, last + 1)])
                term = state.term if first == last + 1 else state.term + 1
                votedFor = state.votedFor if term == state.term else None
                data = [bytes(draw.choice([0, 100, 2000])) for _ in range(draw.randint(1, 3))]
                step = Write([append(first, term, *data, votedFor=votedFor)])
            case "v":
                step = Write([vote(state.term + 1, draw.choice([None, 1, 2]))])
            case "p":
                step = Prepare()
            case "c":
                step = Compact(draw.randint(state.before, last))
            case "a":
                step = Adopt(state.store + 1)
            case "r":
                step = Restart(last + draw.randint(0, 5), state.term, state.store + 1)
        steps.append(step)
        state = step.after(state)
    return [Write([vote(1, None)]), *steps]
