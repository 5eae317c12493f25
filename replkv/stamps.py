"""
The leader's time: the one clock that crosses servers.
"""

from __future__ import annotations

from collections.abc import Callable


class LeaderClock:
    """
    Gives the time, in milliseconds, with which a leader stamps entries.

    It begins at the largest stamp in the leader's log or at its wall clock, whichever is later, and goes on by the
    monotonic clock. So stamps never go back, whoever leads, and a leader whose wall clock is wrong makes time jump at
    the most once; it never stands still and never runs at another rate.
    """

    def __init__(self, wallClock: Callable[[], float], monotonic: Callable[[], float], largestStamp: int) -> None:
        """
        @param wallClock: seconds since the epoch.
        @param monotonic: seconds since any point.
        @param largestStamp: the largest stamp in the log.
        """
        self._monotonic = monotonic
        self._base = max(largestStamp, int(wallClock() * 1000)) - int(monotonic() * 1000)

    def now(self) -> int:
        """
        The time, in milliseconds.
        """
        return self._base + int(self._monotonic() * 1000)
