"""
Tests for L{replkv.testing.sim.summary}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.sim.summary import Run, Summary, firstLine
from tests.testing.sim.fake import simulate


class SummaryTests(SynchronousTestCase):
    """
    The sums.
    """

    def test_lines(self) -> None:
        """
        Everything is added up, and kinds are named in order.
        """
        summary = Summary()
        for seed in range(100):
            summary.add(Run.of(simulate(seed)))
        self.assertEqual(
            list(summary.lines())[:-1],
            [
                "simulated time       2.5 hours",
                "operations judged    400 (100 ok, 100 failed, 200 unknown)",
                "elections            200",
                "faults injected      800",
                "        400  even",
                "        400  odd",
                "rare things seen     1",
                "          1  a rare thing",
            ],
        )
        self.assertEqual(summary.runs, 100)
        self.assertEqual([run.seed for run in summary.failing], list(range(7, 100, 10)))

    def test_digest(self) -> None:
        """
        The last line tells whether all runs have gone the same way, in whatever order they ended.
        """
        lines = []
        for digests in (["1f", "2e", ""], ["", "2e", "1f"], ["1f", "2f", ""], ["f" * 32, "2"]):
            summary = Summary()
            for digest in digests:
                summary.add(Run(1, digest=digest))
            *_, line = summary.lines()
            lines.append(line)
        ends = ["4d", "4d", "4e", "01"]
        self.assertEqual(lines, [f"digest               {'0' * 30}{end}" for end in ends])

    def test_short(self) -> None:
        """
        A short time is told in seconds.
        """
        summary = Summary()
        summary.add(Run(1, seconds=59.96))
        self.assertEqual(next(summary.lines()), "simulated time       60.0 seconds")

    def test_required(self) -> None:
        """
        What has to happen is listed, even if it never did; so is what happened without having to.
        """
        summary = Summary(["one", "two", "three"])
        summary.add(Run(1, rare={"two": 1, "four": 2}))
        summary.add(Run(2, rare={"two": 3, "one": 0}))
        self.assertEqual(summary.neverSeen, ["one", "three"])
        self.assertEqual(
            list(summary.lines())[-6:-1],
            [
                "rare things seen     6",
                "          2  four",
                "          0  one",
                "          0  three",
                "          4  two",
            ],
        )

    def test_firstLine(self) -> None:
        """
        The first line is what stopped the run.
        """
        self.assertEqual(firstLine("one\ntwo"), "one")
        self.assertEqual(firstLine(None), "")
