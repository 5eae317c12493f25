"""
The pace of a leader's own disk, beside that of the others.

A leader applies nothing that its own disk does not hold. So where its disk takes half a second for each write, and a
majority of the others has every entry within milliseconds, all clients wait for this one disk, and another server had
better lead. Where most disks are that slow, nobody would lead any better.
"""

from __future__ import annotations

from typing import Final

SLOW_TIMES: Final = 8
"""
So many times as long as a majority takes an entry must take on the leader's own disk, for the disk to be slow;
"""

SLOW_TIMEOUTS: Final = 0.5
"""
and so many of the shortest election timeouts: an election costs more than a disk that is a bit slow.
"""

PATIENCE: Final = 4
"""
For how many of the shortest election timeouts all that is measured must say so.
"""

LEAST: Final = 2
"""
And how often: a single write that takes long is no slow disk.
"""


class Pace:
    """
    Compares, in ticks, how long entries take to be committed by the others, and how long to be on the own disk. One
    entry is followed at a time.

    @ivar isSlow: whether an entry has just come to the own disk, and the disk was so much slower, and has been for so
        long, that another server had better lead.
    """

    def __init__(self, electionTicks: int) -> None:
        """
        @param electionTicks: the shortest election timeout.
        """
        self.isSlow = False
        self._least = max(SLOW_TIMES, round(SLOW_TIMEOUTS * electionTicks))
        self._patience = PATIENCE * electionTicks
        self._stable = 0  # What the own disk held at the last tick.
        self._followed = 0  # The entry that is followed; 0 where there is none.
        self._elapsed = 0
        self._committed: int | None = None  # After how many ticks it was committed.
        self._slow = 0  # How many entries were slow, without a break,
        self._slowTicks = 0  # and how long all of them took.

    @property
    def isFollowing(self) -> bool:
        """
        Whether an entry is followed, so that ticks are counted.
        """
        return self._followed > 0

    def tick(self, lastIndex: int, commitIndex: int, stableIndex: int) -> None:
        """
        One tick passed.

        @param stableIndex: up to here the own disk holds the log.
        """
        self.isSlow = False
        before, self._stable = self._stable, stableIndex
        if not self._followed:
            if stableIndex > before:
                # In less than a tick.
                self._slow = self._slowTicks = 0
            if lastIndex > stableIndex:
                self._followed, self._elapsed, self._committed = lastIndex, 0, None
            return
        self._elapsed += 1
        if self._committed is None and commitIndex >= self._followed:
            self._committed = self._elapsed
        if stableIndex >= self._followed:
            self._followed = 0
            self._note()

    def _note(self) -> None:
        """
        What was followed is on the own disk.
        """
        if self._committed is None or self._elapsed < max(self._least, SLOW_TIMES * self._committed):
            self._slow = self._slowTicks = 0
            return
        self._slow += 1
        self._slowTicks += self._elapsed
        self.isSlow = self._slow >= LEAST and self._slowTicks >= self._patience
