"""
What is measured of replkv alone.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measuring import measure
from benchmarks.processes import NotReady, end, until
from benchmarks.systems.replkv import ReplkvCluster
from benchmarks.table import Row
from replkv.bench.dialect import Hopeless
from replkv.bench.load import Load, Mix

FIVE: Final = Row("writes/s of 5 servers, by those of 3 (50 clients)", "", "0.7")
MANY_KEYS: Final = Row("writes/s with very many keys, by those with 1,000 (50 clients, 16 in flight)", "", "0.95")
CONNECTIONS: Final = Row("writes/s, 5,000 clients", "/s", "")
CATCHING_UP: Final = Row("entries/s that a follower catches up", "/s", "more than are written")
WRITTEN: Final = Row("entries/s that were written meanwhile", "/s", "")
FAILOVER: Final = Row("kill -9 of the leader to the next OK, median", "ms", "300")

ROWS: Final = (FIVE, MANY_KEYS, CONNECTIONS, CATCHING_UP, WRITTEN, FAILOVER)

_FEW_KEYS: Final = 1000
_PATIENCE: Final = 60.0
_REST: Final = 1.0


@contextmanager
def aCluster(size: int, tree: Path | None = None) -> Iterator[ReplkvCluster]:
    """
    Servers, for as long as they are needed.

    @param tree: the folder with the sources to run; C{None} for those of the bench.
    """
    with tempfile.TemporaryDirectory(prefix="replkv-bench.") as folder:
        cluster = ReplkvCluster(Path(folder), size, tree)
        try:
            yield cluster
        finally:
            end(cluster.processes)


def fiveServers(seconds: float) -> dict[str, float]:
    """
    More servers beside fewer.
    """
    rates = []
    for size in (5, 3):
        with aCluster(size) as cluster:
            rates.append(measure(cluster, Load(50, 1, None, seconds, 0.0, _PATIENCE), Mix()).figures.perSecond)
    return {FIVE.name: rates[0] / rates[1]}


def manyKeys(seconds: float, keys: int) -> dict[str, float]:
    """
    Many keys beside few.
    """
    load = Load(50, 16, None, seconds, 0.0, _PATIENCE)
    with aCluster(3) as cluster:
        few = measure(cluster, load, Mix(keys=_FEW_KEYS)).figures.perSecond
        mix = Mix(keys=keys)
        with cluster.loader(load, mix) as loader:
            loader.prepare()
            loader.fill()
        many = measure(cluster, load, mix).figures.perSecond
    return {MANY_KEYS.name: many / few}


def manyConnections(seconds: float) -> dict[str, float]:
    """
    As many clients as one hardly has.
    """
    with aCluster(3) as cluster:
        outcome = measure(cluster, Load(5000, 1, None, seconds, 0.0, _PATIENCE), Mix())
    return {CONNECTIONS.name: outcome.figures.perSecond}


def catchingUp(seconds: float) -> dict[str, float]:
    """
    A follower that was down while others wrote.
    """
    with aCluster(3) as cluster:
        leader = cluster.leader()
        follower = (leader + 1) % 3
        cluster.kill(follower)
        written = measure(cluster, Load(50, 16, None, seconds, 0.0, _PATIENCE), Mix()).figures.perSecond
        target = _applied(cluster, leader)
        cluster.restart(follower)
        until(partial(_answers, cluster, follower), "the follower answers")
        began, first = time.monotonic(), _applied(cluster, follower)
        until(lambda: _applied(cluster, follower) >= target, "the follower has caught up")
        took = time.monotonic() - began
    return {CATCHING_UP.name: (target - first) / took, WRITTEN.name: written}


def failover(times: int) -> dict[str, float]:
    """
    A leader that dies.
    """
    found = []
    with aCluster(3) as cluster:
        for _ in range(times):
            leader = cluster.leader()
            # All have to have caught up, or the next leader is found among fewer.
            time.sleep(_REST)
            cluster.kill(leader)
            began = time.monotonic()
            until(partial(_anyWrites, cluster, {0, 1, 2} - {leader}), "another server leads")
            found.append((time.monotonic() - began) * 1000)
            cluster.restart(leader)
            until(partial(_answers, cluster, leader), "the server is up again")
    return {FAILOVER.name: median(found)}


def alone(seconds: float, keys: int, say: Callable[[str], None]) -> dict[str, float]:
    """
    Measure all of that.

    @param seconds: for how long each load goes on.
    @param keys: how many keys are very many.
    @param say: is told what comes next.
    """
    found: dict[str, float] = {}
    for what, part in (
        ("5 servers", lambda: fiveServers(seconds)),
        (f"{keys:,} keys", lambda: manyKeys(seconds, keys)),
        ("5,000 clients", lambda: manyConnections(seconds)),
        ("a follower that catches up", lambda: catchingUp(seconds)),
        ("failovers", lambda: failover(5)),
    ):
        say(f"replkv, {what}")
        try:
            found |= part()
        except (NotReady, Hopeless) as error:
            say(f"{what}: {error}")
    return found


def _applied(cluster: ReplkvCluster, number: int) -> int:
    return int(cluster.stats(number).get("applied_index", 0))


def _anyWrites(cluster: ReplkvCluster, numbers: Iterable[int]) -> bool:
    return any(cluster.ask(number, b"set leader 0 1\r\nx\r\n").startswith(b"OK") for number in numbers)


def _answers(cluster: ReplkvCluster, number: int) -> bool:
    return bool(cluster.stats(number))
