"""
Servers on the simulated network, whose every connection the test holds in its hands.
"""

from __future__ import annotations

from twisted.internet.interfaces import IListeningPort

from tests import network
from tests.network import FarEnd, Listening

HOST = "db"
"""
Where the servers are.
"""

CLIENT = "client"
"""
Where the client is.
"""

PORTS = range(1, 10)
"""
Where they listen.
"""


class Network(network.Network):
    """
    A client's way to servers on one host. They take all connections, and are silent.

    @ivar reactor: the reactor to give to what is tested.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reactor = self.process(CLIENT)
        self._servers = self.process(HOST)
        self._factories = {port: Listening(self) for port in PORTS}
        self._ports: dict[int, IListeningPort] = {}
        for port in PORTS:
            self.serve(port)

    def asked(self) -> list[int]:
        """
        The ports that were connected to since this was last asked, in order.
        """
        attempts, self.attempts = self.attempts, []
        return [port for _, port in attempts]

    def accept(self, port: int) -> FarEnd:
        """
        The server's end of the latest connection to this port.
        """
        return self._factories[port].accept()

    def refuse(self, *ports: int) -> None:
        """
        Have nobody listen at these ports from here on.
        """
        for port in ports:
            self._ports[port].stopListening()
        self.settle()

    def serve(self, port: int) -> None:
        """
        Have a server listen at this port.
        """
        self._ports[port] = self._servers.listenTCP(port, self._factories[port])
