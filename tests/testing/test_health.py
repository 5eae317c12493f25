"""
Which servers are well.
"""

from __future__ import annotations

from math import inf

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.health import Health, Settling, settling


class HealthTests(SynchronousTestCase):
    """
    Tests for L{Health}.
    """

    def setUp(self) -> None:
        """
        Five servers.
        """
        self.now = 0.0
        self.health = Health(5, lambda: self.now)
        self.health.settling = Settling(2.0, 1.0)

    def test_nothingHappened(self) -> None:
        """
        Servers to which nothing has happened were always well.
        """
        self.assertEqual(self.health.wellSince(0), -inf)

    def test_nobodyKnows(self) -> None:
        """
        As long as nobody says how soon servers settle, nothing follows.
        """
        self.health.settling = None
        self.assertIsNone(self.health.wellSince(0))

    def test_minority(self) -> None:
        """
        What happens to a minority does not matter to the others, and it matters to those to whom it happens.
        """
        self.health.trouble([1, 2])
        self.assertEqual(self.health.wellSince(0), -inf)
        self.assertIsNone(self.health.wellSince(1))

    def test_majority(self) -> None:
        """
        Without a majority that is well nobody is, until enough have been well again for a while.
        """
        ends = [self.health.trouble([server]) for server in (1, 2, 3)]
        self.assertIsNone(self.health.wellSince(0))
        for self.now, end in enumerate(ends, 7):
            end()
        self.assertEqual(self.health.wellSince(0), 7)
        self.assertEqual(self.health.wellSince(3), 9)

    def test_twoTroubles(self) -> None:
        """
        Who has two troubles is well when both are over.
        """
        first, second = self.health.trouble([0]), self.health.trouble([0, 1])
        self.now = 3.0
        first()
        self.assertIsNone(self.health.wellSince(0))
        self.now = 4.0
        second()
        self.assertEqual(self.health.wellSince(0), 4.0)

    def test_settled(self) -> None:
        """
        Those who are well hear each other a while after that, and nothing follows where no such time is known.
        """
        end = self.health.trouble([1, 2, 3])
        self.assertEqual(self.health.settledFor(0), -inf)
        self.now = 4.0
        end()
        self.health.settling = Settling(5.0, 0.25)
        self.now = 8.0
        self.assertEqual(self.health.settledFor(0), -1.0)
        self.now = 12.0
        self.assertEqual(self.health.settledFor(0), 3.0)
        self.health.settling = None
        self.assertEqual(self.health.settledFor(0), -inf)


class SettlingTests(SynchronousTestCase):
    """
    Tests for L{settling}.
    """

    def test_settling(self) -> None:
        """
        All are linked, and then some election timeouts pass, by the slowest clock.
        """
        self.assertEqual(settling(0.9, 1.0, 1.5, 2.0), Settling(6.5, 1.5))

    def test_never(self) -> None:
        """
        Where the fastest may time out before it has heard anything, nothing follows from being well.
        """
        self.assertIsNone(settling(1.0, 1.0, 1.5, 2.0))
