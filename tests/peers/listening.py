"""
What the tests of the listener begin with.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.commands import Hello
from replkv.peers.quiet import QuietAMP
from replkv.testing.cluster.end import End
from tests.logged import logged
from tests.network import Network, dial
from tests.peers.peer import PORT, Peer, hostOf


class Caller(QuietAMP):
    """
    The end that asks, without the rules of a server's own.
    """

    transport: End

    @property
    def isUp(self) -> bool:
        """
        Whether the server has not closed the connection.
        """
        return not self.transport.other.isOver

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
        self.network = Network()
        self.server = Peer(self.network, 1)
        self.listening = self.server.listen()
        self.caller = self.connect()

    def connect(self) -> Caller:
        """
        Connect to the server.
        """
        caller = self.begin()
        self.network.settle()
        return caller

    def begin(self) -> Caller:
        """
        Begin to connect.
        """
        caller = Caller()
        dial(caller, self.network.process(hostOf(0)), hostOf(1), PORT)
        return caller

    def hello(self, caller: Caller, sender: int = 0, **changed: Any) -> Deferred[Any]:
        """
        Send the hello of another server, with something changed in it.
        """
        return caller.ask(Hello, **{**Peer(self.network, sender).identity.hello(1), **changed})

    def introduce(self) -> None:
        """
        Server 0 is let in.
        """
        introduced = self.hello(self.caller)
        self.network.settle()
        self.assertEqual(self.successResultOf(introduced), self.server.identity.introduction() | {"names": ["first"]})
