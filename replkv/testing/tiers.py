"""
The tiers: what kinds of cluster can be simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple, Protocol, cast

from twisted.python.reflect import namedAny

from replkv.testing.outcome import Outcome


class Simulate(Protocol):
    """
    A tier's simulation.
    """

    def __call__(
        self,
        seed: int,
        faults: Collection[int] | None = None,
        clients: Collection[int] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Outcome:
        """
        Simulate a cluster.

        @param seed: what all of the run is drawn from.
        @param faults: the numbers of the seed's faults that are injected; C{None} for all.
        @param clients: the numbers of the seed's clients that take part; C{None} for all.
        @param tell: is given the story, line by line; without it, none is written.
        """


class Tier(NamedTuple):
    """
    A tier.

    @ivar name: what command lines call it.
    @ivar simulator: the full name of its L{Simulate}. It is imported by whoever runs it, and not before: C{replkv
        --help} has no use for it.
    """

    name: str
    simulator: str

    @property
    def simulate(self) -> Simulate:
        """
        The tier's simulation.
        """
        return cast(Simulate, namedAny(self.simulator))


TIERS: Final[Mapping[str, Tier]] = {
    tier.name: tier
    for tier in [
        Tier("core", "replkv.testing.core.simulation.simulate"),
        Tier("cluster", "replkv.testing.cluster.simulate.simulate"),
    ]
}
"""
All tiers, by name.
"""
