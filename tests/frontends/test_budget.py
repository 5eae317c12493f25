"""
Tests for the memory that clients share.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.budget import Budget
from replkv.frontends.limits import MEMORY_LIMITS, MemoryLimits


class BudgetTests(SynchronousTestCase):
    """
    Tests for L{Budget}.
    """

    def test_reserved(self) -> None:
        """
        What is pending is counted, and is too much from the limit on.
        """
        budget = Budget(MemoryLimits(reservedBytes=100))
        budget.reserve(99)
        self.assertFalse(budget.isSpent)
        budget.reserve(1)
        self.assertEqual((budget.reserved, budget.isSpent), (100, True))
        budget.release(60)
        self.assertEqual((budget.reserved, budget.isSpent, budget.unread), (40, False, 0))

    def test_unread(self) -> None:
        """
        What clients have not read is counted; there is room up to the limit, and not for a byte more.
        """
        budget = Budget(MemoryLimits(unreadBytes=100))
        budget.hold(70)
        self.assertTrue(budget.mayHold(30))
        self.assertFalse(budget.mayHold(31))
        budget.drop(50)
        self.assertEqual((budget.unread, budget.reserved), (20, 0))
        self.assertTrue(budget.mayHold(80))

    def test_limits(self) -> None:
        """
        There are limits where nobody says which.
        """
        budget = Budget()
        budget.reserve(MEMORY_LIMITS.reservedBytes)
        self.assertTrue(budget.isSpent)
        self.assertTrue(budget.mayHold(MEMORY_LIMITS.unreadBytes))
        self.assertFalse(budget.mayHold(MEMORY_LIMITS.unreadBytes + 1))
