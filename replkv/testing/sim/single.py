"""
One run, told.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.python.usage import UsageError

from replkv.testing.outcome import Outcome
from replkv.testing.sim.case import Case
from replkv.testing.sim.summary import Run, Summary


def tellRun(case: Case, say: Callable[[str], None], verbose: bool) -> Outcome:
    """
    Run it, and say what came of it.

    @param say: is given each line.
    @param verbose: whether to tell the story too, as it happens.
    @raise UsageError: the seed has no such fault or client.
    """
    teller = _Teller(say)
    outcome = case.simulate(teller.tell if verbose else None)
    teller.check()
    # Where the simulation itself raised something, it is not known how many there are.
    if outcome.digest:
        _checkNumbers("fault", case, case.faults or (), outcome.faults)
        _checkNumbers("client", case, case.clients or (), outcome.clients)
    for line in _closing(case, outcome):
        say(line)
    return outcome


class _Teller:
    """
    Tells a story. Whoever listens may go; that must not look like an error of the server that is being told of.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._error: OSError | None = None

    def tell(self, line: str) -> None:
        """
        Tell a line.
        """
        if self._error is None:
            try:
                self._say(line)
            except OSError as error:
                self._error = error

    def check(self) -> None:
        """
        Raise what telling has raised.
        """
        if self._error is not None:
            raise self._error


def _checkNumbers(what: str, case: Case, numbers: tuple[int, ...], count: int) -> None:
    if numbers and numbers[-1] >= count:
        raise UsageError(f"seed {case.seed} has {count} {what}s, from 0 on: there is no {what} {numbers[-1]}")


def _closing(case: Case, outcome: Outcome) -> list[str]:
    """
    What is said at the end.
    """
    summary = Summary()
    summary.add(Run.of(outcome))
    servers = f"{outcome.servers} server{'' if outcome.servers == 1 else 's'}"
    faults = _share("fault", case.faults, outcome.faults)
    clients = _share("client", case.clients, outcome.clients)
    return [
        f"{case.tier.name} tier, seed {case.seed}: {servers}, {faults}, {clients}",
        *summary.lines(),
        "passed" if outcome.violation is None else f"failed: {outcome.violation}",
        f"digest {outcome.digest or 'none'}",
    ]


def _share(what: str, numbers: tuple[int, ...] | None, count: int) -> str:
    counted = f"{count} {what}{'' if count == 1 else 's'}"
    return counted if numbers is None else f"{len(numbers)} of {counted}"
