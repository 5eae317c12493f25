"""
Tests for L{benchmarks.verdict}, L{benchmarks.table} and L{benchmarks.measuring}.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.measuring import Outcome
from benchmarks.table import Row, tableOf
from benchmarks.verdict import Pair, judge
from replkv.bench.tally import Tally


class JudgeTests(SynchronousTestCase):
    """
    Tests for L{judge}.
    """

    def drawn(self, random: Random, change: float, noise: float) -> list[Pair]:
        """
        Seven rounds on a noisy machine.
        """
        return [Pair(random.gauss(100, noise), random.gauss(100 * change, noise)) for _ in range(7)]

    def test_slower(self) -> None:
        """
        A change that each round shows is no chance.
        """
        verdict = judge([Pair(100, 100 + slower) for slower in (4, 5, 6, 7, 8, 9, 20)])
        self.assertEqual((verdict.isSlower, verdict.word), (True, "SLOWER"))
        self.assertApproximates(verdict.ratio, 1.07, 1e-9)
        self.assertEqual((verdict.least, verdict.most, verdict.chance), (1.04, 1.2, 1 / 128))

    def test_tolerated(self) -> None:
        """
        What is certain, but small, is not called slower.
        """
        verdict = judge([Pair(100, 102)] * 7)
        self.assertEqual((verdict.isSlower, verdict.word), (False, "as before"))

    def test_unclear(self) -> None:
        """
        What some rounds show, and others do not, may be chance.
        """
        verdict = judge([Pair(100, now) for now in (110, 90, 112, 95, 108, 109, 91)])
        self.assertEqual((verdict.isSlower, verdict.word), (False, "unclear: more rounds would tell"))
        self.assertFalse(judge([Pair(100, 120)] * 5).isSlower)

    def test_faster(self) -> None:
        """
        What got faster is told too.
        """
        self.assertEqual(judge([Pair(100, 80)] * 6).word, "faster")

    def test_noise(self) -> None:
        """
        Where nothing has changed, it is hardly ever called slower, however noisy it is; where a tenth has been added,
        it nearly always is, if the noise is not larger than that.
        """
        random = Random(1)
        self.assertLess(sum(judge(self.drawn(random, 1.0, 8)).isSlower for _ in range(200)), 8)
        self.assertGreater(sum(judge(self.drawn(random, 1.1, 2)).isSlower for _ in range(200)), 190)


class TableTests(SynchronousTestCase):
    """
    Tests for L{tableOf}.
    """

    def test_table(self) -> None:
        """
        Medians stand side by side, with what ours are by the others'. What nobody has measured is left out.
        """
        rows = [Row("p50", "ms", "0.7"), Row("writes", "/s", ""), Row("nothing", "", "")]
        found = {
            "ours": {"p50": [3.0, 1.0, 2.0], "writes": [12345.6]},
            "other": {"p50": [4.0], "writes": []},
            "third": {"writes": [1000.0]},
        }
        self.assertEqual(
            tableOf(rows, found, "ours"),
            [
                "|  | ours | other | third | goal |",
                "| --- | --- | --- | --- | --- |",
                "| p50 | 2.00 ms | 4.00 ms (0.50) | - | 0.7 |",
                "| writes | 12,346 | - | 1,000 (12.35) |  |",
            ],
        )


class OutcomeTests(SynchronousTestCase):
    """
    Tests for L{Outcome}.
    """

    def test_costs(self) -> None:
        """
        Processor time is told for each command: of all servers, of the leader, and of each other one.
        """
        outcome = Outcome(Tally({1000: 3000}, {2000: 1000}, Counter(), 2.0), [0.1, 0.4, 0.3], 1)
        self.assertApproximates(outcome.cost, 200.0, 1e-6)
        self.assertApproximates(outcome.leaderCost, 100.0, 1e-6)
        self.assertApproximates(outcome.followerCost, 50.0, 1e-6)
        self.assertEqual(outcome.figures.perSecond, 2000.0)
