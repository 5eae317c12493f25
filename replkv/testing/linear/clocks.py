"""
How far the clocks of the servers may be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class ClockBound:
    """
    @ivar slack: by how many seconds a key may live longer or shorter than told.
    @ivar rate: and by what part of its life.
    @ivar blind: the intervals in which no server could measure time: about keys that were there in one of them, nothing
        is known but that they do not come back.
    """

    slack: float
    rate: float = 0.0
    blind: tuple[tuple[float, float], ...] = ()

    @classmethod
    def exact(cls, slack: float) -> ClockBound:
        """
        All clocks agree up to C{slack} seconds, and none runs faster than time: a key expires when it should.
        """
        return cls(slack)

    @classmethod
    def wild(cls) -> ClockBound:
        """
        Clocks go as they like: a key that expires may do so at any time. But it does not come back.
        """
        return cls(0.0, blind=((-inf, inf),))

    def within(self, seconds: float) -> float:
        """
        By how much the life of a key may differ from so many seconds.
        """
        return self.slack + self.rate * seconds

    def isBlind(self, since: float, until: float) -> bool:
        """
        Whether time was not measured at some moment between these two.
        """
        return any(begin <= until and since <= end for begin, end in self.blind)
