"""
TLS between a server and its clients, from the server's side.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from replkv.tls.credentials import Credentials
from replkv.tls.wrapping import optionsOf, ownOptions, wrapped


@implementer(IOpenSSLServerConnectionCreator)
class ClientTls:
    """
    How a server talks to its clients. What it proves itself with may be replaced, as L{replkv.tls.members.MemberTls}'s.

    @ivar credentials: by what it proves who it is.
    """

    def __init__(self, credentials: Credentials, verifiesClients: bool, clock: IReactorTime) -> None:
        """
        @param verifiesClients: whether clients have to come with a certificate of an authority that it believes.
        """
        self._verifiesClients = verifiesClients
        self._clock = clock
        self.replace(credentials)

    def replace(self, credentials: Credentials) -> None:
        """
        Have other credentials from now on.
        """
        self.credentials = credentials
        options = optionsOf(credentials) if self._verifiesClients else ownOptions(credentials)
        # Clients are of many kinds, and not all of them new.
        self._options = CertificateOptions(**{**options, "raiseMinimumTo": TLSVersion.TLSv1_2})

    @property
    def end(self) -> datetime:
        """
        See L{Credentials.end}.
        """
        return self.credentials.end

    def serve(self, factory: ServerFactory) -> ServerFactory:
        """
        Have the connections of a factory begin with TLS.
        """
        return cast(ServerFactory, wrapped(self, False, factory, self._clock))

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """
        See L{IOpenSSLServerConnectionCreator.serverConnectionForTLS}.
        """
        return Connection(self._options.getContext(), None)
