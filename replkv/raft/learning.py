"""
How a leader finds that a learner keeps up: section 4.2.1 of Ongaro's thesis.
"""

from __future__ import annotations


class Learning:
    """
    A learner gets the log in rounds: in each, all that the leader had when the round began. Where a round takes less
    than an election timeout, the learner would not hold up a cluster in which it counts.
    """

    __slots__ = ("_elapsed", "_target")

    def __init__(self, lastIndex: int) -> None:
        """
        @param lastIndex: where the leader's log ends.
        """
        self._target = lastIndex
        self._elapsed = 0

    def tick(self) -> None:
        """
        One tick passed.
        """
        self._elapsed += 1

    def keepsUp(self, matchIndex: int, lastIndex: int, electionTicks: int) -> bool:
        """
        The learner has acknowledged entries.

        @param matchIndex: up to here it has the log.
        @param lastIndex: where the leader's log ends.
        @param electionTicks: the shortest election timeout.
        @return: whether that was the end of a round which was short enough.
        """
        if matchIndex < self._target:
            return False
        isShort = self._elapsed < electionTicks
        self._target, self._elapsed = lastIndex, 0
        return isShort
