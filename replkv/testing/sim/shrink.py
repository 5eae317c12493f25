"""
Makes a run that fails smaller: fewer faults, fewer clients.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from replkv.testing.outcome import Outcome
from replkv.testing.sim.case import Case

MOST_RUNS: Final = 100
"""
After how many runs one is content with what there is.
"""


_VARYING: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
"""
What may differ between two failures of one kind: names and numbers.
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


def kindOf(violation: str) -> str:
    """
    What kind of failure it is: its first line, as far as the first colon, whatever the keys, servers and times in it.
    """
    return _VARYING.sub("#", violation.partition("\n")[0]).partition(":")[0]


def shrink(case: Case, failed: Outcome, most: int = MOST_RUNS) -> Shrunk:
    """
    Look for the smallest run that still fails in the same way: leave out faults, then clients, and then try the faults
    again, since some may have been needed only because of a client that has gone.

    @param case: a run that fails, with all of its faults and clients.
    @param failed: what came of it. What fails in another way has another cause, and hides this one.
    @param most: how many runs may be tried.
    """
    kind = kindOf(failed.violation or "")
    nothing = case._replace(faults=(), clients=())
    outcome = nothing.simulate()
    if outcome.violation is not None and kindOf(outcome.violation) == kind:
        return Shrunk(nothing, 1, True)
    # A run that was broken off by an exception cannot tell how many it has.
    faults = tuple(range(max(outcome.faults, failed.faults)))
    clients = tuple(range(max(outcome.clients, failed.clients)))
    search = _Search(case._replace(faults=faults, clients=clients), kind, most - 1)
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
    A search for the smallest run that fails in one way.

    @ivar smallest: the smallest so far.
    @ivar runs: how many were tried.
    """

    def __init__(self, case: Case, kind: str, most: int) -> None:
        self.smallest = case
        self.runs = 0
        self._kind = kind
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
        violation = case.simulate().violation
        if violation is None or kindOf(violation) != self._kind:
            self._passed.add(case)
            return False
        self.smallest = case
        return True
