"""
A failing seed is a gift: this unwraps it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from replkv.testing.jsonlines import jsonLines
from replkv.testing.sim.case import Case
from replkv.testing.sim.shrink import Shrunk, shrink
from replkv.testing.sim.single import tellRun
from replkv.testing.sim.summary import Run

_OTHER_WAY: Final = "not made smaller: run again, it went another way, so not all of it comes from its seed"


class Failing(NamedTuple):
    """
    A run that failed.
    """

    case: Case
    run: Run


class Finding(NamedTuple):
    """
    A run that failed, made as small as it would go.

    @ivar case: the smallest run that fails.
    @ivar effort: what was done to find it, for a person.
    @ivar violation: how it fails.
    @ivar story: its story.
    @ivar history: its history, as JSON lines.
    """

    case: Case
    effort: str
    violation: str | None
    story: list[str]
    history: list[str]

    def save(self, folder: str) -> Iterator[str]:
        """
        Write story and history into files.

        @return: what was written, for a person.
        @raise OSError: that was not possible.
        """
        name = f"replkv-sim-{self.case.tier.name}-{self.case.seed}"
        for what, lines, ending in [("story", self.story, "story.txt"), ("history", self.history, "history.jsonl")]:
            path = os.path.join(folder, f"{name}.{ending}")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
            yield f"{what}: {path}"


def unwrap(failing: Failing) -> Finding:
    """
    Make a run that failed smaller, and write down what happens in it.
    """
    case, run = failing
    again = case.simulate()
    if again.violation is None or again.digest != run.digest:
        effort = _OTHER_WAY
    else:
        shrunk = shrink(case, again)
        case = shrunk.case
        effort = _effort(shrunk)
    story = [case.command]
    outcome = tellRun(case, story.append, verbose=True)
    return Finding(case, effort, outcome.violation, story, list(jsonLines(outcome.history)))


def _effort(shrunk: Shrunk) -> str:
    if shrunk.case.faults == shrunk.case.clients == ():
        return "needs no fault and no client to fail"
    left = f"{_left('fault', shrunk.case.faults)} and {_left('client', shrunk.case.clients)}"
    tried = f"{shrunk.runs} smaller run{'' if shrunk.runs == 1 else 's'}"
    if shrunk.done:
        return f"needs {left} to fail, and no others ({tried})"
    return f"given up after {tried}, with {left}"


def _left(what: str, numbers: tuple[int, ...] | None) -> str:
    if numbers is None:
        return f"all {what}s"
    return f"{len(numbers) or 'no'} {what}{'' if len(numbers) == 1 else 's'}"
