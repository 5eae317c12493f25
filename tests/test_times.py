"""
Tests for L{replkv.times}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.times import FAR_FUTURE, deadlineOf


class DeadlineTests(SynchronousTestCase):
    """
    Tests for L{deadlineOf}.
    """

    def test_seconds(self) -> None:
        """
        A key lives for so many seconds; for ever, if there are none.
        """
        self.assertEqual(deadlineOf(1500, 2), 3500)
        self.assertEqual(deadlineOf(1500, 0), 0)

    def test_farFuture(self) -> None:
        """
        What lies beyond the far future is the far future.
        """
        self.assertEqual(deadlineOf(1, 2**64 - 1), FAR_FUTURE)
        self.assertEqual(deadlineOf(FAR_FUTURE, 1), FAR_FUTURE)
        self.assertEqual(deadlineOf(FAR_FUTURE, 0), 0)
