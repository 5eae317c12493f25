"""
Tests for the memory that clients share.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.budget import MAX_RESERVED_BYTES, MAX_UNWRITTEN_BYTES, Budget


class BudgetTests(SynchronousTestCase):
    """
    Tests for L{Budget}.
    """

    def test_reserved(self) -> None:
        """
        What is pending is counted, and is too much from the limit on.
        """
        budget = Budget(maxReserved=100)
        budget.reserve(99)
        self.assertFalse(budget.isSpent)
        budget.reserve(1)
        self.assertEqual((budget.reserved, budget.isSpent), (100, True))
        budget.release(60)
        self.assertEqual((budget.reserved, budget.isSpent, budget.unwritten), (40, False, 0))

    def test_unwritten(self) -> None:
        """
        What waits to be written is counted; there is room up to the limit, and not for a byte more.
        """
        budget = Budget(maxUnwritten=100)
        budget.hold(70)
        self.assertTrue(budget.mayHold(30))
        self.assertFalse(budget.mayHold(31))
        budget.drop(50)
        self.assertEqual((budget.unwritten, budget.reserved), (20, 0))
        self.assertTrue(budget.mayHold(80))

    def test_limits(self) -> None:
        """
        There are limits where nobody says which.
        """
        budget = Budget()
        budget.reserve(MAX_RESERVED_BYTES)
        self.assertTrue(budget.isSpent)
        self.assertTrue(budget.mayHold(MAX_UNWRITTEN_BYTES))
        self.assertFalse(budget.mayHold(MAX_UNWRITTEN_BYTES + 1))
