"""
A port for clients, on which one protocol is spoken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from replkv.frontends.connection import ClientConnection
from replkv.frontends.dialect import Dialect

if TYPE_CHECKING:
    from replkv.frontends.clients import Clients


class Door(ServerFactory):
    """
    Takes in clients, unless there are too many or the server stops.

    @ivar clients: those of all doors.
    @ivar dialect: what is spoken here.
    """

    noisy = False

    def __init__(self, clients: Clients, dialect: Dialect) -> None:
        self.clients = clients
        self.dialect = dialect

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Take in a client, or tell it that there is no room.
        """
        host = addr.host if isinstance(addr, IPv4Address | IPv6Address) else ""
        connection = ClientConnection(self.clients, self.dialect, host)
        if self.clients.admit(connection):
            return connection
        # Those who are told have a descriptor each, so they are not many at once.
        return _Refusal(self) if self.clients.mayRefuse else None


class _Refusal(Protocol):
    """
    A connection that is one too many: it is told so and closed.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def connectionMade(self) -> None:
        """
        Say that there is no service.
        """
        assert self.transport is not None
        self._door.clients.refusals += 1
        self.transport.write(self._door.dialect.refusal.reply or b"")
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Make room for the next one.
        """
        self._door.clients.refusals -= 1
