"""
Tests for L{replkv.service.certificates}.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.config import Config, ConfigError
from replkv.service.certificates import Certificates, Protection
from replkv.tls.credentials import Credentials
from replkv.tlsfiles import ClientTlsFiles, TlsFiles
from tests.tls.credentials import CLUSTER, authority, credentialsOf

FILES = TlsFiles("certificate", "key", "authority")

CONFIG = Config("var", CLUSTER, (), 1.0, 1.0, 1.0, 1.0, 1, 1, tls=FILES, clientTls=ClientTlsFiles(FILES, True))


class ProtectionTests(SynchronousTestCase):
    """
    Tests for L{Protection}.
    """

    def setUp(self) -> None:
        """
        Have an authority.
        """
        self.authority = authority()

    def good(self) -> Credentials:
        """
        Make credentials.
        """
        return credentialsOf(0, self.authority)

    def weak(self) -> Credentials:
        """
        Make credentials with a key that is too short for OpenSSL.
        """
        key = rsa.generate_private_key(65537, 1024)
        model = self.good().chain[0]
        made = (
            x509.CertificateBuilder()
            .issuer_name(model.issuer)
            .subject_name(model.subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(model.not_valid_before_utc)
            .not_valid_after(model.not_valid_after_utc)
            .sign(self.authority.key, hashes.SHA256())
        )
        return Credentials(key, [made], [self.authority.certificate])

    def test_none(self) -> None:
        """
        Without certificates there is nothing that could end.
        """
        protection = Protection(CONFIG, Certificates(None, None), Clock())
        self.assertEqual((protection.members, protection.clients, protection.end), (None, None, None))

    def test_ofNoUse(self) -> None:
        """
        What OpenSSL has no use for is refused when it is read, and not at each connection; and then all stay as they
        were, those that would do too.
        """
        self.assertRaises(ConfigError, Protection, CONFIG, Certificates(self.weak(), None), Clock())
        first = Certificates(self.good(), self.good())
        protection = Protection(CONFIG, first, Clock())
        error = self.assertRaises(ConfigError, protection.replace, Certificates(self.good(), self.weak()))
        self.assertIn("OpenSSL has no use for the certificate or its key", str(error))
        assert protection.members is not None
        assert protection.clients is not None
        self.assertEqual((protection.members.credentials, protection.clients.credentials), first)
