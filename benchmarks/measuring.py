"""
One load on servers, and what it costs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NamedTuple

from benchmarks.processes import processorTime
from benchmarks.systems.system import Cluster
from replkv.bench.dialect import Hopeless
from replkv.bench.load import Load, Mix
from replkv.bench.report import Figures, figuresOf
from replkv.bench.tally import Tally

WARM_UP: Final = 0.5


class Outcome(NamedTuple):
    """
    What came of a load.

    @ivar tally: what was counted.
    @ivar used: the seconds of processor time that each server has had.
    @ivar leader: which of them leads.
    """

    tally: Tally
    used: list[float]
    leader: int

    @property
    def figures(self) -> Figures:
        """
        The figures of all commands.
        """
        figures = figuresOf(self.tally.all, self.tally.seconds)
        assert figures is not None
        return figures

    @property
    def cost(self) -> float:
        """
        The microseconds of processor time of all servers for each command.
        """
        return sum(self.used) / self.tally.answered * 1e6

    @property
    def leaderCost(self) -> float:
        """
        Those of the leader.
        """
        return self.used[self.leader] / self.tally.answered * 1e6

    @property
    def followerCost(self) -> float:
        """
        Those of each other server, in the mean.
        """
        others = sum(self.used) - self.used[self.leader]
        return others / (len(self.used) - 1) / self.tally.answered * 1e6


@contextmanager
def prepared(cluster: Cluster, load: Load, mix: Mix) -> Iterator[Callable[[], Outcome]]:
    """
    Have all ready for a load on servers, and warm.

    @return: what puts it on them, once or more often. It raises L{Hopeless} if nothing was carried out, or something
        went wrong.
    @raise Hopeless: if that cannot be.
    """
    leader = cluster.leader()
    with cluster.loader(load, mix) as loader:
        loader.prepare()
        if mix.reads:
            loader.fill()
        loader.measure(replace(load, seconds=WARM_UP))

        def measured() -> Outcome:
            before = _processorTimes(cluster)
            tally = loader.measure(load)
            used = [after - since for after, since in zip(_processorTimes(cluster), before, strict=True)]
            if tally.errors or not tally.answered:
                raise Hopeless(f"{tally.answered} commands were carried out, and {dict(tally.errors)} went wrong")
            return Outcome(tally, used, leader)

        yield measured


def measure(cluster: Cluster, load: Load, mix: Mix) -> Outcome:
    """
    Put a load on servers.

    @raise Hopeless: if that cannot be, or nothing was carried out, or something went wrong.
    """
    with prepared(cluster, load, mix) as measured:
        return measured()


def _processorTimes(cluster: Cluster) -> list[float]:
    """
    The processor time that each server has had; none for one that has ended.
    """
    return [processorTime(process.pid) if process.poll() is None else 0.0 for process in cluster.processes]
