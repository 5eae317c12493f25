"""
TLS around connections, in Twisted's terms.
"""

from __future__ import annotations

from typing import Any, cast

from OpenSSL.crypto import X509, PKey
from OpenSSL.SSL import Context, Error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.ssl import Certificate, CertificateOptions, TLSVersion, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from replkv.config import ConfigError
from replkv.handshakes import handshakeMistake
from replkv.tls.credentials import Credentials
from replkv.tls.transport import TlsTransport


def _wrapped(
    creator: IOpenSSLClientConnectionCreator, factory: IProtocolFactory, clock: IReactorTime
) -> TLSMemoryBIOFactory:
    """
    Have the connections that a factory makes begin with TLS.
    """
    made = TLSMemoryBIOFactory(creator, True, factory, clock)
    made.protocol = TlsTransport
    made.noisy = False
    return made


@implementer(IStreamClientEndpoint)
class TlsEndpoint:
    """
    What Twisted's C{wrapClientTLS} makes, with a clock.
    """

    def __init__(
        self, endpoint: IStreamClientEndpoint, creator: IOpenSSLClientConnectionCreator, clock: IReactorTime
    ) -> None:
        self._endpoint = endpoint
        self._creator = creator
        self._clock = clock

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        factory = _wrapped(self._creator, protocolFactory, self._clock)
        connecting = cast(Deferred[TLSMemoryBIOProtocol], self._endpoint.connect(factory))
        return connecting.addCallback(lambda protocol: protocol.wrappedProtocol)


def optionsOf(credentials: Credentials) -> dict[str, Any]:
    """
    The arguments of L{twisted.internet.ssl.CertificateOptions} for who proves itself by these, and believes those that
    they say.
    """
    return {
        **ownOptions(credentials),
        "trustRoot": trustRootFromCertificates(
            [Certificate(X509.from_cryptography(each)) for each in credentials.authorities]
        ),
        # There is no older software to get along with.
        "raiseMinimumTo": TLSVersion.TLSv1_3,
    }


def contextOf(options: dict[str, Any]) -> Context:
    """
    Make what connections are made by.

    @param options: the arguments of L{twisted.internet.ssl.CertificateOptions}.
    @raise ConfigError: if OpenSSL has no use for them.
    """
    try:
        return CertificateOptions(**options).getContext()
    except Error as error:
        raise ConfigError(f"OpenSSL has no use for the certificate or its key: {handshakeMistake(error)}") from None


def ownOptions(credentials: Credentials) -> dict[str, Any]:
    """
    Those for who proves itself by these.
    """
    own, *others = map(X509.from_cryptography, credentials.chain)
    return {
        "privateKey": PKey.from_cryptography_key(credentials.key),
        "certificate": own,
        "extraCertChain": others,
    }
