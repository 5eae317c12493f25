"""
Tests for users who are known by their certificates.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from types import SimpleNamespace
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import Certificate
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IAddress, ISSLTransport
from twisted.internet.protocol import Factory, Protocol, ServerFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from replkv.frontends.certified import certifiedLogin
from replkv.tls.authority import Credential, makeClient, makeServer
from replkv.tls.clients import ClientTls
from replkv.tls.connecting import Tls
from replkv.tls.credentials import Credentials
from replkv.users.user import Login
from tests.network import Network
from tests.tls.credentials import NOW, authority

PORT: Final = 9000


class Door(Protocol):
    """
    Looks who has come.
    """

    logins: list[Login | None]

    def connectionMade(self) -> None:
        """
        See L{Protocol.connectionMade}.
        """
        assert self.transport is not None
        self.logins.append(certifiedLogin(self.transport))


class Doors(ServerFactory):
    """
    Keeps who has come.
    """

    noisy = False

    def __init__(self) -> None:
        self.logins: list[Login | None] = []

    def buildProtocol(self, addr: IAddress | None) -> Door:
        """
        See L{Factory.buildProtocol}.
        """
        door = Door()
        door.logins = self.logins
        return door


class CertifiedTests(SynchronousTestCase):
    """
    A port on a simulated network, and clients with certificates of an authority.
    """

    def setUp(self) -> None:
        """
        Make the authority.
        """
        self.network = Network()
        self.authority, self.other = authority(), authority()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        # Clients believe what they like.
        self.write("authority.pem", self.authority.certificate, self.other.certificate)

    def write(self, name: str, *certificates: Certificate) -> str:
        """
        Write certificates into a file.
        """
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(b"".join([certificate.public_bytes(Encoding.PEM) for certificate in certificates]))
        return path

    def tls(self, own: Credential | None) -> Tls:
        """
        What a client believes, and comes with.
        """
        believed = os.path.join(self.folder, "authority.pem")
        if own is None:
            return Tls(believed)
        key = os.path.join(self.folder, "key.pem")
        with open(key, "wb") as file:
            file.write(own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        os.chmod(key, 0o600)
        return Tls(believed, self.write("own.pem", own.certificate), key)

    def login(self, own: Credential | None, verifies: bool = True) -> list[Login | None]:
        """
        Who has come with this.
        """
        made = makeServer(self.authority, ["there"], NOW)
        credentials = Credentials(made.key, [made.certificate], [self.authority.certificate])
        doors = Doors()
        there, here = self.network.process("there"), self.network.process("here")
        there.listenTCP(PORT, ClientTls(credentials, verifies, self.network.timeline).serve(doors))
        factory = Factory.forProtocol(Protocol)
        factory.noisy = False
        self.tls(own).connect(TCP4ClientEndpoint(here, "there", PORT), "there", self.network.timeline).connect(factory)
        self.network.settle()
        return doors.logins

    def test_user(self) -> None:
        """
        Who has a certificate is the user of that name, whatever tokens that one has.
        """
        self.assertEqual(self.login(makeClient(self.authority, "alice", NOW)), [Login(b"alice", None)])

    def test_noName(self) -> None:
        """
        Who has a certificate with a name such as no user has is nobody, and no harm comes of it.
        """
        for name in ("Zo\xeb", "root\naudit: ", "Alice Smith", ""):
            with self.subTest(name):
                own = makeClient(self.authority, name or "x", NOW)
                self.assertEqual(self.login(own), [None if name else Login(b"x", None)])
                self.network = Network()

    def test_noSense(self) -> None:
        """
        So is who has one of whose names nobody can make sense.
        """
        for error in (ValueError("bad string"), TypeError("bit string")):

            class Odd:
                @property
                def subject(self, error: Exception = error) -> None:
                    raise error

            transport: Any = SimpleNamespace(getPeerCertificate=lambda: SimpleNamespace(to_cryptography=lambda: Odd()))
            directlyProvides(transport, ISSLTransport)
            self.assertIsNone(certifiedLogin(transport))

    def test_server(self) -> None:
        """
        A server's certificate has the name of no user of whom an operator did not want it.
        """
        (login,) = self.login(makeServer(self.authority, ["replkv-replkv-1"], NOW))
        self.assertEqual(login, Login(b"replkv-replkv-1", None))

    def test_none(self) -> None:
        """
        Who has none is nobody; nor does a name count that the server has not asked for.
        """
        self.assertEqual(self.login(None, verifies=False), [None])

    def test_notAskedFor(self) -> None:
        """
        A certificate that the server has not asked for, and so not verified, does not say who somebody is.
        """
        self.assertEqual(self.login(makeClient(self.other, "root", NOW), verifies=False), [None])

    def test_otherAuthority(self) -> None:
        """
        One of another authority is no certificate: nobody comes in with it.
        """
        self.assertEqual(self.login(makeClient(self.other, "root", NOW)), [])

    def test_plain(self) -> None:
        """
        Without TLS there is none.
        """
        doors = Doors()
        there, here = self.network.process("there"), self.network.process("here")
        there.listenTCP(PORT, doors)
        TCP4ClientEndpoint(here, "there", PORT).connect(Factory.forProtocol(Protocol))
        self.network.settle()
        self.assertEqual(doors.logins, [None])
