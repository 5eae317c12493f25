"""
What the tests of expiry begin with.
"""

from __future__ import annotations

from replkv.commands.results import NotFound
from replkv.testing import SimulatedServer
from tests.frontends.asked import Asked
from tests.node.cluster import Client
from tests.node.leading import LeaderTests

NOT_FOUND = NotFound()


class ExpiryTests(LeaderTests):
    """
    A cluster, and a client of its leader.
    """

    def restart(self, server: SimulatedServer, wrong: float) -> None:
        """
        A server loses its power, and comes back with a disk that is well and a wall clock that is wrong by so many
        seconds.
        """
        for thread in server._threads:
            # A disk that is held has not begun.
            thread._calls.clear()
        server.losePower()
        self.cluster.hold([server], False)
        server.resetClock(wrong)
        server.start()

    def get(self, server: SimulatedServer) -> Asked:
        """
        Ask for the key by a connection of its own, and give the answer time.
        """
        request = Client(server).get(b"k")
        self.cluster.run(0.06)
        return request

    def failOver(self) -> SimulatedServer:
        """
        The leader is cut off.

        @return: the next one.
        """
        self.cluster.part(0)
        leader = self.cluster.leader()
        self.assertIsNot(leader, self.leader)
        return leader
