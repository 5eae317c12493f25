"""
A plot of latency against load.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from replkv.bench.report import figuresOf


def plot(path: str, title: str, steps: Sequence[tuple[dict[int, int], float]]) -> None:
    """
    Draw it.

    @param path: the file; what it ends with says what it will be, such as C{.png} or C{.svg}.
    @param steps: the latencies at each rate, and in how many seconds.
    @raise OSError: if it cannot be written.
    @raise ValueError: if nothing is known that ends so.
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot()
    figures = [found for counts, seconds in steps if (found := figuresOf(counts, seconds)) is not None]
    rates = [found.perSecond for found in figures]
    for name, label in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max")):
        axes.plot(rates, [getattr(found, name) for found in figures], marker="o", label=label)
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_xlabel("commands carried out in a second")
    axes.set_ylabel("milliseconds from when a command was due to its answer")
    axes.set_title(title)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path)
