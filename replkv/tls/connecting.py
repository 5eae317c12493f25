"""
TLS between a client and the servers, from the client's side.
"""

from __future__ import annotations

from datetime import UTC, datetime

from OpenSSL.crypto import X509
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.ssl import Certificate, TLSVersion, optionsForClientTLS, trustRootFromCertificates

from replkv.config import ConfigError
from replkv.tls.credentials import readAny, readCertificates
from replkv.tls.wrapping import TlsEndpoint, ownOptions
from replkv.tlsfiles import TlsFiles


class Tls:
    """
    How a client makes sure that it talks to a server of its cluster, and proves who it is: for
    L{Client<replkv.client.client.Client>}.
    """

    def __init__(self, authority: str, certificate: str | None = None, key: str | None = None) -> None:
        """
        @param authority: the file with the certificates of the authorities that are believed.
        @param certificate: the file with the client's own certificate, if it is to have one.
        @param key: the file with its key.
        @raise ConfigError: if they cannot be read, or do not belong together.
        """
        if (certificate is None) != (key is None):
            raise ConfigError("a certificate goes with its key: both have to be named, or none")
        authorities = [Certificate(X509.from_cryptography(each)) for each in readCertificates(authority)]
        self._trustRoot = trustRootFromCertificates(authorities)
        self._options = {"raiseMinimumTo": TLSVersion.TLSv1_2}
        if certificate is not None and key is not None:
            own = readAny(TlsFiles(certificate, key, authority), datetime.now(UTC))
            self._options = {**ownOptions(own), **self._options}

    def connect(self, endpoint: IStreamClientEndpoint, host: str, clock: IReactorTime) -> IStreamClientEndpoint:
        """
        Have the connections of an endpoint begin with TLS. Whoever has no certificate of that host is told nothing.

        @param host: its name, or its address.
        """
        creator = optionsForClientTLS(host, self._trustRoot, extraCertificateOptions=dict(self._options))
        return TlsEndpoint(endpoint, creator, clock)
