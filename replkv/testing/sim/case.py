"""
A run, as a command line names it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import NamedTuple

from replkv.testing.outcome import Outcome
from replkv.testing.sim.numbers import writtenList
from replkv.testing.tiers import Tier


class Case(NamedTuple):
    """
    One run.

    @ivar tier: what is simulated.
    @ivar seed: what all of the run is drawn from.
    @ivar faults: which of the seed's faults are injected, in order; C{None} for all.
    @ivar clients: which of the seed's clients take part, in order; C{None} for all.
    """

    tier: Tier
    seed: int
    faults: tuple[int, ...] | None = None
    clients: tuple[int, ...] | None = None

    @property
    def command(self) -> str:
        """
        The command that runs it and tells its story.
        """
        words = ["replkv sim --tier", self.tier.name, "--seed", str(self.seed)]
        if self.faults is not None:
            words += ["--faults", writtenList(self.faults)]
        if self.clients is not None:
            words += ["--clients", writtenList(self.clients)]
        return " ".join([*words, "-v"])

    def simulate(self, tell: Callable[[str], None] | None = None) -> Outcome:
        """
        Run it. An exception of the simulation itself is a violation like any other: it, too, has to be repeated and
        looked into.

        @param tell: is given the story, line by line.
        """
        try:
            return self.tier.simulate(self.seed, self.faults, self.clients, tell)
        except (Exception, SystemExit) as error:
            violation = f"the simulation raised {error!r}\n{traceback.format_exc()}"
            return Outcome(self.tier.name, self.seed, violation=violation)
