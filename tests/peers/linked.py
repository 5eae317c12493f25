"""
What the tests of the link begin with.
"""

from __future__ import annotations

from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.receiver import Timed, Unreachable
from replkv.testing.cluster.connection import Connection
from tests.logged import logged
from tests.network import Network
from tests.peers.peer import Peer


class LinkTests(SynchronousTestCase):
    """
    What the tests of the link begin with.

    @ivar replies: what was answered.
    @ivar unreachable: how many requests were lost.
    @ivar losses: how often it was told that a connection is lost.
    """

    def setUp(self) -> None:
        """
        Server 0 has a link to server 1, which is not there yet.
        """
        self.lines = logged(self)
        self.network = Network()
        self.mine = Peer(self.network, 0)
        self.its = Peer(self.network, 1)
        self.link = self.mine.link(1)
        self.listening: IListeningPort | None = None
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

    def listen(self) -> None:
        """
        The other server is there.
        """
        self.listening = self.its.listen()

    def leave(self) -> None:
        """
        It takes no more connections.
        """
        assert self.listening is not None
        self.listening.stopListening()
        self.listening = None

    @property
    def wire(self) -> Connection:
        """
        The latest connection.
        """
        self.network.settle()
        *_, latest = self.network.connections
        return latest

    def isUp(self, wire: Connection) -> bool:
        """
        Whether the link has a connection still.
        """
        self.network.settle()
        return not wire.connecting.isOver

    def connect(self) -> Connection:
        """
        The other server is there, the connection is made, and the servers introduce themselves.
        """
        self.listen()
        return self.wire

    def waitForAttempt(self) -> float:
        """
        Let the time pass until the link tries to connect again.

        @return: the seconds that it took.
        """
        before = self.network.timeline.seconds()
        self.network.settle()
        self.network.attempts.clear()
        while not self.network.attempts:
            self.network.advance(0.005)
            self.assertLess(self.network.timeline.seconds() - before, 5)
        return self.network.timeline.seconds() - before

    def assertStops(self) -> None:
        """
        The service stops, and leaves nothing behind.
        """
        stopped = self.link.stopService()
        self.network.settle()
        self.assertIsNone(self.successResultOf(stopped))
        self.assertEqual(self.mine.process.getDelayedCalls(), [])
