"""
Tests for L{replkv.tls.issuing}, and for L{replkv.tls.credentials}, which reads what that has made.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from replkv.config import ConfigError, ServerConfig
from replkv.tls.authority import SERVER_DAYS
from replkv.tls.credentials import Credentials, read
from replkv.tls.issuing import Issuer
from replkv.tlsfiles import TlsFiles
from tests.tls.credentials import CLUSTER, NOW

SERVERS = tuple(ServerConfig(number, f"host{number}", 9000, 10000) for number in range(3))
LATER = timedelta(days=SERVER_DAYS + 1)


class IssuerTests(SynchronousTestCase):
    """
    Certificates in files, made and read.
    """

    def setUp(self) -> None:
        """
        Have a folder that is not there yet.
        """
        above = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, above)
        self.folder = Path(above) / "new"
        names = ("server-{id}.pem", "server-{id}.key", "authority.pem")
        self.files = TlsFiles(*(str(self.folder / "tls" / name) for name in names))
        self.issuer = Issuer(self.files, CLUSTER, NOW)

    def begin(self) -> None:
        """
        Have an authority, and a certificate for each server.
        """
        self.issuer.begin()
        self.issuer.issue(SERVERS, SERVER_DAYS)

    def read(self, server: int, after: timedelta = timedelta()) -> Credentials:
        """
        Read the credentials of a server.
        """
        return read(self.files, CLUSTER, server, NOW + after)

    def assertRefused(self, words: str, function: Callable[..., object], *arguments: object) -> None:
        """
        A call ends with one line that has these words.
        """
        line = str(self.assertRaises(ConfigError, function, *arguments))
        self.assertIn(words, line)
        self.assertNotIn("\n", line)

    def test_begin(self) -> None:
        """
        Each server has its own, and all believe the same authority. Keys are nobody else's to read.
        """
        self.issuer.begin()
        made = self.issuer.issue(SERVERS, SERVER_DAYS)
        self.assertEqual(len(made), 6)
        found = [self.read(server.id) for server in SERVERS]
        self.assertEqual(len({each.chain[0].serial_number for each in found}), 3)
        self.assertEqual(len({each.authorities[0].serial_number for each in found}), 1)
        self.assertEqual(found[0].end, NOW + timedelta(days=SERVER_DAYS))
        for path in (self.folder / "tls").iterdir():
            isKey = path.suffix == ".key"
            self.assertEqual(bool(stat.S_IMODE(path.stat().st_mode) & 0o077), not isKey, path)

    def test_twice(self) -> None:
        """
        An authority is not replaced by mistake, nor is one begun where its key is left.
        """
        self.begin()
        self.assertRefused("is there already", self.issuer.begin)
        os.remove(self.files.authority)
        self.assertRefused("authority.pem is not: put that back, or remove it", self.issuer.begin)

    def test_renewed(self) -> None:
        """
        New certificates take the place of the old ones.
        """
        self.begin()
        self.assertRefused("has ended on", self.read, 1, LATER)
        Issuer(self.files, CLUSTER, NOW + LATER).issue(SERVERS[1:2], 30)
        self.assertEqual(self.read(1, LATER).end, NOW + LATER + timedelta(days=30))
        self.assertRefused("has ended on", self.read, 0, LATER)
        self.assertRefused("is good only from", self.read, 1)

    def test_otherAuthority(self) -> None:
        """
        Another authority is believed besides the old one, until that is left out.
        """
        self.begin()
        [old] = self.read(0).authorities
        self.issuer.replace()
        new, kept = self.read(0).authorities
        self.assertEqual(kept, old)
        self.assertRefused("server-0.pem is of another authority than the last", self.issuer.retire, SERVERS)
        self.issuer.issue(SERVERS, SERVER_DAYS)
        self.assertEqual(self.issuer.retire(SERVERS), 1)
        self.assertEqual(self.read(0).authorities, [new])
        self.assertEqual(self.read(0).chain[0].issuer, new.subject)
        self.assertEqual(self.issuer.retire(SERVERS), 0)

    def test_noAuthority(self) -> None:
        """
        Without an authority, or its key, nothing is made.
        """
        self.assertRefused("authority.pem: No such file", self.issuer.issue, SERVERS, 1)
        self.assertRefused("authority.pem: No such file", self.issuer.replace)
        self.begin()
        os.replace(self.files.of(0).key, self.issuer.keyPath)
        self.assertRefused("is the key of no certificate in", self.issuer.issue, SERVERS, 1)

    def test_cutOff(self) -> None:
        """
        Where the making of another authority was cut off before its key was there, the old one goes on.
        """
        self.begin()
        key = Path(self.issuer.keyPath).read_bytes()
        self.issuer.replace()
        Path(self.issuer.keyPath).write_bytes(key)
        self.issuer.issue(SERVERS, SERVER_DAYS)
        _, old = self.read(0).authorities
        self.assertEqual(self.issuer.retire(SERVERS), 1)
        self.assertEqual(self.read(0).authorities, [old])

    def test_ofNoAuthority(self) -> None:
        """
        A certificate that nobody would believe is refused where it is read, and not by those who are connected to.
        """
        self.begin()
        kept = Path(self.files.authority).read_bytes()
        os.remove(self.files.authority)
        os.remove(self.issuer.keyPath)
        self.issuer.begin()
        self.assertRefused("server-0.pem is of no authority in", self.read, 0)
        Path(self.files.authority).write_bytes(kept)
        self.read(0)

    def test_notWritten(self) -> None:
        """
        Where files cannot be written, that is told.
        """
        self.folder.mkdir()
        (self.folder / "tls").write_text("")
        self.assertRefused("cannot be written: ", self.issuer.begin)

    def test_leftOver(self) -> None:
        """
        What was left half written, and readable by others, does not become the key.
        """
        self.begin()
        left = Path(f"{self.files.of(0).key}.new")
        left.touch(0o666)
        self.issuer.issue(SERVERS[:1], 1)
        self.assertEqual(stat.S_IMODE(os.stat(self.files.of(0).key).st_mode), 0o600)
        self.assertFalse(left.exists())

    def test_mistakes(self) -> None:
        """
        What is of no use as credentials is refused, with the file that is wrong.
        """
        self.begin()
        own, other = self.files.of(0), self.files.of(1)
        good = {path: Path(path).read_bytes() for path in (own.certificate, own.key, own.authority)}
        second = {path: Path(path).read_bytes() for path in (other.certificate, other.key)}
        for changes, words in (
            ({own.certificate: b""}, "server-0.pem has no certificate in PEM"),
            ({own.authority: b"nonsense"}, "authority.pem has no certificate in PEM"),
            ({own.key: b"nonsense"}, "server-0.key has no private key without a password"),
            ({own.key: second[other.key]}, "server-0.key is not the key of the certificate in"),
            (
                {own.key: second[other.key], own.certificate: second[other.certificate]},
                "is not that of server 0: it is of host1, replkv-replkv-1, not of replkv-replkv-0",
            ),
            (
                {own.certificate: good[own.authority], own.key: Path(self.issuer.keyPath).read_bytes()},
                "it is of nobody",
            ),
        ):
            for path, data in {**good, **changes}.items():
                Path(path).write_bytes(data)
            self.assertRefused(words, self.read, 0)
        for path in good:
            os.remove(path)
            self.assertRefused("No such file", self.read, 0)
            Path(path).write_bytes(good[path])
        self.read(0)
