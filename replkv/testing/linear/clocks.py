"""
How far the clocks of the servers may be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClockBound:
    """
    @ivar slack: by how many seconds the clocks of two servers may differ; C{None} where there is no bound.
    """

    slack: float | None

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
        return cls(None)
