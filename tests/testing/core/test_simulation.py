"""
Simulations of cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Entry
from replkv.raft.leader import Leader
from replkv.testing.core import simulate
from replkv.testing.core.faults import KINDS
from replkv.testing.core.machine import Machine
from replkv.testing.core.plan import Plan, draw
from replkv.testing.history import Answer, Status, Told
from replkv.testing.outcome import Outcome
from tests.compiled import requireReplaceable

SEEDS = range(2675, 2700)


@cache
def outcomes() -> list[Outcome]:
    """
    What comes of a slice of seeds.
    """
    return [simulate(seed) for seed in SEEDS]


def aPlan(seed: int) -> Plan:
    """
    The plan of a seed.
    """
    return draw(seed, {name: kind.lasts for name, kind in KINDS.items()})


def test_passes() -> None:
    """
    The cluster keeps its promises.
    """
    assert [(outcome.seed, outcome.violation) for outcome in outcomes() if outcome.violation] == []


def test_faults() -> None:
    """
    Every kind of fault happens.
    """
    injected: Counter[str] = sum((outcome.injected for outcome in outcomes()), Counter())
    assert set(injected) == set(KINDS)


def test_worthSomething() -> None:
    """
    There are elections, and operations of each kind that end in each way. What else commands do means nothing to the
    consensus.
    """
    assert sum(outcome.elections for outcome in outcomes()) > 2 * len(SEEDS)
    operations = [operation for outcome in outcomes() for operation in outcome.history.operations]
    ends = Counter((type(operation.command).__name__, operation.status) for operation in operations)
    for kind in ("Set", "Cas", "Delete", "Getm"):
        for status in Status:
            assert ends[kind, status] > 0, (kind, status)
    told = Counter(operation.answer.told for operation in operations if operation.answer is not None)
    assert set(told) == {Told.STORED, Told.FOUND, Told.DELETED, Told.NOT_FOUND, Told.WRONG_VERSION}


class OneSeedTests(SynchronousTestCase):
    """
    A seed is a whole run.
    """

    def setUp(self) -> None:
        """
        Choose one with five servers, three clients and many faults.
        """
        self.seed = next(seed for seed in range(1000) if self.fits(aPlan(seed)))
        self.faults = len(aPlan(self.seed).faults)

    def fits(self, plan: Plan) -> bool:
        """
        Whether that is so.
        """
        return (plan.servers, len(plan.clients)) == (5, 3) and len(plan.faults) >= 24

    def run_(self, faults: list[int] | None = None, clients: list[int] | None = None) -> tuple[Outcome, list[str]]:
        """
        Simulate it.

        @return: what comes of it, and the story.
        """
        told: list[str] = []
        return simulate(self.seed, faults, clients, told.append), told

    def test_same(self) -> None:
        """
        The same seed gives the same run and the same story, told or not.
        """
        outcome, told = self.run_()
        again, toldAgain = self.run_()
        self.assertEqual((outcome.digest, told), (again.digest, toldAgain))
        self.assertEqual(simulate(self.seed).digest, outcome.digest)
        self.assertNotEqual(simulate(self.seed + 1).digest, outcome.digest)

    def test_sameInAnotherProcess(self) -> None:
        """
        The same seed gives the same run in another process, whatever the hashes of texts are there.
        """
        seeds = range(self.seed, self.seed + 3)
        program = f"from replkv.testing.core import simulate\nfor seed in {seeds}: print(simulate(seed).digest)"
        expected = [simulate(seed).digest for seed in seeds]
        for hashSeed in ("0", "4711"):
            environment = {**os.environ, "PYTHONHASHSEED": hashSeed}
            run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
            self.assertEqual(run.stdout.decode().split(), expected)

    def test_clientsInTheStory(self) -> None:
        """
        The story has what clients ask and are told.
        """
        told: list[str] = []
        for seed in range(5):
            simulate(seed, tell=told.append)
        story = "\n".join(told)
        for pattern in (
            r"client \d +asks server \d: set k\d 1\.\d+ \[\d+\]",
            r"client \d +asks server \d: getm k\d \[\d+\]",
            r"client \d +is told: stored, version \d+ \[\d+\]",
            r"client \d +is told: found, \d\.\d+, version \d+ \[\d+\]",
            r"client \d +is told: server \d leads \[\d+\]",
            r"client \d +waits no longer \[\d+\]",
        ):
            self.assertRegex(story, pattern)

    def test_describes(self) -> None:
        """
        The outcome says how much there was of everything, whether it took part or not.
        """
        for outcome, _ in (self.run_(), self.run_([], [])):
            self.assertEqual((outcome.tier, outcome.seed, outcome.violation), ("core", self.seed, None))
            self.assertEqual((outcome.servers, outcome.faults, outcome.clients), (5, self.faults, 3))
            self.assertGreater(outcome.seconds, 4)

    def test_withoutFaults(self) -> None:
        """
        Faults can be left out: all of them, or some.
        """
        outcome, told = self.run_([])
        self.assertEqual((outcome.violation, outcome.injected), (None, Counter()))
        self.assertEqual([line for line in told if "fault" in line and "faults" not in line], [])
        outcome, told = self.run_([2, 5])
        self.assertEqual((outcome.violation, outcome.injected.total()), (None, 2))
        self.assertIn("fault 5 ", "\n".join(told))

    def test_unchangedUntilThen(self) -> None:
        """
        Where a fault is left out, all that comes before it stays as it is.
        """
        _, whole = self.run_()
        place = next(number for number, line in enumerate(whole) if "fault 9 " in line)
        _, told = self.run_([number for number in range(self.faults) if number != 9])
        self.assertEqual(told[:place], whole[:place])
        self.assertGreater(place, 20)

    def test_withoutClients(self) -> None:
        """
        Clients can be left out: all of them, or some. The last questions are always asked.
        """

        def writers(outcome: Outcome) -> set[bytes]:
            commands = [operation.command for operation in outcome.history.operations]
            return {getattr(command, "value", b"-").split(b".")[0] for command in commands}

        self.assertEqual(writers(self.run_()[0]), {b"0", b"1", b"2", b"-", b"last"})
        self.assertEqual(writers(self.run_(clients=[1])[0]), {b"1", b"-", b"last"})
        self.assertEqual(writers(self.run_(clients=[])[0]), {b"-", b"last"})


class ViolationTests(SynchronousTestCase):
    """
    What is wrong is found and told.
    """

    def assertFound(self, pattern: str) -> None:
        """
        One of a few seeds fails, and says why; so does the end of its story.
        """
        for seed in SEEDS:
            told: list[str] = []
            outcome = simulate(seed, tell=told.append)
            if outcome.violation is not None:
                self.assertRegex(outcome.violation, pattern)
                self.assertIn(f"VIOLATION: {outcome.violation}", told[-1])
                return
        self.fail("nothing was found")

    def test_judge(self) -> None:
        """
        The judge finds what servers must not do.
        """
        requireReplaceable(Leader)
        self.patch(Leader, "_confirmReads", lambda leader: leader.reads.confirm(leader.reads.round))
        self.assertFound("no majority has confirmed")

    def test_stuck(self) -> None:
        """
        A cluster that does not recover is found, with the state of each server.
        """
        requireReplaceable(Leader)
        self.patch(Leader, "_advanceCommit", lambda leader: None)
        self.assertFound("(?s)all has been well for long.*server 0: .* of term ")

    def test_history(self) -> None:
        """
        Answers that no single store would give are found.
        """

        def read(machine: Machine, key: bytes) -> Answer:
            return Answer(Told.NOT_FOUND)

        self.patch(Machine, "read", read)
        self.assertFound("k[0-9]")

    def test_states(self) -> None:
        """
        State machines that differ are found.
        """
        apply = Machine.apply
        count = 0

        def forgetful(machine: Machine, entry: Entry) -> Answer:
            nonlocal count
            count += 1
            if count % 10 == 0:
                machine._values.clear()
            return apply(machine, entry)

        self.patch(Machine, "apply", forgetful)
        self.assertFound("has another state than others had")
