"""
TLS around connections, in Twisted's terms.
"""

from __future__ import annotations

from typing import Any, cast

from OpenSSL.crypto import X509, PKey
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.ssl import Certificate, TLSVersion, trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from replkv.tls.credentials import Credentials


def wrapped(
    creator: IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator,
    isClient: bool,
    factory: IProtocolFactory,
    clock: IReactorTime,
) -> TLSMemoryBIOFactory:
    """
    Have the connections of a factory begin with TLS.
    """
    made = TLSMemoryBIOFactory(creator, isClient, factory, clock)
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
        factory = wrapped(self._creator, True, protocolFactory, self._clock)
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
