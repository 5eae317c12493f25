"""
A certificate authority for one cluster: it makes the certificates by which servers know each other.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS: Final = 3650
"""
How long an authority's own certificate is good.
"""

SERVER_DAYS: Final = 397
"""
How long a server's certificate is good.
"""

_EARLIER: Final = timedelta(hours=1)  # Not all clocks are right.


class Credential(NamedTuple):
    """
    A certificate and its key.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def makeAuthority(cluster: str, now: datetime) -> Credential:
    """
    Make an authority.

    @param cluster: the cluster's name, for people who look at the certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _nameOf(f"replkv authority of {cluster}")
    usage = _usage(signsCertificates=True)
    builder = (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Credential(builder.sign(key, hashes.SHA256()), key)


def makeServer(authority: Credential, names: list[str], now: datetime, days: int = SERVER_DAYS) -> Credential:
    """
    Make the certificate of a server.

    @param names: its DNS names and addresses, the first one of which is how the other servers know it.
    """
    # Each server is both, to the others.
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    known = x509.SubjectAlternativeName([_general(name) for name in names])
    return _make(authority, names[0], usages, [known], now, days)


def makeClient(authority: Credential, name: str, now: datetime, days: int = SERVER_DAYS) -> Credential:
    """
    Make the certificate of a client, which is none of a server.

    @param name: whose it is, for people.
    """
    return _make(authority, name, [ExtendedKeyUsageOID.CLIENT_AUTH], [], now, days)


def _make(
    authority: Credential,
    name: str,
    usages: list[x509.ObjectIdentifier],
    extensions: list[x509.ExtensionType],
    now: datetime,
    days: int,
) -> Credential:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(authority.certificate.subject, _nameOf(name), key, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signsCertificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Credential(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _nameOf(common: str) -> x509.Name:
    # X.509 has room for 64 characters.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(signsCertificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signsCertificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signsCertificates,
        crl_sign=signsCertificates,
        encipher_only=False,
        decipher_only=False,
    )
