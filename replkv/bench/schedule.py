"""
When commands are due.
"""

from __future__ import annotations

import math


class Schedule:
    """
    An open loop: the commands are due evenly spread over time, whether the ones before them were answered or not. What
    is counted as a command's time begins here, also where nothing could be sent by then. Otherwise, the longer servers
    stand still, the fewer commands would notice it: that is the coordinated omission that flatters so many benchmarks.

    @ivar taken: how many commands were taken.
    """

    __slots__ = ("_begin", "_interval", "taken")

    def __init__(self, begin: float, rate: float) -> None:
        """
        @param begin: when the first one is due.
        @param rate: how many are due in a second.
        """
        self._begin = begin
        self._interval = 1.0 / rate
        self.taken = 0

    def next(self) -> float:
        """
        When the next one is due.
        """
        return self._begin + self.taken * self._interval

    def take(self) -> float:
        """
        Take the next one.

        @return: when it is due.
        """
        due = self._begin + self.taken * self._interval
        self.taken += 1
        return due

    def missed(self, until: float) -> int:
        """
        How many that are due before a moment were not taken.
        """
        return max(0, math.ceil((until - self._begin) / self._interval) - self.taken)
