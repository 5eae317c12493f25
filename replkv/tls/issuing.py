"""
The files of a cluster's certificates, as they are made and replaced.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from replkv.config import ConfigError, ServerConfig
from replkv.tls.authority import Credential, makeAuthority, makeClient, makeServer
from replkv.tls.credentials import isIssuedBy, readCertificates, readKey
from replkv.tls.names import memberName
from replkv.tlsfiles import TlsFiles


class Issuer:
    """
    Makes the files of a cluster's certificates. The authority's key is beside its certificate, and none of a server's
    business: whoever has it can make servers.

    @ivar keyPath: the file of the authority's key.
    """

    def __init__(self, files: TlsFiles, cluster: str, now: datetime) -> None:
        """
        @param files: where they are.
        @param cluster: the cluster's name.
        @param now: the time.
        """
        self.keyPath = f"{os.path.splitext(files.authority)[0]}.key"
        self._files = files
        self._cluster = cluster
        self._now = now

    def begin(self) -> None:
        """
        Make an authority.

        @raise ConfigError: if there is one already, or it cannot be written.
        """
        if os.path.lexists(self._files.authority):
            raise ConfigError(f"{self._files.authority} is there already: replkv cert renew makes certificates by it")
        if os.path.lexists(self.keyPath):
            raise ConfigError(
                f"{self.keyPath} is there, and {self._files.authority} is not: put that back, or remove it"
            )
        made = makeAuthority(self._cluster, self._now)
        _write(self.keyPath, _encodeKey(made.key), isPrivate=True)
        self._writeAuthorities([made.certificate])

    def replace(self) -> None:
        """
        Make another authority, which is believed besides those that there are. What comes from now on is of it.

        @raise ConfigError: if there is none, or it cannot be written.
        """
        before = readCertificates(self._files.authority)
        made = makeAuthority(self._cluster, self._now)
        self._writeAuthorities([made.certificate, *before])
        _write(self.keyPath, _encodeKey(made.key), isPrivate=True)

    def retire(self, servers: Sequence[ServerConfig]) -> int:
        """
        Believe no authority any more but the last that was made.

        @param servers: none of their certificates, as far as they are here, may be of another one.
        @return: how many are believed no more.
        @raise ConfigError: if there is none, it cannot be written, or a server has not got a new certificate.
        """
        latest, _ = self._authority()
        for path in (self._files.of(server.id).certificate for server in servers):
            if os.path.lexists(path) and not isIssuedBy(readCertificates(path)[-1], latest):
                raise ConfigError(f"{path} is of another authority than the last: replkv cert renew first")
        before = readCertificates(self._files.authority)
        self._writeAuthorities([latest])
        return len(before) - 1

    def issue(self, servers: Sequence[ServerConfig], days: int) -> list[str]:
        """
        Make the certificates of servers, and their keys.

        @param days: for how long they are good.
        @return: the files.
        @raise ConfigError: if there is no authority, or they cannot be written.
        """
        authority = self._authority()
        made = []
        for server in servers:
            own = self._files.of(server.id)
            names = [memberName(self._cluster, server.id), server.hostname]
            made += _store(makeServer(authority, names, self._now, days), own.certificate, own.key)
        return made

    def issueClient(self, name: str, days: int) -> list[str]:
        """
        Make a certificate for a client, and its key, beside that of the authority.

        @param name: whose it is; it can be a part of the name of a file.
        @param days: for how long it is good.
        @return: the files.
        @raise ConfigError: if there is no authority, or they cannot be written.
        """
        stem = os.path.join(os.path.dirname(self._files.authority), f"client-{name}")
        return _store(makeClient(self._authority(), name, self._now, days), f"{stem}.pem", f"{stem}.key")

    def _authority(self) -> Credential:
        """
        The one that there is a key of: the last that was made, unless that was cut off.
        """
        certificates = readCertificates(self._files.authority)
        key = readKey(self.keyPath)
        certificate = next((each for each in certificates if each.public_key() == key.public_key()), None)
        if certificate is None or not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"{self.keyPath} is the key of no certificate in {self._files.authority}")
        if certificate.not_valid_after_utc < self._now:
            raise ConfigError(f"{self._files.authority} has ended: replkv cert authority makes another")
        return Credential(certificate, key)

    def _writeAuthorities(self, certificates: Sequence[x509.Certificate]) -> None:
        _write(self._files.authority, _encode(certificates), isPrivate=False)


def _store(credential: Credential, certificatePath: str, keyPath: str) -> list[str]:
    _write(keyPath, _encodeKey(credential.key), isPrivate=True)
    _write(certificatePath, _encode([credential.certificate]), isPrivate=False)
    return [certificatePath, keyPath]


def _encode(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _encodeKey(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: str, data: bytes, isPrivate: bool) -> None:
    """
    Write a file, which is the old one or the new one at any time.

    @param isPrivate: whether nobody else may read it.
    """
    new = f"{path}.new"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(new):
            # Left over, and maybe readable by others.
            os.remove(new)
        with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if isPrivate else 0o644)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
