"""
Tests for L{replkv.testing.sim.campaign} and L{replkv.testing.sim.finding}.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar
from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.outcome import Outcome
from replkv.testing.sim.campaign import Campaign
from replkv.testing.sim.case import Case
from replkv.testing.sim.exits import INTERRUPTED, NEVER_SEEN, VIOLATED
from replkv.testing.sim.finding import Failing, unwrap
from replkv.testing.sim.shrink import Shrunk
from replkv.testing.sim.single import tellRun
from replkv.testing.sim.summary import Run
from replkv.testing.sim.workers import Death
from replkv.testing.tiers import Tier
from tests.testing.sim.fake import FAKE, ODD, simulate

_A = TypeVar("_A")
_R = TypeVar("_R")


class Here:
    """
    Calls what is to be called in this process, from the last argument to the first.

    @ivar interruptedAt: before which result, counted from 0 and over all maps, Ctrl-C is pressed.
    @ivar dying: the seeds that kill the process that has to do with them.
    """

    def __init__(self) -> None:
        self.interruptedAt: int | None = None
        self.dying: set[int] = set()
        self._results = 0

    def map(self, function: Callable[[_A], _R], arguments: Iterable[_A]) -> Iterator[tuple[_A, _R | Death]]:
        """
        See L{replkv.testing.sim.workers.Map}.
        """
        for argument in reversed(list(arguments)):
            if self._results == self.interruptedAt:
                raise KeyboardInterrupt
            self._results += 1
            seed = argument.case.seed if isinstance(argument, Failing) else argument.seed  # type: ignore[attr-defined]
            yield argument, Death("was killed by signal 9") if seed in self.dying else function(argument)


class Shown:
    """
    Progress that is taken note of.
    """

    def __init__(self) -> None:
        self.failing: list[int] = []
        self.said: list[str] = []
        self.closed = False

    def advance(self, failing: int) -> None:
        """
        See L{replkv.testing.sim.progress.Progress.advance}.
        """
        self.failing.append(failing)

    def say(self, line: str) -> None:
        """
        See L{replkv.testing.sim.progress.Progress.say}.
        """
        self.said.append(line)

    def close(self) -> None:
        """
        See L{replkv.testing.sim.progress.Progress.close}.
        """
        self.closed = True


class CampaignTests(SynchronousTestCase):
    """
    Tests for L{Campaign}.
    """

    def setUp(self) -> None:
        """
        Make a folder, and what a campaign is given.
        """
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.here = Here()
        self.shown = Shown()
        self.lines: list[str] = []

    def run_(self, seeds: range, required: Collection[str] = (), tier: Tier = FAKE) -> int:
        """
        Run a campaign.

        @return: the exit status.
        """
        campaign = Campaign(tier, seeds, required, self.folder, self.lines.append)
        status = campaign.run(self.here.map, self.shown, Clock().seconds)
        self.assertTrue(self.shown.closed)
        return status

    def test_passed(self) -> None:
        """
        Where nothing fails, the summary is all that is told.
        """
        self.assertEqual(self.run_(range(7), ["a rare thing"]), 0)
        self.assertEqual(self.lines[:2], ["7 runs of the fake tier, seeds 0:7", "took                 0.0 seconds"])
        self.assertIn("          1  a rare thing", self.lines)
        self.assertEqual(self.lines[-2:], ["passed               7", "failed               0"])
        self.assertEqual((self.shown.failing, self.shown.said), ([0] * 7, []))
        self.assertEqual(os.listdir(self.folder), [])

    def test_neverSeen(self) -> None:
        """
        Something rare that has to happen and does not is a failure of its own kind, and named.
        """
        self.assertEqual(self.run_(range(5), ["a rare thing", "another"]), NEVER_SEEN)
        self.assertEqual(
            self.lines[-2:],
            ["never happened, but has to: a rare thing", "never happened, but has to: another"],
        )
        self.assertEqual(self.run_(range(5, 8), ["a rare thing", "another"]), VIOLATED)
        self.assertEqual(self.lines[-1], "never happened, but has to: another")

    def test_failed(self) -> None:
        """
        What fails is told at once, and made smaller in the end. What happens in it is in files, and a command to repeat
        it is shown.
        """
        self.assertEqual(self.run_(range(10, 20)), VIOLATED)
        self.assertEqual(self.shown.said, ["seed 17 failed: seed 17 broke a promise"])
        self.assertEqual(self.shown.failing, [0, 0] + [1] * 8)
        story = os.path.join(self.folder, "replkv-sim-fake-17.story.txt")
        history = os.path.join(self.folder, "replkv-sim-fake-17.history.jsonl")
        start = self.lines.index("failed               1") + 1
        self.assertEqual(
            self.lines[start:],
            [
                "making smaller what failed, seeds 17: at most 100 runs for each",
                "",
                "seed 17 failed: seed 17 broke a promise",
                self.lines[start + 3],
                f"story: {story}",
                f"history: {history}",
                "replkv sim --tier fake --seed 17 --faults 3,5 --clients 2 -v",
            ],
        )
        self.assertRegex(
            self.lines[start + 3],
            r"^needs 2 faults and 1 client to fail, and no others \(\d+ smaller runs\)$",
        )
        told: list[str] = []
        tellRun(Case(FAKE, 17, (3, 5), (2,)), told.append, True)
        with open(story) as file:
            self.assertEqual(file.read().splitlines(), "\n".join([self.lines[-1], *told]).splitlines())
        with open(history) as file:
            self.assertEqual([json.loads(line)["type"] for line in file], ["invoke"])

    def test_manyFailed(self) -> None:
        """
        Of many that fail, the first by their seeds are made smaller, and the first of the others are named.
        """
        self.assertEqual(self.run_(range(300)), VIOLATED)
        self.assertEqual(len(self.shown.said), 20)
        self.assertEqual(
            sorted(os.listdir(self.folder)),
            sorted(f"replkv-sim-fake-{seed}.{end}" for seed in (7, 17, 27) for end in ("story.txt", "history.jsonl")),
        )
        named = ", ".join(str(seed) for seed in range(37, 237, 10))
        self.assertEqual(
            self.lines[-2:],
            [f"failed, and not made smaller: seeds {named} and 7 more", "replkv sim --tier fake --seed 37 -v"],
        )

    def test_spent(self) -> None:
        """
        When the runs for making it smaller are spent, that is told.
        """
        with patch.object(Shrunk, "done", False):
            finding = unwrap(Failing(Case(FAKE, 17), Run.of(simulate(17))))
        self.assertRegex(finding.effort, r"^given up after \d+ smaller runs, with 2 faults and 1 client$")

    def test_otherViolation(self) -> None:
        """
        What a smaller run says, where it says the same with other names and numbers, is told.
        """

        def changing(seed: int, faults: Collection[int], clients: Collection[int], tell: object) -> Outcome:
            outcome = simulate(seed, faults, clients)
            if outcome.violation is not None and clients is not None:
                outcome.violation = "seed 18 broke a promise"
            return outcome

        with patch("tests.testing.sim.fake.simulate", changing):
            self.run_(range(10, 20))
        self.assertIn("seed 17 failed: seed 17 broke a promise", self.lines)
        self.assertIn("it then says: seed 18 broke a promise", self.lines)

    def test_changing(self) -> None:
        """
        Where a run does not go the same way again, nothing is tried: it would prove nothing.
        """
        finding = unwrap(Failing(Case(FAKE, 17), Run.of(simulate(17))._replace(digest="another")))
        self.assertEqual(finding.case, Case(FAKE, 17))
        self.assertIn("it went another way", finding.effort)
        finding = unwrap(Failing(Case(FAKE, 16), Run.of(simulate(16))._replace(violation="once")))
        self.assertIn("it went another way", finding.effort)

    def test_unwritable(self) -> None:
        """
        If what happens cannot be written, the rest is told all the same.
        """
        os.mkdir(os.path.join(self.folder, "replkv-sim-fake-17.story.txt"))
        self.assertEqual(self.run_(range(10, 20)), VIOLATED)
        self.assertTrue(self.lines[-2].startswith("could not write what happened: "), self.lines[-2])
        self.assertEqual(self.lines[-1], "replkv sim --tier fake --seed 17 --faults 3,5 --clients 2 -v")

    def test_raised(self) -> None:
        """
        A simulation that raises something is a run that failed.
        """
        self.assertEqual(self.run_(range(2), tier=ODD), VIOLATED)
        self.assertEqual(self.shown.said[0], "seed 1 failed: the simulation raised SystemExit('a server wanted to go')")
        self.assertIn("needs no fault and no client to fail", self.lines)
        self.assertEqual(self.lines[-1], "replkv sim --tier odd --seed 1 --faults none --clients none -v")
        with open(os.path.join(self.folder, "replkv-sim-odd-1.story.txt")) as file:
            self.assertIn("in simulateOddly", file.read())

    def test_died(self) -> None:
        """
        What kills the process that has to do with it is a run that failed.
        """
        self.here.dying = {2}
        self.assertEqual(self.run_(range(4)), VIOLATED)
        self.assertEqual(self.shown.said, ["seed 2 failed: the process that simulated it was killed by signal 9"])
        self.assertEqual(
            self.lines[-4:],
            [
                "seed 2 could not be made smaller: its process was killed by signal 9",
                "",
                "failed, and not made smaller: seeds 2",
                "replkv sim --tier fake --seed 2 -v",
            ],
        )

    def test_interrupted(self) -> None:
        """
        Ctrl-C ends the runs. The summary is of those that were made, what failed is named, and nothing rare is missed.
        """
        self.here.interruptedAt = 5
        self.assertEqual(self.run_(range(10, 20), ["another"]), INTERRUPTED)
        self.assertEqual(self.lines[:2], ["interrupted", "5 of 10 runs of the fake tier, seeds 10:20"])
        self.assertEqual(
            self.lines[-3:], ["", "failed, and not made smaller: seeds 17", "replkv sim --tier fake --seed 17 -v"]
        )
        self.assertEqual(os.listdir(self.folder), [])

    def test_interruptedLater(self) -> None:
        """
        Ctrl-C also ends the making smaller. What is found by then is told.
        """
        self.here.interruptedAt = 31
        self.assertEqual(self.run_(range(30), ["another"]), INTERRUPTED)
        self.assertIn("replkv sim --tier fake --seed 27 --faults 3,5 --clients 2 -v", self.lines)
        self.assertEqual(self.lines[-2], "failed, and not made smaller: seeds 7, 17")
