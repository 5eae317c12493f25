"""
The connections of a client, one to each server that it needed so far.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from replkv.client.address import Address
from replkv.client.credentials import Credentials
from replkv.client.errors import NotAllowed, Unavailable
from replkv.client.limits import ClientLimits
from replkv.client.protocol import CommandProtocol, Owner
from replkv.commands import results
from replkv.commands.results import Result
from replkv.names import NameEndpoint, Names
from replkv.reasons import reasonOf


class LoginRedirected(Unavailable):
    """
    A server that does not lead does not know the user by this token, and so cannot tell whether anyone does.

    @ivar leader: who can.
    """

    def __init__(self, server: Address, user: str, leader: Address) -> None:
        super().__init__(f"{server}: it does not know the user {user} by this token; {leader} may, which leads")
        self.leader = leader


class ServerSecurity(Protocol):
    """
    How a client makes sure to which servers it talks: L{replkv.tls.connecting.Tls}.
    """

    def connect(self, endpoint: IStreamClientEndpoint, host: str, clock: IReactorTime) -> IStreamClientEndpoint:
        """
        Protect the connections of an endpoint, which are to that host.
        """


class Connections:
    """
    Makes a connection when it is first asked for, keeps it while it is of use, and shares it among all who ask. Where
    there is a user, nobody is given one before the server knows it for that user's.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        names: Names,
        patience: float,
        owner: Owner,
        limits: ClientLimits,
        security: ServerSecurity | None,
        credentials: Credentials | None = None,
    ) -> None:
        """
        @param reactor: a reactor that can also connect to hosts by name.
        @param names: looks these names up.
        @param patience: the seconds after which an attempt to connect is given up, and a silent server is left.
        @param owner: is told what happens on the connections.
        @param security: protects them; C{None} if nothing does.
        @param credentials: whose they are; C{None} if nobody logs in.
        """
        self._reactor = reactor
        self._names = names
        self._patience = patience
        self._owner = owner
        self._limits = limits
        self._security = security
        self._credentials = credentials
        self._made: dict[Address, CommandProtocol] = {}
        self._left: deque[CommandProtocol] = deque()
        self._attempts: dict[Address, Deferred[CommandProtocol]] = {}
        self._waiting: dict[Address, list[Deferred[CommandProtocol]]] = {}

    def to(self, server: Address) -> Deferred[CommandProtocol]:
        """
        A connection to this server. Those who wait for the same one get it in the order in which they asked.

        @return: fails with L{Unavailable} if there is none within the patience, or the server says nothing of a login
            for as long, with L{LoginRedirected} if only another one can tell of the user, and with L{NotAllowed} if it
            refuses the user.
        """
        connection = self._made.get(server)
        if connection is not None and connection.isUsable:
            return succeed(connection)
        waiter: Deferred[CommandProtocol] = Deferred()
        if server in self._waiting:
            self._waiting[server].append(waiter)
        elif not self._hasRoomFor(server):
            return fail(Unavailable(f"{server}: {self._limits.connections} connections are open"))
        else:
            self._waiting[server] = [waiter]
            self._connect(server)
        return waiter

    def close(self) -> None:
        """
        Close all connections, and give up those that are being made.
        """
        for connection in [*self._left, *self._made.values()]:
            connection.close()
        for attempt in list(self._attempts.values()):
            attempt.cancel()

    def _hasRoomFor(self, server: Address) -> bool:
        """
        Put aside what is of no more use. Of silent connections the oldest end, where there are too many.
        """
        for address, connection in list(self._made.items()):
            if not connection.isUsable:
                del self._made[address]
                self._left.append(connection)
        self._left = deque(connection for connection in self._left if not connection.hasEnded)
        while len(self._left) > self._limits.left:
            self._left.popleft().close()
        return len(self._made) + len(self._waiting) < self._limits.connections

    def _connect(self, server: Address) -> None:
        endpoint: IStreamClientEndpoint = NameEndpoint(
            self._reactor, self._names, server.host, server.port, self._patience
        )
        if self._security is not None:
            endpoint = self._security.connect(endpoint, server.host, self._reactor)
        factory = Factory.forProtocol(lambda: CommandProtocol(self._reactor, self._patience, self._owner, self._limits))
        factory.noisy = False
        attempt = cast("Deferred[CommandProtocol]", endpoint.connect(factory))
        if self._credentials is not None:
            attempt.addCallback(self._logIn, server, self._credentials)
        self._attempts[server] = attempt
        attempt.addBoth(self._settled, server)

    def _logIn(
        self, connection: CommandProtocol, server: Address, credentials: Credentials
    ) -> Deferred[CommandProtocol]:
        def answered(reply: Result) -> CommandProtocol:
            if isinstance(reply, results.Done):
                return connection
            raise loginRefusal(reply, server, credentials)

        def failed(failure: Failure) -> Failure:
            connection.close()
            return failure

        # Whatever comes of it, it may be asked again.
        return connection.send(credentials.encoded, changes=False).addCallback(answered).addErrback(failed)

    def _settled(self, result: CommandProtocol | Failure, server: Address) -> None:
        del self._attempts[server]
        if isinstance(result, Failure):
            if result.check(NotAllowed, LoginRedirected) is None:
                result = Failure(Unavailable(f"{server}: {reasonOf(result.value)}"))
        else:
            self._made[server] = result
        for waiter in self._waiting.pop(server):
            waiter.callback(result)


def loginRefusal(reply: Result, server: Address, credentials: Credentials) -> Exception:
    """
    Why a login did not come off. Only who leads can tell that nobody is known by a token.
    """
    match reply:
        case results.NotAllowed():
            return NotAllowed(f"{server} does not know the user {credentials.user} by this token", credentials.user)
        case results.Redirected():
            return LoginRedirected(server, credentials.user, Address(reply.host, reply.port))
        case results.Unavailable():
            return Unavailable(f"it cannot tell now whether this is {credentials.user} (ERR_INTERNAL)")
    return Unavailable("it does not know users, and has to be upgraded")
