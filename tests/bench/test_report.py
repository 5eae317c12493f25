"""
Tests for L{replkv.bench.tally}, L{replkv.bench.report} and L{replkv.bench.plot}.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hdrh.histogram import HdrHistogram
from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.load import Load, Mix
from replkv.bench.plot import plot
from replkv.bench.report import figuresOf, jsonOf, tableOf
from replkv.bench.tally import Tally, merged

LATENCIES = dict.fromkeys(range(1000, 101_000, 100), 1)


class MergedTests(SynchronousTestCase):
    """
    Tests for L{merged}.
    """

    def test_sums(self) -> None:
        """
        Counts are added up, and times are not.
        """
        one = Tally({5: 1, 7: 2}, {9: 1}, Counter(lost=1), 2.0, 0.5)
        other = Tally({7: 3}, {}, Counter(lost=2, late=1), 2.5, 0.25)
        whole = merged([one, other])
        self.assertEqual(whole, Tally({5: 1, 7: 5}, {9: 1}, Counter(lost=3, late=1), 2.5, 0.5))
        self.assertEqual((whole.answered, whole.all), (7, {5: 1, 7: 5, 9: 1}))


class FiguresTests(SynchronousTestCase):
    """
    Tests for what is told of a load.
    """

    def test_percentiles(self) -> None:
        """
        The percentiles are right to a thousandth, and the longest is exact.
        """
        figures = figuresOf(LATENCIES, 2.0)
        assert figures is not None
        self.assertEqual((figures.perSecond, figures.max), (500.0, 100.9))
        for value, expected in zip(figures[1:5], (50.9, 90.9, 99.9, 100.8), strict=True):
            self.assertApproximates(value, expected, expected / 1000)

    def test_none(self) -> None:
        """
        Where nothing was carried out, there is nothing to be told.
        """
        self.assertIsNone(figuresOf({}, 2.0))

    def test_extremes(self) -> None:
        """
        What took no time at all, or longer than a histogram has room for, is counted all the same.
        """
        figures = figuresOf({0: 1, 10**11: 1}, 1.0)
        assert figures is not None
        self.assertEqual((figures.perSecond, figures.max), (2.0, 10**8))

    def test_table(self) -> None:
        """
        The table has a line for what there was, and one for what went wrong.
        """
        lines = tableOf(Tally(LATENCIES, {}, Counter(lost=1200, late=1), 2.0, 0.5))
        self.assertEqual(lines[0].split(), ["per", "second", "p50", "p90", "p99", "p99.9", "max", "ms"])
        self.assertEqual(lines[1].split()[::6], ["writes", "100.90"])
        self.assertEqual({len(line) for line in lines[:2]}, {len(lines[0])})
        self.assertEqual(lines[2:], ["errors: lost 1,200, late 1"])

    def test_busy(self) -> None:
        """
        Who measures the generator more than the servers is told so.
        """
        self.assertIn("--processes", tableOf(Tally(LATENCIES, {}, Counter(), 2.0, 0.95))[-1])

    def test_json(self) -> None:
        """
        What programs are told has the same figures, and a histogram that others can read.
        """
        load, mix = Load(clients=7, rate=9.5), Mix(keys=5, valueBytes=3)
        told = json.loads(json.dumps(jsonOf(load, mix, Tally({}, LATENCIES, Counter(lost=1), 2.0, 0.5))))
        self.assertEqual((told["clients"], told["rate"], told["keys"], told["valueBytes"]), (7, 9.5, 5, 3))
        self.assertEqual((told["errors"], told["reads"]["perSecond"]), ({"lost": 1}, 500.0))
        self.assertNotIn("writes", told)
        histogram = HdrHistogram.decode(told["reads"]["histogram"])
        self.assertEqual(histogram.get_total_count(), 1000)


class PlotTests(SynchronousTestCase):
    """
    Tests for L{plot}.
    """

    def test_file(self) -> None:
        """
        A file is written, of the kind that its name says. A rate at which nothing was carried out is left out.
        """
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "plot.svg"
        plot(str(path), "one client", [(LATENCIES, 2.0), ({}, 2.0)])
        self.assertIn("<svg", path.read_text())
        self.assertRaises(ValueError, plot, str(folder / "plot.none"), "", [(LATENCIES, 2.0)])
