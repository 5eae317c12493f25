"""
What came of a load, as it is counted while it goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """
    What is counted. Latencies are in whole microseconds, each with how many commands took that long: to add one costs a
    twentieth of what it costs in a histogram, which is made of them when all is over.

    @ivar writes: the latencies of writes.
    @ivar reads: those of reads.
    @ivar errors: how many commands went wrong, by what went wrong.
    @ivar seconds: from when the load was measured until its last answer.
    @ivar busy: which share of that time the process was busy itself.
    """

    writes: dict[int, int] = field(default_factory=dict)
    reads: dict[int, int] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    busy: float = 0.0

    @property
    def all(self) -> dict[int, int]:
        """
        The latencies of writes and reads.
        """
        return _sum(self.writes, self.reads)

    @property
    def answered(self) -> int:
        """
        How many commands were carried out.
        """
        return sum(self.writes.values()) + sum(self.reads.values())


def merged(tallies: Iterable[Tally]) -> Tally:
    """
    The tallies of several processes that ran at the same time, as one.
    """
    whole = Tally()
    for tally in tallies:
        whole.writes = _sum(whole.writes, tally.writes)
        whole.reads = _sum(whole.reads, tally.reads)
        whole.errors.update(tally.errors)
        whole.seconds = max(whole.seconds, tally.seconds)
        whole.busy = max(whole.busy, tally.busy)
    return whole


def _sum(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    return {latency: one.get(latency, 0) + other.get(latency, 0) for latency in one.keys() | other.keys()}
