"""
Commands of clients, as another server passes them on.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from replkv.peers.commands import ForwardCommand
from replkv.peers.forwards import Forward, ForwardReplies
from replkv.peers.link import ANSWER_TIMEOUT
from replkv.peers.receiver import TooOld, Unreachable
from replkv.raft.validity import Impossible
from replkv.versions import Versions
from tests.peers.linked import LinkTests
from tests.peers.listening import ListenerTests
from tests.peers.peer import Peer

LARGE = bytes(range(256)) * (8 << 12)


class ForwardLinkTests(LinkTests):
    """
    Both ends.
    """

    def test_forwarded(self) -> None:
        """
        They are given to the other server as they are, however many bytes they have, and the replies come back so.
        """
        self.connect()
        self.assertTrue(self.link.canForward)
        for commands, replies in ((b"get k\r\n", b""), (LARGE, LARGE)):
            self.its.forwards.replies = Deferred()
            forward = Forward(2**40, 7, b"1", commands)
            asked = self.link.forward(forward)
            self.network.settle()
            self.assertNoResult(asked)
            self.assertEqual(self.its.forwards.taken.pop(), (0, forward))
            self.its.forwards.replies.callback(ForwardReplies(replies, not replies))
            self.network.settle()
            self.assertEqual(self.successResultOf(asked), ForwardReplies(replies, not replies))

    def test_rest(self) -> None:
        """
        The rest is asked for without commands.
        """
        self.connect()
        self.successResultOf(self.settled(self.link.forward(Forward(3, 7))))
        self.assertEqual(self.its.forwards.taken, [(0, Forward(3, 7, b"", b""))])

    def test_notConnected(self) -> None:
        """
        Without a connection, nothing is passed on.
        """
        self.assertFalse(self.link.canForward)
        self.failureResultOf(self.link.forward(Forward(1, 1)), Unreachable)

    def test_tooOld(self) -> None:
        """
        Nor to a server of an earlier version.
        """
        self.its = Peer(self.network, 1, versions=Versions(3, 3))
        self.connect()
        self.assertTrue(self.link.isUp)
        self.assertFalse(self.link.canForward)
        self.failureResultOf(self.link.forward(Forward(1, 1)), TooOld)

    def test_lost(self) -> None:
        """
        With the connection, all that was passed on is lost; and the other side knows that nobody waits.
        """
        wire = self.connect()
        self.its.forwards.replies = Deferred()
        asked = self.link.forward(Forward(1, 1, b"1", b"get k\r\n"))
        self.network.settle()
        wire.reset()
        self.network.settle()
        self.failureResultOf(asked, Unreachable)
        self.assertEqual(self.its.forwards.closed, 1)

    def test_impossible(self) -> None:
        """
        What no server in its right mind forwards ends the connection.
        """
        wire = self.connect()
        self.its.forwards.replies = Deferred()
        self.its.forwards.replies.errback(Impossible("nonsense"))
        asked = self.link.forward(Forward(1, 1, b"1", b"nonsense"))
        # AMP would take what nobody minds.
        failures: list[Failure] = []
        asked.addErrback(failures.append)
        self.assertFalse(self.isUp(wire))
        self.assertIsNotNone(failures[0].check(Unreachable))

    def test_silent(self) -> None:
        """
        An answer is waited for as long as any: a leader tells in time that it has none yet.
        """
        wire = self.connect()
        self.its.forwards.replies = Deferred()
        asked = self.link.forward(Forward(1, 1, b"1", b"get k\r\n"))
        self.network.settle()
        self.network.advance(2 * ANSWER_TIMEOUT)
        self.assertFalse(self.isUp(wire))
        self.failureResultOf(asked, Unreachable)

    def settled(self, asked: Deferred[ForwardReplies]) -> Deferred[ForwardReplies]:
        """
        What has come of it.
        """
        self.network.settle()
        return asked


class ForwardStrangerTests(ListenerTests):
    """
    Who has not said who it is.
    """

    def test_notIntroduced(self) -> None:
        """
        Nothing is done for a stranger.
        """
        outcomes: list[object] = []
        asked = self.caller.ask(ForwardCommand, term=1, number=1, logins=b"1", commands=b"get k\r\n")
        asked.addBoth(outcomes.append)
        self.network.settle()
        self.assertIsInstance(outcomes[0], Failure)
        self.assertEqual(self.server.forwards.taken, [])
