"""
Where other servers connect to.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.logger import Logger

from replkv.outside import LONGEST, OutsideLog
from replkv.peers.forwards import Forwards
from replkv.peers.identity import Identity
from replkv.peers.incoming import IncomingConnection
from replkv.peers.receiver import Receiver
from replkv.peers.security import PeerSecurity
from replkv.peers.snapshots import SnapshotSource
from replkv.peers.states import StateSource
from replkv.printable import printable

MAX_STRANGERS: Final = 16
"""
How many connections there may be at once that have not said who they are.
"""

_MAX_UNKNOWN: Final = 2 * MAX_STRANGERS

MAX_REFUSALS: Final = 128
"""
How many different refusals are remembered, so that each is logged once.
"""


class PeerListener(ServerFactory):
    """
    The factory of the connections that other servers make.

    @ivar connections: those that are open, the oldest first.
    @ivar outside: logs what comes on them.
    """

    noisy = False
    _logger = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        identity: Identity,
        receiver: Receiver,
        snapshots: SnapshotSource,
        states: StateSource,
        forwards: Forwards,
        security: PeerSecurity,
    ) -> None:
        """
        @param receiver: is given the messages of the consensus.
        @param snapshots: gives snapshots.
        @param states: tells the hash of this server's state.
        @param forwards: takes commands of clients of other servers.
        @param security: knows who has proved who it is.
        """
        self.clock = clock
        self.identity = identity
        self.receiver = receiver
        self.snapshots = snapshots
        self.states = states
        self.forwards = forwards
        self.security = security
        self.connections: dict[IncomingConnection, None] = {}
        self.outside = OutsideLog(clock, self._logger)
        self._crowded = False
        self.refusals: set[tuple[int, str]] = set()

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Let another server introduce itself; unless so many connect at once that those which were given up for them
        could not be closed yet.
        """
        if sum(connection.sender is None or connection.isGivenUp for connection in self.connections) >= _MAX_UNKNOWN:
            return None
        connection = IncomingConnection()
        connection.factory = self
        return connection

    def makeRoom(self) -> None:
        """
        Where there are too many connections that have not said who they are, give up the oldest of them: strangers
        must neither keep out a member nor use up the descriptors.
        """
        strangers = [peer for peer in self.connections if peer.sender is None and not peer.isGivenUp]
        if len(strangers) > MAX_STRANGERS:
            if not self._crowded:
                self._crowded = True
                self._logger.warn("{count} connections to the servers' port: strangers?", count=len(strangers))
            self._close(strangers[0])

    def mistaken(self, sender: int | None, what: str) -> None:
        """
        The other side of a connection has done something that it must not: tell the operator. Anyone can connect.

        @param sender: which server it is; C{None} if it has not said it.
        @param what: what it did, and what was done.
        """
        self.outside.say("connection" if sender is None else f"server {sender}", what)

    def logRefusal(self, sender: int, address: object, reason: str) -> None:
        """
        Say once, and not at each of its attempts, why a server is refused.
        """
        refusal = sender, printable(reason, LONGEST)
        if refusal not in self.refusals:
            if len(self.refusals) < MAX_REFUSALS:
                self.refusals.add(refusal)
            self.outside.say("refusal", f"refused a connection from {address}: {reason}")

    def introduced(self, connection: IncomingConnection) -> None:
        """
        A server was let in: close the connection that it had before. Its host may have vanished without a word, and
        TCP would keep that connection for hours.
        """
        for other in list(self.connections):
            if other is not connection and other.sender == connection.sender and connection in self.connections:
                self._close(other)

    def close(self) -> None:
        """
        Close all connections.
        """
        for connection in list(self.connections):
            self._close(connection)

    def _close(self, connection: IncomingConnection) -> None:
        connection.isGivenUp = True
        connection.transport.abortConnection()
