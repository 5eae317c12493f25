"""
Tests of the network between servers.
"""

from __future__ import annotations

from math import inf

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from tests.faults.network import Network


class NetworkTests(SynchronousTestCase):
    """
    Tests of L{Network}, with four servers.
    """

    def setUp(self) -> None:
        """
        Make a network on which all is well.
        """
        self.network = Network(MemoryReactorClock(), {number: 10_000 + number for number in range(4)})
        self.addCleanup(lambda: self.successResultOf(self.network.close()))

    def mute(self) -> set[tuple[int, int]]:
        """
        The servers that are not heard, each with the one that does not hear it.

        @return: what is so on the connections of both.
        """
        links = self.network.links
        mute = {pair for pair, link in links.items() if link.forward.hangs}
        self.assertEqual({(other, one) for (one, other), link in links.items() if link.back.hangs}, mute)
        return mute

    def closed(self) -> set[tuple[int, int]]:
        """
        The servers that cannot connect, each with the one to which.
        """
        return {pair for pair, link in self.network.links.items() if not link.isOpen}

    def slowed(self) -> set[tuple[int, int]]:
        """
        The servers whose connections are slow, each with the one to which.
        """
        ways = {pair: (link.forward, link.back) for pair, link in self.network.links.items()}
        return {pair for pair, both in ways.items() if all((way.delay, way.rate) == (0.1, 1000.0) for way in both)}

    def test_well(self) -> None:
        """
        At first all is well, between any two servers.
        """
        self.assertEqual(len(self.network.links), 12)
        self.assertEqual((self.mute(), self.closed(), self.slowed()), (set(), set(), set()))

    def test_cut(self) -> None:
        """
        To cut is to cut off either group from the other, and no two of the same.
        """
        self.network.cut([0], [2, 3])
        self.assertEqual(self.closed(), {(0, 2), (2, 0), (0, 3), (3, 0)})
        self.assertEqual(self.mute(), set())
        self.network.heal([0], [3])
        self.assertEqual(self.closed(), {(0, 2), (2, 0)})

    def test_silence(self) -> None:
        """
        To silence is to let nothing through that one group sends to the other, over whosever connection.
        """
        self.network.silence([0, 1], [3])
        self.assertEqual(self.mute(), {(0, 3), (1, 3)})
        self.network.silence([3], [1])
        self.assertEqual(self.mute(), {(0, 3), (1, 3), (3, 1)})
        self.assertEqual(self.closed(), set())
        self.network.heal([3], [0, 1])
        self.assertEqual(self.mute(), set())

    def test_slow(self) -> None:
        """
        To slow is to slow both ways.
        """
        self.network.slow([1], [2], 0.1, 1000.0)
        self.assertEqual(self.slowed(), {(1, 2), (2, 1)})
        self.network.heal([2], [1])
        self.assertEqual(self.slowed(), set())
        self.assertEqual({link.back.rate for link in self.network.links.values()}, {inf})
