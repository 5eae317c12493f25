"""
The hash of a server's state, as another server asks for it.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from replkv.peers.commands import CompareStateCommand, StateHashCommand
from replkv.peers.receiver import TooOld, Unreachable
from replkv.versions import Versions
from tests.peers.linked import LinkTests
from tests.peers.listening import ListenerTests
from tests.peers.peer import Peer


class StateLinkTests(LinkTests):
    """
    Both ends.
    """

    def test_asked(self) -> None:
        """
        It comes when there is one, whatever it is.
        """
        self.connect()
        for found in (0, 2**64 - 1, None):
            self.its.states.hash = Deferred()
            asked = self.link.stateHash(2**40)
            self.network.settle()
            self.assertNoResult(asked)
            self.its.states.hash.callback(found)
            self.network.settle()
            self.assertEqual(self.successResultOf(asked), found)
        self.assertEqual(self.its.states.asked, [(0, 2**40)] * 3)

    def test_compared(self) -> None:
        """
        It is told what a majority has.
        """
        self.connect()
        told = self.link.compareState(7, 2**64 - 1)
        self.network.settle()
        self.assertIsNone(self.successResultOf(told))
        self.assertEqual(self.its.states.asked, [(0, 7, 2**64 - 1)])

    def test_notConnected(self) -> None:
        """
        Without a connection, there is nobody to ask.
        """
        self.failureResultOf(self.link.stateHash(1), Unreachable)
        self.failureResultOf(self.link.compareState(1, 1), Unreachable)

    def test_tooOld(self) -> None:
        """
        A server of an earlier version is not asked.
        """
        self.its = Peer(self.network, 1, versions=Versions(3, 3))
        self.connect()
        self.failureResultOf(self.link.stateHash(1), TooOld)
        self.failureResultOf(self.link.compareState(1, 1), TooOld)
        self.assertTrue(self.link.isUp)


class StateStrangerTests(ListenerTests):
    """
    Who has not said who it is.
    """

    def test_notIntroduced(self) -> None:
        """
        A stranger is told nothing, and not believed.
        """
        self.server.states.hash = succeed(1)
        outcomes: list[object] = []
        self.caller.ask(StateHashCommand, index=1).addBoth(outcomes.append)
        self.caller.ask(CompareStateCommand, index=1, hash=1).addBoth(outcomes.append)
        self.network.settle()
        self.assertEqual(len(outcomes), 2)
        self.assertTrue(all(isinstance(outcome, Failure) for outcome in outcomes))
        self.assertEqual(self.server.states.asked, [])
