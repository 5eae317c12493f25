"""
TLS between the servers of a cluster: each proves to the other who it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from OpenSSL.crypto import X509
from OpenSSL.SSL import Connection
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
    ISSLTransport,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from replkv.handshakes import handshakeMistake
from replkv.tls.accepting import accepting
from replkv.tls.credentials import Credentials
from replkv.tls.names import listed, memberName, namesIn
from replkv.tls.wrapping import TlsEndpoint, contextOf, optionsOf


@implementer(IOpenSSLServerConnectionCreator)
class MemberTls:
    """
    How a server talks to the others of its cluster. What it proves itself with may be replaced at any time: connections
    that are made from then on have it, and none is lost.

    @ivar credentials: by what it proves who it is.
    """

    def __init__(self, cluster: str, credentials: Credentials, clock: IReactorTime) -> None:
        """
        @raise ConfigError: if OpenSSL has no use for the credentials.
        """
        self.credentials = credentials
        self._cluster = cluster
        self._clock = clock
        self._options = optionsOf(credentials)
        self._accepts = contextOf(self._options)
        # A context takes time and memory to be made, and connections are tried over and over.
        self._creators: dict[str, IOpenSSLClientConnectionCreator] = {}

    def take(self, other: MemberTls) -> None:
        """
        Have the credentials of another one from now on.
        """
        self.credentials = other.credentials
        self._options, self._accepts, self._creators = other._options, other._accepts, other._creators

    @property
    def end(self) -> datetime:
        """
        See L{Credentials.end}.
        """
        return self.credentials.end

    def serve(self, factory: ServerFactory) -> ServerFactory:
        """
        Have the connections of a factory begin with TLS. Who has no certificate of an authority is not let in.
        """
        return accepting(self, factory, self._clock)

    def connect(self, endpoint: IStreamClientEndpoint, server: int) -> IStreamClientEndpoint:
        """
        Have the connections of an endpoint begin with TLS. Who is not that server is told nothing.
        """
        return TlsEndpoint(endpoint, _Connecting(self, memberName(self._cluster, server)), self._clock)

    def mistake(self, transport: ITransport, server: int) -> str | None:
        """
        Tell why the other end is not that server; C{None} if it has proved that it is.

        @param transport: of a connection of a factory that is L{serve}d.
        """
        certificate = cast(X509 | None, ISSLTransport(transport).getPeerCertificate())
        name = memberName(self._cluster, server)
        found = set() if certificate is None else namesIn(certificate.to_cryptography())
        return None if name in found else f"has to come with the certificate of {name}, and comes with {listed(found)}"

    def refusal(self, exception: BaseException | None) -> str | None:
        """
        See L{handshakeMistake}.
        """
        return handshakeMistake(exception)

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """
        See L{IOpenSSLServerConnectionCreator.serverConnectionForTLS}.
        """
        return Connection(self._accepts, None)

    def connectTo(self, name: str, protocol: TLSMemoryBIOProtocol) -> Connection:
        """
        Make the TLS of a connection to who has this name in the certificate.
        """
        creator = self._creators.get(name)
        if creator is None:
            options = dict(self._options)
            creator = optionsForClientTLS(name, options.pop("trustRoot"), extraCertificateOptions=options)
            self._creators[name] = creator
        return creator.clientConnectionForTLS(protocol)


@implementer(IOpenSSLClientConnectionCreator)
class _Connecting:
    def __init__(self, tls: MemberTls, name: str) -> None:
        self._tls = tls
        self._name = name

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """
        See L{IOpenSSLClientConnectionCreator.clientConnectionForTLS}.
        """
        return self._tls.connectTo(self._name, tlsProtocol)
