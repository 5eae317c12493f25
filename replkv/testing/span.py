"""
How long something takes, where that is drawn each time.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple


class Span(NamedTuple):
    """
    @ivar least: the least seconds that it takes.
    @ivar most: the most.
    """

    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.least:.3f} to {self.most:.3f} s"

    def draw(self, random: Random) -> float:
        """
        How many seconds it takes this time.
        """
        return random.uniform(self.least, self.most)
