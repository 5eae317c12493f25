"""
What the tests of the link begin with.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.logged import logged
from tests.peers.wire import Peer, Wire


class LinkTests(SynchronousTestCase):
    """
    What the tests of the link begin with.
    """

    def setUp(self) -> None:
        """
        Server 0 has a link to server 1.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.mine = Peer(self.clock, 0)
        self.its = Peer(self.clock, 1)
        self.link = self.mine.link(1)

    def connect(self) -> Wire:
        """
        The connection is made, and the servers introduce themselves.
        """
        wire = self.mine.door.open(self.clock, self.its.accept())
        wire.carry()
        return wire

    def waitForAttempt(self) -> float:
        """
        Let the time pass until the link tries to connect again.

        @return: the seconds that it took.
        """
        before = self.clock.seconds()
        while not self.mine.door.attempts:
            self.clock.advance(0.005)
            self.assertLess(self.clock.seconds() - before, 5)
        return self.clock.seconds() - before

    def assertStops(self) -> None:
        """
        The service stops, and leaves nothing behind.
        """
        stopped = self.link.stopService()
        return_ = self.successResultOf(stopped)
        self.assertIsNone(return_)
        self.assertEqual(self.clock.getDelayedCalls(), [])
