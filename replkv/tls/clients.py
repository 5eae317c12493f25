"""
TLS between a server and its clients, from the server's side.
"""

from __future__ import annotations

from datetime import datetime

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import TLSVersion
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from replkv.tls.accepting import accepting
from replkv.tls.credentials import Credentials
from replkv.tls.optional import OptionalFactory
from replkv.tls.wrapping import contextOf, optionsOf, ownOptions


@implementer(IOpenSSLServerConnectionCreator)
class ClientTls:
    """
    How a server talks to its clients. What it proves itself with may be replaced, as L{replkv.tls.members.MemberTls}'s.

    @ivar credentials: by what it proves who it is.
    """

    def __init__(
        self, credentials: Credentials, verifiesClients: bool, clock: IReactorTime, isRequired: bool = True
    ) -> None:
        """
        @param verifiesClients: whether clients have to come with a certificate of an authority that it believes.
        @param isRequired: whether they have to speak TLS.
        @raise ConfigError: if OpenSSL has no use for the credentials.
        """
        self.credentials = credentials
        self._clock = clock
        self._isRequired = isRequired
        options = optionsOf(credentials) if verifiesClients else ownOptions(credentials)
        # Clients are of many kinds, and not all of them new.
        self._context = contextOf({**options, "raiseMinimumTo": TLSVersion.TLSv1_2})

    def take(self, other: ClientTls) -> None:
        """
        Have the credentials of another one from now on.
        """
        self.credentials, self._context = other.credentials, other._context

    @property
    def end(self) -> datetime:
        """
        See L{Credentials.end}.
        """
        return self.credentials.end

    def serve(self, factory: ServerFactory) -> ServerFactory:
        """
        Have the connections of a factory begin with TLS, or those that do where that is left to clients.
        """
        protected = accepting(self, factory, self._clock)
        return protected if self._isRequired else OptionalFactory(factory, protected)

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """
        See L{IOpenSSLServerConnectionCreator.serverConnectionForTLS}.
        """
        return Connection(self._context, None)
