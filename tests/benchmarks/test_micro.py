"""
The micro-benchmarks run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.micro import bench_pieces


class MicroTests(SynchronousTestCase):
    """
    Tests for C{benchmarks/micro}.
    """

    def test_run(self) -> None:
        """
        Each does what it measures, as often as it is asked to.
        """
        ran: list[Callable[..., Any]] = []

        def benchmark(function: Callable[..., Any], *arguments: object) -> None:
            for _ in range(3):
                function(*arguments)
            ran.append(function)

        pieces = [piece for name, piece in vars(bench_pieces).items() if name.startswith("bench_")]
        for piece in pieces:
            piece(benchmark)
        self.assertEqual((len(pieces), len(ran)), (8, 8))
