"""
Makes a run that fails smaller: fewer faults, fewer clients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from replkv.testing.sim.case import Case

MOST_RUNS: Final = 100
"""
After how many runs one is content with what there is.
"""


class Shrunk(NamedTuple):
    """
    What was found.

    @ivar case: the smallest run that failed.
    @ivar runs: how many were tried.
    @ivar done: whether nothing more can be left out of it; otherwise the runs were spent.
    """

    case: Case
    runs: int
    done: bool


def shrink(case: Case, most: int = MOST_RUNS) -> Shrunk:
    """
    Look for the smallest run that still fails, in whatever way: leave out faults, then clients, and then try the faults
    again, since some may have been needed only because of a client that has gone.

    @param case: a run that fails, with all of its faults and clients.
    @param most: how many runs may be tried.
    """
    nothing = case._replace(faults=(), clients=())
    outcome = nothing.simulate()
    if outcome.violation is not None:
        return Shrunk(nothing, 1, True)
    # Asked of this run, and not of the one that fails: if that one was broken off by an exception, it cannot tell.
    faults, clients = tuple(range(outcome.faults)), tuple(range(outcome.clients))
    search = _Search(case._replace(faults=faults, clients=clients), most - 1)
    done = search.run()
    smallest = search.smallest
    if smallest.faults == faults:
        smallest = smallest._replace(faults=None)
    if smallest.clients == clients:
        smallest = smallest._replace(clients=None)
    return Shrunk(smallest, 1 + search.runs, done)


class _Spent(Exception):
    """
    No more runs may be tried.
    """


class _Search:
    """
    A search for the smallest run that fails.

    @ivar smallest: the smallest so far.
    @ivar runs: how many were tried.
    """

    def __init__(self, case: Case, most: int) -> None:
        self.smallest = case
        self.runs = 0
        self._most = most
        self._passed: set[Case] = set()

    def run(self) -> bool:
        """
        Search.

        @return: whether it came to its end.
        """
        before = None
        try:
            while self.smallest != before:
                before = self.smallest
                self._leaveOut(before.faults or (), lambda faults: self.smallest._replace(faults=faults))
                self._leaveOut(before.clients or (), lambda clients: self.smallest._replace(clients=clients))
        except _Spent:
            return False
        return True

    def _leaveOut(self, numbers: tuple[int, ...], smaller: Callable[[tuple[int, ...]], Case]) -> None:
        """
        Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input"): leave out all,
        then halves, quarters and so on, down to single ones.
        """
        size = len(numbers)
        while size:
            start = 0
            while start < len(numbers):
                rest = numbers[:start] + numbers[start + size :]
                if self._fails(smaller(rest)):
                    numbers = rest
                else:
                    start += size
            size //= 2

    def _fails(self, case: Case) -> bool:
        if case in self._passed:
            return False
        if self.runs == self._most:
            raise _Spent
        self.runs += 1
        if case.simulate().violation is None:
            self._passed.add(case)
            return False
        self.smallest = case
        return True
