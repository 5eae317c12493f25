"""
The certificates of a server, as its files have them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from replkv.config import ConfigError
from replkv.tls.names import listed, memberName, namesIn
from replkv.tlsfiles import TlsFiles

MAX_FILE_BYTES: Final = 1 << 20

_T = TypeVar("_T")


Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
"""
The kinds of keys.
"""


class NotGoodYet(ConfigError):
    """
    A certificate is from the future. That may change by itself: a machine may be up before it knows what time it is.
    """


class Credentials(NamedTuple):
    """
    By what a server proves who it is, and whom it believes.

    @ivar key: its private key.
    @ivar chain: its certificate, and those between that and the authority's, if there are any.
    @ivar authorities: whoever has a certificate of one of these is believed.
    """

    key: Key
    chain: list[x509.Certificate]
    authorities: list[x509.Certificate]

    @property
    def end(self) -> datetime:
        """
        When the first of them ends. Of the authorities, only the last one counts: others are on their way out.
        """
        last = max(authority.not_valid_after_utc for authority in self.authorities)
        return min(last, *(certificate.not_valid_after_utc for certificate in self.chain))


def read(files: TlsFiles, cluster: str, serverId: int, now: datetime) -> Credentials:
    """
    Read by what a server proves to the others who it is.

    @param now: they have to be good at this time.
    @raise ConfigError: if they cannot be read, do not belong together, or are not those of this server.
    """
    own = files.of(serverId)
    found = readAny(own, now)
    name, names = memberName(cluster, serverId), namesIn(found.chain[0])
    if name not in names:
        raise ConfigError(
            f"{own.certificate} is not that of server {serverId}: it is of {listed(names)}, not of {name}"
        )
    return found


def readAny(own: TlsFiles, now: datetime) -> Credentials:
    """
    Read credentials, whoever they are of.

    @param now: they have to be good at this time.
    @raise ConfigError: if they cannot be read, or do not belong together.
    """
    key = readKey(own.key)
    if not isinstance(key, Key):
        raise ConfigError(f"{own.key} is a key of a kind that certificates of servers do not have")
    chain = readCertificates(own.certificate)
    authorities = readCertificates(own.authority)
    certificate = chain[0]
    if _public(key.public_key()) != _public(certificate.public_key()):
        raise ConfigError(f"{own.key} is not the key of the certificate in {own.certificate}")
    for path, each in ((own.certificate, certificate), (own.authority, authorities[0])):
        if now > each.not_valid_after_utc:
            raise ConfigError(
                f"{path} has ended on {each.not_valid_after_utc:%Y-%m-%d}: replkv cert renew makes another"
            )
        if now < each.not_valid_before_utc:
            raise NotGoodYet(
                f"{path} is good only from {each.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on: is the clock right?"
            )
    if not _isOf(chain, authorities):
        raise ConfigError(f"{own.certificate} is of no authority in {own.authority}")
    return Credentials(key, chain, authorities)


def readCertificates(path: str) -> list[x509.Certificate]:
    """
    Read the certificates of a file, one at least.

    @raise ConfigError: if there is none.
    """
    return _parsed(path, x509.load_pem_x509_certificates, "certificate in PEM")


def readKey(path: str) -> PrivateKeyTypes:
    """
    Read a private key, of whatever kind.

    @raise ConfigError: if there is none.
    """
    return _parsed(path, lambda data: load_pem_private_key(data, None), "private key without a password")


def _readFile(path: str) -> bytes:
    """
    Read a file that is not large.

    @raise ConfigError: if it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def _parsed(path: str, parse: Callable[[bytes], _T], what: str) -> _T:
    """
    Read a file, and make something of it.

    @param what: what it has to be, in words.
    @raise ConfigError: if it is not.
    """
    data = _readFile(path)
    try:
        return parse(data)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{path} has no {what}") from None


def _isOf(chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]) -> bool:
    """
    Whether each certificate of a chain is issued by the next, and the last by one of the authorities.
    """
    isChain = all(isIssuedBy(each, by) for each, by in pairwise(chain))
    return isChain and any(isIssuedBy(chain[-1], authority) for authority in authorities)


def isIssuedBy(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """
    Whether an authority has issued a certificate.
    """
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]
