"""
Tests for L{replkv.raft.learning}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.learning import Learning

ELECTION_TICKS = 10


class LearningTests(SynchronousTestCase):
    """
    L{Learning}.
    """

    def setUp(self) -> None:
        """
        A round begins, which goes up to entry 100.
        """
        self.learning = Learning(100)

    def round(self, ticks: int, matchIndex: int, lastIndex: int) -> bool:
        """
        The learner acknowledges entries after so many ticks.
        """
        for _ in range(ticks):
            self.learning.tick()
        return self.learning.keepsUp(matchIndex, lastIndex, ELECTION_TICKS)

    def test_short(self) -> None:
        """
        A round that takes less than an election timeout is enough.
        """
        self.assertFalse(self.round(3, 99, 100))
        self.assertTrue(self.round(6, 100, 120))

    def test_long(self) -> None:
        """
        One that takes as long is none; the next one goes up to what the leader has by then.
        """
        self.assertFalse(self.round(ELECTION_TICKS, 100, 120))
        self.assertFalse(self.round(1, 119, 130))
        self.assertTrue(self.round(1, 120, 130))

    def test_never(self) -> None:
        """
        Who is always as far behind never counts.
        """
        for last in range(200, 2000, 100):
            self.assertFalse(self.round(ELECTION_TICKS, last - 100, last))
