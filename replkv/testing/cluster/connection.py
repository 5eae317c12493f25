"""
Simulated TCP connections.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from replkv.testing.cluster.end import End
from replkv.testing.cluster.process import Process

if TYPE_CHECKING:
    from replkv.testing.cluster.network import Network


class Connection:
    """
    @ivar connecting: the end that asked for it.
    @ivar accepting: the end that listened.
    """

    def __init__(
        self,
        network: Network,
        connecting: Process,
        connectingAddress: IPv4Address,
        accepting: Process,
        acceptingAddress: IPv4Address,
        lost: Callable[[Failure], None],
    ) -> None:
        """
        @param lost: called when the connecting end was told that the connection is lost.
        """
        self.connecting = End(network, connecting, connectingAddress, lost, self._settle)
        self.accepting = End(network, accepting, acceptingAddress, lambda reason: None, self._settle)
        self.connecting.other = self.accepting
        self.accepting.other = self.connecting
        self._ends = (self.connecting, self.accepting)
        self._network = network
        network.connections[self] = None

    def open(self, protocol: Protocol, accept: Callable[[], Protocol | None]) -> None:
        """
        Begin.

        @param protocol: the connecting side's.
        @param accept: makes the accepting side's.
        """
        self.accepting.process.perform(self._accept, accept)
        self.connecting.begin(protocol)

    def _accept(self, accept: Callable[[], Protocol | None]) -> None:
        protocol = accept()
        if protocol is None:
            self.accepting.loseConnection()
        else:
            self.accepting.begin(protocol)

    def isBetween(self, one: str, other: str) -> bool:
        """
        Whether it is between these hosts.
        """
        return {one, other} == {end.process.host for end in self._ends}

    def wake(self, sender: str, to: str) -> None:
        """
        The way from C{sender} to C{to} is open again.
        """
        for end in self._ends:
            if end.process.host == sender and end.other.process.host == to:
                end.wake()

    def reset(self) -> None:
        """
        Lose it.
        """
        for end in self._ends:
            end.lose(ConnectionLost())

    def die(self) -> None:
        """
        Let nothing through any more, and tell nobody.
        """
        for end in self._ends:
            end.die()

    def processEnded(self, process: Process, silently: bool) -> None:
        """
        A process has ended.
        """
        for end in self._ends:
            if end.process is process:
                end.vanish(silently)

    def hostReturned(self, host: str) -> None:
        """
        A host that had gone is there again.
        """
        for end in self._ends:
            if end.process.host == host:
                end.hostReturned()

    def _settle(self) -> None:
        """
        Forget the connection when both ends are through with it.
        """
        if all(end.isOver for end in self._ends):
            self._network.connections.pop(self, None)
