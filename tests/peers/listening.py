"""
What the tests of the listener begin with.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.commands import Hello
from tests.logged import logged
from tests.peers.wire import Peer, Wire


class Caller(amp.AMP):
    """
    The end that asks, without the rules of a server's own.
    """

    def makeConnection(self, transport: Any) -> None:
        """
        Begin, and log nothing.
        """
        super(amp.AMP, self).makeConnection(transport)

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        """
        End, and log nothing.
        """
        super(amp.AMP, self).connectionLost(reason)

    def ask(self, command: type[amp.Command], **arguments: Any) -> Deferred[Any]:
        """
        Call, and keep the outcome for the test, whatever it is.
        """
        outcome: Deferred[Any] = Deferred()
        self.callRemote(command, **arguments).addCallbacks(outcome.callback, outcome.errback)
        return outcome


class ListenerTests(SynchronousTestCase):
    """
    What the tests of the listener begin with.
    """

    def setUp(self) -> None:
        """
        Server 1 listens.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.server = Peer(self.clock, 1)
        self.caller, self.wire = self.connect()

    def connect(self) -> tuple[Caller, Wire]:
        """
        Connect to the server.
        """
        caller = Caller()
        return caller, Wire(self.clock, caller, self.server.accept())

    def hello(self, caller: Caller, sender: int = 0, **changed: Any) -> Deferred[Any]:
        """
        Send the hello of another server, with something changed in it.
        """
        return caller.ask(Hello, **{**Peer(self.clock, sender).identity.hello(1), **changed})

    def introduce(self) -> None:
        """
        Server 0 is let in.
        """
        introduced = self.hello(self.caller)
        self.wire.carry()
        self.assertEqual(self.successResultOf(introduced), {"incarnation": "folder 1", "starts": 1, "names": ["first"]})
