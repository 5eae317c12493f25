"""
What is measured of replkv and of its peers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from benchmarks.measuring import Outcome, measure
from benchmarks.processes import memory, processorTime
from benchmarks.systems.system import Cluster, System
from benchmarks.table import Row
from replkv.bench.dialect import Hopeless
from replkv.bench.load import Load, Mix

LARGE: Final = 64 << 10

_MIX: Final = Mix()
_PATIENCE: Final = 30.0
_LEAST_IDLE: Final = 3.0
_REST: Final = 2.0


class Figure(NamedTuple):
    """
    A figure of a load.

    @ivar row: where it stands.
    @ivar of: what of the load it is.
    """

    row: Row
    of: Callable[[Outcome], float]


class Case(NamedTuple):
    """
    A load, and what is told of it.
    """

    clients: int
    depth: int
    mix: Mix
    figures: tuple[Figure, ...]


def _perSecond(outcome: Outcome) -> float:
    return outcome.figures.perSecond


CASES: Final = (
    Case(1, 1, _MIX, (Figure(Row("p50 of a write, 1 client", "ms", "0.7 of etcd's"), lambda it: it.figures.p50),)),
    Case(
        50,
        1,
        _MIX,
        (
            Figure(Row("writes/s, 50 clients", "/s", "4 times etcd's"), _perSecond),
            Figure(Row("p99 of them", "ms", ""), lambda it: it.figures.p99),
            Figure(Row("CPU of all servers for a write", "µs", "0.25 of etcd's"), lambda it: it.cost),
        ),
    ),
    Case(1000, 1, _MIX, (Figure(Row("writes/s, 1,000 clients", "/s", "2 times etcd's"), _perSecond),)),
    Case(
        50,
        1,
        Mix(reads=1.0),
        (
            Figure(Row("linearizable reads/s, 50 clients", "/s", "5 times etcd's"), _perSecond),
            Figure(Row("CPU of all servers for a read", "µs", ""), lambda it: it.cost),
        ),
    ),
    Case(50, 16, _MIX, (Figure(Row("writes/s, 50 clients, 16 in flight", "/s", "60,000"), _perSecond),)),
    Case(
        16,
        1,
        Mix(keys=500, valueBytes=LARGE),
        (
            Figure(
                Row("written with values of 64 KiB, 16 clients", "MB/s", "etcd's"),
                lambda it: it.figures.perSecond * LARGE / 1e6,
            ),
        ),
    ),
)

IDLE_PROCESSOR: Final = Row("CPU of a server that is idle", "%", "0.5")
IDLE_MEMORY: Final = Row("memory of a server after all this", "MiB", "")


def rows() -> list[Row]:
    """
    All figures, in the order of the table.
    """
    return [*(figure.row for case in CASES for figure in case.figures), IDLE_PROCESSOR, IDLE_MEMORY]


def compare(system: System, cluster: Cluster, seconds: float, say: Callable[[str], None]) -> dict[str, float]:
    """
    Measure all figures of one system.

    @param seconds: for how long each load goes on.
    @param say: is told what cannot be measured.
    @return: the figures, by their names.
    """
    found: dict[str, float] = {}
    for case in CASES:
        if (case.depth > 1 and not system.takesDepth) or (case.mix.reads and not system.reads):
            continue
        load = Load(case.clients, case.depth, None, seconds, 0.0, _PATIENCE)
        try:
            outcome = measure(cluster, load, case.mix)
        except Hopeless as error:
            say(f"{system.name}, {case.figures[0].row.name}: {error}")
            continue
        found |= {figure.row.name: figure.of(outcome) for figure in case.figures}
    # What the loads have left to do is done first.
    time.sleep(_REST)
    idle = max(_LEAST_IDLE, seconds)
    before = sum(processorTime(process.pid) for process in cluster.processes)
    time.sleep(idle)
    used = sum(processorTime(process.pid) for process in cluster.processes) - before
    found[IDLE_PROCESSOR.name] = used / idle / len(cluster.processes) * 100
    found[IDLE_MEMORY.name] = sum(memory(process.pid) for process in cluster.processes) / len(cluster.processes)
    return found
