"""
The connections of a client, one to each server that it needed so far.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple, cast

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from replkv.client.errors import Unavailable
from replkv.client.protocol import ClientProtocol
from replkv.names import NameEndpoint, Names


class Address(NamedTuple):
    """
    Where a server answers clients.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Connections:
    """
    Makes a connection when it is first asked for, keeps it while it stands, and shares it among all who ask.
    """

    MAX_CONNECTIONS: Final = 64

    def __init__(self, reactor: IReactorTime, timeout: float) -> None:
        """
        @param reactor: a reactor that can also connect to hosts by name.
        @param timeout: the seconds after which an attempt to connect is given up.
        """
        self._reactor = reactor
        self._timeout = timeout
        self._names = Names(reactor)
        self._made: dict[Address, ClientProtocol] = {}
        self._attempts: dict[Address, Deferred[ClientProtocol]] = {}
        self._waiting: dict[Address, list[Deferred[ClientProtocol]]] = {}

    async def to(self, server: Address, patience: float) -> ClientProtocol:
        """
        A connection to this server. Those who wait for the same one get it in the order in which they asked.

        @raise Unavailable: if there is none within C{patience} seconds.
        """
        connection = self._made.get(server)
        if connection is not None:
            return connection
        waiter: Deferred[ClientProtocol] = Deferred()
        if server in self._waiting:
            self._waiting[server].append(waiter)
        elif len(self._made) + len(self._waiting) >= self.MAX_CONNECTIONS:
            raise Unavailable(f"{server}: {self.MAX_CONNECTIONS} connections are open")
        else:
            self._waiting[server] = [waiter]
            self._connect(server)
        try:
            return await waiter.addTimeout(patience, self._reactor)
        except defer.CancelledError:
            raise
        except defer.TimeoutError:
            raise Unavailable(f"{server}: no connection in {patience:g} s") from None
        except Exception as error:
            raise Unavailable(f"{server}: {error}") from None

    def close(self) -> None:
        """
        Close all connections, and give up those that are being made.
        """
        for connection in list(self._made.values()):
            connection.close()
        for attempt in list(self._attempts.values()):
            attempt.cancel()

    def _connect(self, server: Address) -> None:
        endpoint = NameEndpoint(self._reactor, self._names, server.host, server.port, self._timeout)
        factory = Factory.forProtocol(lambda: ClientProtocol(partial(self._lost, server)))
        factory.noisy = False
        attempt = cast("Deferred[ClientProtocol]", endpoint.connect(factory))
        self._attempts[server] = attempt
        attempt.addBoth(self._settled, server)

    def _settled(self, result: ClientProtocol | Failure, server: Address) -> None:
        del self._attempts[server]
        if not isinstance(result, Failure):
            self._made[server] = result
        for waiter in self._waiting.pop(server):
            waiter.callback(result)

    def _lost(self, server: Address) -> None:
        self._made.pop(server, None)
