"""
Tests for L{replkv.cli.security}.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.security import AUTHORITY_VARIABLE, CERTIFICATE_VARIABLE, KEY_VARIABLE, ownTls, tlsOf
from replkv.config import Config, ConfigError, ServerConfig
from replkv.tls.issuing import Issuer
from replkv.tlsfiles import ClientTlsFiles, TlsFiles
from tests.tls.credentials import NOW

SERVER = ServerConfig(7, "host", 9000, 10000)


class TlsOfTests(SynchronousTestCase):
    """
    What protects the connections of a command.
    """

    def setUp(self) -> None:
        """
        Have certificates, and nothing in the environment.
        """
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        files = TlsFiles(*(str(folder / name) for name in ("server-{id}.pem", "server-{id}.key", "authority.pem")))
        issuer = Issuer(files, "replkv", NOW)
        issuer.begin()
        issuer.issue([SERVER], 1)
        self.certificate, self.key = issuer.issueClient("alice", 1)
        self.authority = files.authority
        self.plain = Config("var", "replkv", (SERVER,), 1.0, 1.0, 1.0, 1.0, 1, 1)
        self.protected = replace(self.plain, clientTls=ClientTlsFiles(files, True))
        environment = dict.fromkeys((AUTHORITY_VARIABLE, CERTIFICATE_VARIABLE, KEY_VARIABLE), "")
        self.patch(os, "environ", {**os.environ, **environment})

    def test_none(self) -> None:
        """
        Where nobody names an authority, there is no TLS; and a certificate that would be of no use is not ignored.
        """
        self.assertIsNone(tlsOf(self.plain, None, None, None))
        self.assertIsNone(ownTls(self.plain))
        error = self.assertRaises(ConfigError, tlsOf, self.plain, None, self.certificate, self.key)
        self.assertIn("--tls-ca", str(error))

    def test_named(self) -> None:
        """
        The command line names it, or the environment, or the servers file; and the certificate that goes with it.
        """
        self.assertIsNotNone(tlsOf(self.plain, self.authority, self.certificate, self.key))
        self.assertIsNotNone(tlsOf(self.protected, None, None, None))
        self.assertIsNotNone(ownTls(self.protected))
        os.environ[AUTHORITY_VARIABLE] = self.authority
        self.assertIsNotNone(tlsOf(self.plain, None, None, None))
        os.environ[CERTIFICATE_VARIABLE] = self.certificate
        self.assertRaises(ConfigError, tlsOf, self.plain, None, None, None)
        os.environ[KEY_VARIABLE] = self.key
        self.assertIsNotNone(tlsOf(self.plain, None, None, None))
        os.environ[AUTHORITY_VARIABLE] = self.key
        self.assertRaises(ConfigError, tlsOf, self.plain, None, None, None)
