"""
Tests for L{replkv.tls.accepting}, and for L{replkv.tls.transport}: strangers and crowds at a port with TLS.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol, ServerFactory
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.trial.unittest import SynchronousTestCase

from replkv.tls.accepting import HANDSHAKE_TIMEOUT, MAX_HANDSHAKES
from replkv.tls.clients import ClientTls
from replkv.tls.names import memberName
from replkv.tls.wrapping import TlsEndpoint
from tests.logged import logged
from tests.network import Network
from tests.tls.credentials import CLUSTER, authority, credentialsOf

PORT = 9000


class Guest(Protocol):
    """
    What a port with TLS is for.

    @ivar drained: how often it was told that the system has all that was written.
    """

    transport: Any
    factory: Host

    def __init__(self) -> None:
        self.drained = 0
        self.received = b""

    def connectionMade(self) -> None:
        """
        Want to know when all is written.
        """
        self.factory.guests.append(self)
        self.transport.registerProducer(self, False)

    def dataReceived(self, data: bytes) -> None:
        """
        Take what comes.
        """
        self.received += data

    def connectionLost(self, reason: object = None) -> None:
        """
        It is gone.
        """
        self.factory.guests.remove(self)

    def resumeProducing(self) -> None:
        """
        All is written.
        """
        self.drained += 1

    def stopProducing(self) -> None:
        """
        See L{twisted.internet.interfaces.IProducer.stopProducing}.
        """


class Host(ServerFactory):
    """
    A factory with so many places.
    """

    noisy = False

    def __init__(self, places: int) -> None:
        self.places = places
        self.guests: list[Guest] = []

    def buildProtocol(self, addr: object) -> Any:
        """
        Take another one, or not.
        """
        if len(self.guests) >= self.places:
            return None
        made = Guest()
        made.factory = self
        return made


class Caller(Protocol):
    """
    Who connects.

    @ivar isLost: whether the connection is over.
    """

    transport: Any
    isLost = False
    received = b""

    def dataReceived(self, data: bytes) -> None:
        """
        Take what comes.
        """
        self.received += data

    def connectionLost(self, reason: object = None) -> None:
        """
        It is over.
        """
        self.isLost = True


class AcceptingTests(SynchronousTestCase):
    """
    A port with TLS on a simulated network.
    """

    def setUp(self) -> None:
        """
        Have the port.
        """
        self.lines = logged(self)
        self.network = Network()
        self.there = self.network.process("there")
        self.here = self.network.process("here")
        self.authority = authority()
        self.host = Host(10)
        tls = ClientTls(credentialsOf(0, self.authority), False, self.network.timeline)
        self.there.listenTCP(PORT, tls.serve(self.host))

    def call(self, count: int = 1, isTls: bool = True) -> list[Caller]:
        """
        Connect so often.
        """
        factory = Factory.forProtocol(Caller)
        factory.noisy = False
        endpoint: Any = TCP4ClientEndpoint(self.here, "there", PORT)
        if isTls:
            roots = trustRootFromCertificates([Certificate.loadPEM(self.pem)])
            endpoint = TlsEndpoint(endpoint, optionsForClientTLS(memberName(CLUSTER, 0), roots), self.network.timeline)
        connecting = [endpoint.connect(factory) for _ in range(count)]
        self.network.settle()
        return [self.successResultOf(each) for each in connecting]

    @property
    def pem(self) -> bytes:
        """
        The authority's certificate.
        """
        return self.authority.certificate.public_bytes(Encoding.PEM)

    def test_noPlaceBeforeHandshake(self) -> None:
        """
        Who has not shaken hands takes nobody's place, and is closed out after a while.
        """
        silent = self.call(MAX_HANDSHAKES, isTls=False)
        self.assertEqual(self.host.guests, [])
        [caller] = self.call()
        [guest] = self.host.guests
        caller.transport.write(b"hello")
        self.network.settle()
        self.assertEqual(guest.received, b"hello")
        self.network.advance(HANDSHAKE_TIMEOUT + 0.1)
        self.assertTrue(all(each.isLost for each in silent))
        self.assertFalse(caller.isLost)
        self.assertEqual(self.lines, [])

    def test_crowdOfStrangers(self) -> None:
        """
        However many they are, no more are kept than are allowed, the oldest go, and whoever can shake hands gets in.
        """
        crowd = self.call(5 * MAX_HANDSHAKES, isTls=False)
        self.network.settle()
        self.assertLessEqual(sum(not each.isLost for each in crowd), 2 * MAX_HANDSHAKES)
        self.network.advance(0.1)
        self.call()
        self.assertEqual(len(self.host.guests), 1)
        self.assertEqual([line for line in self.lines if "Traceback" in line], [])

    def test_noPlaceLeft(self) -> None:
        """
        Where there is no place left, who comes is closed out, and nothing breaks.
        """
        callers = self.call(12)
        self.assertEqual(len(self.host.guests), 10)
        self.network.advance(0.1)
        self.assertEqual([caller.isLost for caller in callers].count(True), 2)
        self.assertEqual(self.lines, [])

    def test_bufferSize(self) -> None:
        """
        How much is read at once is said to the connection under TLS.
        """
        self.call()
        [guest] = self.host.guests
        guest.transport.bufferSize = 1000
        self.assertEqual((guest.transport.bufferSize, guest.transport.transport.bufferSize), (1000, 1000))

    def test_drained(self) -> None:
        """
        A producer that pulls is told when the system has all, and not all the time; and it does not keep a connection
        from ending, whoever ends it.
        """
        caller, other = self.call(2)
        guest, second = self.host.guests
        before = guest.drained
        self.network.advance(10.0)
        self.assertEqual(guest.drained, before)
        guest.transport.write(b"x" * 1000)
        self.assertGreater(guest.transport.transport.backlog, 1000)
        guest.transport.write(b"x" * 99_000)
        self.network.advance(0.1)
        self.assertEqual(len(caller.received), 100_000)
        self.assertGreater(guest.drained, before)
        caller.transport.loseConnection()
        self.network.advance(0.1)
        self.assertNotIn(guest, self.host.guests)
        second.transport.unregisterProducer()
        second.transport.loseConnection()
        self.network.advance(0.1)
        self.assertTrue(caller.isLost and other.isLost)
        self.assertEqual(self.host.guests, [])
        second.transport.abortConnection()
