"""
A client, and servers that lead or follow as the test wants.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.client.client import Client
from tests.client.network import Network
from tests.network import FarEnd


def stats(role: str, term: int = 4, leader: int | str = 20, **more: str) -> bytes:
    """
    A server's reply to C{stats}.
    """
    numbers = {"term": term, "commit_index": 1234, "applied_index": 1233, "keys": 7}
    values = {"role": role, "leader": leader, **numbers, **more}
    return b"".join(b"STAT %b %b\r\n" % (n.encode(), str(v).encode()) for n, v in values.items()) + b"END\r\n"


SEARCH = b"members\r\nstats\r\n"
"""
What a client asks each server when it searches for the leader.
"""


def searched(role: str, term: int = 4, leader: int | str = 20, members: bytes = b"ERRCMDERR\r\n") -> bytes:
    """
    A server's reply to that.

    @param members: the one to C{members}: by default, that of a server of an earlier version.
    """
    return members + stats(role, term, leader)


class ClientCase(SynchronousTestCase):
    """
    A client of three servers, on ports 1, 2 and 3.
    """

    def setUp(self) -> None:
        """
        Make the client.
        """
        self.network = Network()
        self.reactor = self.network.reactor
        self.client = Client(self.reactor, [("db", 1), ("db", 2), ("db", 3)], timeout=10)

    def connected(self, port: int = 1) -> FarEnd:
        """
        Accept the connection that the client has just asked for, and no other. Where it searches for the leader, be
        found first.
        """
        attempts = self.network.asked()
        wire = self.network.accept(port)
        if wire.value() == SEARCH:
            self.assertIn(port, attempts)
            wire.send(searched("leader"))
            attempts = self.network.asked()
            wire = self.network.accept(port)
        self.assertEqual(attempts, [port])
        return wire
