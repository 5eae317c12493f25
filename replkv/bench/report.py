"""
What came of a load, in figures.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from hdrh.histogram import HdrHistogram

from replkv.bench.load import Load, Mix
from replkv.bench.tally import Tally

_HIGHEST: Final = 3_600_000_000
_DIGITS: Final = 3
_BUSY: Final = 0.9

HEADINGS: Final = ("", "per second", "p50", "p90", "p99", "p99.9", "max ms")


class Figures(NamedTuple):
    """
    The figures of some commands, with latencies in milliseconds.
    """

    perSecond: float
    p50: float
    p90: float
    p99: float
    p999: float
    max: float


def histogramOf(counts: dict[int, int]) -> HdrHistogram:
    """
    A histogram of latencies in microseconds, up to an hour, to three digits.
    """
    histogram = HdrHistogram(1, _HIGHEST, _DIGITS)
    for latency, count in counts.items():
        histogram.record_value(min(max(latency, 1), _HIGHEST), count)
    return histogram


def figuresOf(counts: dict[int, int], seconds: float) -> Figures | None:
    """
    The figures of latencies.

    @return: C{None} if there are none.
    """
    if not counts:
        return None
    histogram = histogramOf(counts)
    p50, p90, p99, p999 = (histogram.get_value_at_percentile(share) / 1000 for share in (50, 90, 99, 99.9))
    return Figures(histogram.get_total_count() / seconds, p50, p90, p99, p999, max(counts) / 1000)


def tableOf(tally: Tally) -> list[str]:
    """
    A table for people, and a line for what they should know beside it.
    """
    rows: list[tuple[str, ...]] = [HEADINGS]
    for name, counts in (("writes", tally.writes), ("reads", tally.reads)):
        figures = figuresOf(counts, tally.seconds)
        if figures is not None:
            rows.append((name, f"{figures.perSecond:,.0f}", *(f"{latency:,.2f}" for latency in figures[1:])))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:<{width}}" if place == 0 else f"{cell:>{width}}" for place, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    if tally.errors:
        lines.append("errors: " + ", ".join(f"{what} {count:,}" for what, count in tally.errors.most_common()))
    if tally.busy > _BUSY:
        lines.append(f"a process of the load was busy for {tally.busy:.0%} of the time: try more --processes")
    return lines


def jsonOf(load: Load, mix: Mix, tally: Tally) -> dict[str, Any]:
    """
    The same for programs. A C{histogram} is an HdrHistogram of microseconds, in the encoding that all of its
    implementations know.
    """
    told: dict[str, Any] = {
        "clients": load.clients,
        "depth": load.depth,
        "rate": load.rate,
        "seconds": round(tally.seconds, 3),
        "keys": mix.keys,
        "valueBytes": mix.valueBytes,
        "skew": mix.skew,
        "errors": dict(tally.errors),
        "busy": round(tally.busy, 3),
    }
    for name, counts in (("writes", tally.writes), ("reads", tally.reads)):
        figures = figuresOf(counts, tally.seconds)
        if figures is not None:
            rounded = {name: round(value, 3) for name, value in figures._asdict().items()}
            told[name] = {**rounded, "histogram": histogramOf(counts).encode().decode("ascii")}
    return told
