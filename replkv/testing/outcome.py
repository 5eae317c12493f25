"""
What came of a simulation.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from replkv.testing.history import History


class Violation(AssertionError):
    """
    A judge found that the cluster broke a promise. The message is for the person who has to find out why.
    """


class NotInTime(Violation):
    """
    Something that was waited for did not happen within a bounded simulated time.
    """


@dataclass
class Outcome:
    """
    @ivar tier: the tier that was simulated.
    @ivar seed: the seed.
    @ivar violation: what was found to be wrong, C{None} if nothing was. What stopped the run is the first line.
    @ivar digest: the hash of the trace.
    @ivar servers: the number of servers.
    @ivar faults: how many faults the seed has, whether all of them were injected or not.
    @ivar clients: how many clients the seed has, likewise.
    @ivar seconds: how much time passed, in simulated seconds.
    @ivar injected: how often each kind of fault happened.
    @ivar elections: how many terms had a leader.
    @ivar rare: how often each rare thing happened.
    @ivar history: what the clients saw.
    """

    tier: str
    seed: int
    violation: str | None = None
    digest: str = ""
    servers: int = 0
    faults: int = 0
    clients: int = 0
    seconds: float = 0.0
    injected: Counter[str] = field(default_factory=Counter)
    elections: int = 0
    rare: Counter[str] = field(default_factory=Counter)
    history: History = field(default_factory=History)
