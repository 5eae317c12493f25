"""
What the tests of the link begin with.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.receiver import Timed, Unreachable
from tests.logged import logged
from tests.peers.wire import Peer, Wire


class LinkTests(SynchronousTestCase):
    """
    What the tests of the link begin with.

    @ivar replies: what was answered.
    @ivar unreachable: how many requests were lost.
    @ivar losses: how often it was told that a connection is lost.
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
        self.replies: list[Timed] = []
        self.unreachable = 0
        self.losses = 0
        self.link.whenLost().addCallback(self.lost)

    def lost(self, _: None) -> None:
        """
        A connection is lost.
        """
        self.losses += 1
        self.link.whenLost().addCallback(self.lost)

    def ask(self, request: Timed) -> None:
        """
        Ask for something, and take note of what comes of it.
        """
        self.link.send(request).addCallbacks(self.replies.append, self.unanswered)

    def unanswered(self, failure: Failure) -> None:
        """
        A request is lost.
        """
        failure.trap(Unreachable)
        self.unreachable += 1

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
