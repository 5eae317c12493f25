"""
Very many runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from replkv.testing.sim.case import Case
from replkv.testing.sim.exits import INTERRUPTED, NEVER_SEEN, VIOLATED
from replkv.testing.sim.finding import Failing, Finding, unwrap
from replkv.testing.sim.progress import Progress
from replkv.testing.sim.shrink import MOST_RUNS
from replkv.testing.sim.summary import Run, Summary, firstLine
from replkv.testing.sim.workers import Death, Map
from replkv.testing.tiers import Tier

MOST_FINDINGS: Final = 3
"""
How many of the seeds that failed are made smaller. Mostly they all fail for one reason.
"""

MOST_NAMED: Final = 20
"""
How many of the others are named.
"""


class Campaign:
    """
    Many seeds of one tier.
    """

    def __init__(
        self, tier: Tier, seeds: range, required: Collection[str], folder: str, say: Callable[[str], None]
    ) -> None:
        """
        @param required: the rare things that have to happen.
        @param folder: where stories and histories of runs that failed are written.
        @param say: is given each line of what is to be told.
        """
        self._tier = tier
        self._seeds = seeds
        self._folder = folder
        self._say = say
        self._summary = Summary(required)

    def run(self, map_: Map, progress: Progress, clock: Callable[[], float]) -> int:
        """
        Run all seeds, tell what came of them, and make the first that failed smaller. C{KeyboardInterrupt} ends it,
        and what is known by then is told.

        @param map_: has a function called for each of some arguments.
        @param clock: tells the seconds, to say how long it took.
        @return: the exit status.
        """
        begun = clock()
        try:
            interrupted = _isInterrupted(lambda: self._runAll(map_, progress))
        finally:
            progress.close()
        self._tellSummary(clock() - begun, interrupted)
        # In order: which ones are made smaller is not to depend on which process was the faster one.
        failing = {run.seed: run for run in sorted(self._summary.failing, key=lambda run: run.seed)}
        if not interrupted:
            interrupted = _isInterrupted(lambda: self._unwrapFirst(map_, failing))
        self._tellOthers(list(failing))
        if interrupted:
            return INTERRUPTED
        neverSeen = self._summary.neverSeen
        for name in neverSeen:
            self._say(f"never happened, but has to: {name}")
        return VIOLATED if self._summary.failing else NEVER_SEEN if neverSeen else 0

    def _runAll(self, map_: Map, progress: Progress) -> None:
        failing = self._summary.failing
        for case, result in map_(_run, (Case(self._tier, seed) for seed in self._seeds)):
            run = _runOf(case, result)
            self._summary.add(run)
            if run.violation is not None and len(failing) <= MOST_NAMED:
                progress.say(f"seed {run.seed} failed: {firstLine(run.violation)}")
            progress.advance(len(failing))

    def _tellSummary(self, seconds: float, interrupted: bool) -> None:
        summary = self._summary
        runs = f"{summary.runs:,} of {len(self._seeds):,} runs" if interrupted else f"{summary.runs:,} runs"
        if interrupted:
            self._say("interrupted")
        self._say(f"{runs} of the {self._tier.name} tier, seeds {self._seeds.start}:{self._seeds.stop}")
        self._say(f"took                 {seconds:,.1f} seconds")
        for line in summary.lines():
            self._say(line)
        self._say(f"passed               {summary.runs - len(summary.failing):,}")
        self._say(f"failed               {len(summary.failing):,}")

    def _unwrapFirst(self, map_: Map, failing: dict[int, Run]) -> None:
        """
        Make the first runs that failed smaller.

        @param failing: those that failed, by seed; those that are dealt with are removed.
        """
        first = [Failing(Case(self._tier, seed), run) for seed, run in list(failing.items())[:MOST_FINDINGS]]
        if first:
            seeds = ", ".join(str(case.seed) for case, _ in first)
            self._say(f"making smaller what failed, seeds {seeds}: at most {MOST_RUNS} runs for each")
        for (case, run), finding in map_(unwrap, first):
            if isinstance(finding, Death):
                self._say(f"seed {case.seed} could not be made smaller: its process {finding.cause}")
            else:
                del failing[case.seed]
                self._tell(run, finding)

    def _tell(self, run: Run, finding: Finding) -> None:
        self._say("")
        self._say(f"seed {run.seed} failed: {firstLine(run.violation)}")
        self._say(finding.effort)
        if firstLine(finding.violation) != firstLine(run.violation):
            self._say(f"it then says: {firstLine(finding.violation)}")
        try:
            for line in finding.save(self._folder):
                self._say(line)
        except OSError as error:
            self._say(f"could not write what happened: {error}")
        self._say(finding.case.command)

    def _tellOthers(self, seeds: list[int]) -> None:
        """
        Name the runs that failed and were not made smaller.
        """
        if seeds:
            named = ", ".join(map(str, seeds[:MOST_NAMED]))
            more = f" and {len(seeds) - MOST_NAMED:,} more" if len(seeds) > MOST_NAMED else ""
            self._say("")
            self._say(f"failed, and not made smaller: seeds {named}{more}")
            self._say(Case(self._tier, seeds[0]).command)


def _run(case: Case) -> Run:
    return Run.of(case.simulate())


def _runOf(case: Case, result: Run | Death) -> Run:
    if isinstance(result, Death):
        return Run(case.seed, f"the process that simulated it {result.cause}")
    return result


def _isInterrupted(work: Callable[[], None]) -> bool:
    try:
        work()
    except KeyboardInterrupt:
        return True
    return False
