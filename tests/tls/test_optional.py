"""
Tests for L{replkv.tls.optional}: clients with TLS and clients without, at one port.
"""

from __future__ import annotations

from OpenSSL.SSL import TLS_METHOD, Connection, Context, WantReadError
from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.connection import LINGER_SECONDS, ClientConnection
from replkv.testing.cluster.end import BUFFER_BYTES
from replkv.tls.accepting import HANDSHAKE_TIMEOUT, MAX_HANDSHAKES
from replkv.tls.clients import ClientTls
from replkv.tls.optional import HANDSHAKE
from tests.frontends.text.session import SERVER, Served
from tests.logged import logged
from tests.network import FarEnd, dial
from tests.patience import patiently
from tests.tls.credentials import authority, credentialsOf

PORT = 9443

FIRST_BYTE = bytes([HANDSHAKE])

IDLE_SECONDS = 8.0


class Speaker:
    """
    A client that speaks TLS, in pieces of a size.
    """

    def __init__(self, far: FarEnd, pieceBytes: int) -> None:
        self.far = far
        self._pieceBytes = pieceBytes
        self._tls = Connection(Context(TLS_METHOD), None)
        self._tls.set_connect_state()

    def shakeHands(self) -> None:
        """
        Have the handshake.
        """
        for _ in patiently("hands are shaken"):
            try:
                self._tls.do_handshake()
                break
            except WantReadError:
                self._exchange()

    def ask(self, command: bytes) -> bytes:
        """
        Send a command, and take what is answered.
        """
        self._tls.send(command)
        self._exchange()
        return self._tls.recv(65_536)

    def _exchange(self) -> None:
        """
        Send what is to be sent, and take what comes of it.
        """
        data = self._tls.bio_read(65_536)
        for start in range(0, len(data), self._pieceBytes):
            self.far.send(data[start : start + self._pieceBytes])
        self._tls.bio_write(self.far.taken())


class OptionalTests(SynchronousTestCase):
    """
    A port of ten places on a simulated network.
    """

    def setUp(self) -> None:
        """
        Have the port.
        """
        self.lines = logged(self)
        self.served = Served(maxConnections=10, idleSeconds=IDLE_SECONDS)
        self.network = self.served.network
        tls = ClientTls(credentialsOf(0, authority()), False, self.network.timeline, isRequired=False)
        self.served.process.listenTCP(PORT, tls.serve(self.served.door))

    def tearDown(self) -> None:
        """
        Nothing went wrong in the server.
        """
        self.assertEqual([line for line in self.lines if "Traceback" in line], [])

    def connect(self) -> FarEnd:
        """
        Connect, and say nothing.
        """
        client = FarEnd(self.network)
        dial(client, self.network.process("client"), SERVER, PORT)
        self.network.settle()
        return client

    @property
    def taken(self) -> int:
        """
        How many places are taken.
        """
        return self.served.clients.admission.taken

    def test_withoutTls(self) -> None:
        """
        Who does without TLS is answered, with nothing in between once the first byte is there; its first byte may come
        alone.
        """
        client = self.connect()
        client.send(b"s")
        self.assertIsInstance(client.transport.other.protocol, ClientConnection)
        client.send(b"et k 0 1\r\nx\r\nget k\r\n")
        self.assertEqual(client.taken(), b"OK 1\r\nVALUE 1\r\nx\r\n")
        self.assertEqual(self.taken, 1)
        client.close()
        self.assertEqual(self.taken, 0)

    def test_withTls(self) -> None:
        """
        Who begins with a handshake speaks TLS, wherever what it sends is cut, and has one place then.
        """
        for pieceBytes in (1, 7, 65_536):
            speaker = Speaker(self.connect(), pieceBytes)
            speaker.shakeHands()
            self.assertEqual(speaker.ask(b"set k 0 1 noreply\r\nx\r\nget k\r\n"), b"VALUE 1\r\nx\r\n")
            self.assertEqual(self.taken, 1)
            speaker.far.abort()
            self.assertEqual(self.taken, 0)

    def test_silent(self) -> None:
        """
        Who says nothing has a place, and is not hurried: it may be somebody who is about to type. It may then speak
        TLS, too. It has to go when any client has to.
        """
        typist, other, idle = self.connect(), self.connect(), self.connect()
        self.assertEqual(self.taken, 3)
        self.network.advance(HANDSHAKE_TIMEOUT + 1.0)
        typist.send(b"get k\r\n")
        self.assertEqual(typist.taken(), b"ERRNOTFOUND\r\n")
        speaker = Speaker(other, 65_536)
        speaker.shakeHands()
        self.assertEqual(speaker.ask(b"get k\r\n"), b"ERRNOTFOUND\r\n")
        self.network.advance(IDLE_SECONDS - HANDSHAKE_TIMEOUT + 1.0)
        self.assertTrue(idle.hasEnded)
        self.assertFalse(typist.hasEnded)
        self.assertEqual(self.taken, 2)

    def test_strangers(self) -> None:
        """
        Whoever begins a handshake and does not go on with it has no place, is one of a bounded number, and is given up
        after a while.
        """
        crowd = []
        for _ in range(3 * MAX_HANDSHAKES):
            crowd.append(self.connect())
            crowd[-1].send(FIRST_BYTE)
            self.assertEqual(self.taken, 0)
        self.assertEqual([each.isUp for each in crowd], [False] * 2 * MAX_HANDSHAKES + [True] * MAX_HANDSHAKES)
        speaker = Speaker(self.connect(), 65_536)
        speaker.shakeHands()
        self.assertEqual(speaker.ask(b"get k\r\n"), b"ERRNOTFOUND\r\n")
        self.network.advance(HANDSHAKE_TIMEOUT + 0.1)
        self.assertFalse(any(each.isUp for each in crowd))
        self.assertTrue(speaker.far.isUp)

    def test_strangersAtOnce(self) -> None:
        """
        So it is where all of them begin in one turn, before anybody given up is gone.
        """
        self.served = Served()
        self.network = self.served.network
        tls = ClientTls(credentialsOf(0, authority()), False, self.network.timeline, isRequired=False)
        self.served.process.listenTCP(PORT, tls.serve(self.served.door))
        crowd = [self.connect() for _ in range(5 * MAX_HANDSHAKES)]
        for each in crowd:
            each.transport.write(FIRST_BYTE)
        self.network.settle()
        self.assertEqual(self.taken, 0)
        self.assertLessEqual(sum(each.isUp for each in crowd), MAX_HANDSHAKES)

    def test_halfClosed(self) -> None:
        """
        Who has sent all gets all answers, and then the end; who ends without a word, the end alone.
        """
        client, mute = self.connect(), self.connect()
        client.send(b"get k\r\nget k\r\n")
        client.endWriting()
        self.assertEqual(client.taken(), b"ERRNOTFOUND\r\n" * 2)
        mute.endWriting()
        self.assertEqual(mute.taken(), b"")
        self.network.settle()
        self.assertTrue(client.hasEnded)
        self.assertTrue(mute.hasEnded)
        self.assertEqual(self.taken, 0)

    def test_lost(self) -> None:
        """
        Who goes without a word leaves its place.
        """
        client = self.connect()
        client.abort()
        self.assertEqual(self.taken, 0)

    def test_noPlace(self) -> None:
        """
        Where there is no place, that is said at once.
        """
        for _ in range(10):
            self.connect()
        late = self.connect()
        self.assertEqual(late.taken(), b"ERR_INTERNAL\r\n")
        self.assertFalse(late.isUp)

    def test_stop(self) -> None:
        """
        When the server stops, who has said nothing is told of the end, and what it begins then is of no interest.
        """
        client = self.connect()
        self.served.clients.drain()
        self.assertTrue(client.hasEnded)
        client.send(FIRST_BYTE)
        self.network.advance(LINGER_SECONDS + 0.1)
        self.assertFalse(client.isUp)
        self.assertEqual(client.taken(), b"")
        self.successResultOf(self.served.clients.whenEmpty())

    def test_backPressure(self) -> None:
        """
        Who does without TLS is not read from when it does not read, and its replies count until the system has them.
        """
        client = self.connect()
        client.send(b"set k 0 100000 noreply\r\n" + bytes(100_000) + b"\r\n")
        client.transport.pauseProducing()
        commands = b"get k\r\n" * 30_000
        client.transport.write(commands)
        self.network.settle()
        self.assertEqual(client.transport.backlog, len(commands) - BUFFER_BYTES)
        self.assertGreater(self.served.budget.unread, 100_000)
        client.abort()
        self.assertEqual(self.served.budget.unread, 0)
