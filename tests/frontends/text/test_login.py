"""
Tests for the name in which a connection's commands are carried out.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import NotAllowed, Unavailable
from replkv.frontends.request import Request
from replkv.users.user import Login
from tests.frontends.text.session import Served, protocolOf

ALICE = Login(b"alice", 1)


class LoginTests(SynchronousTestCase):
    """
    Tests for C{auth}.
    """

    def setUp(self) -> None:
        """
        There is a server that answers when it is told to.
        """
        self.served = Served()
        self.served.backend.holding = True
        self.client = self.served.connect()

    def seen(self) -> list[bytes]:
        """
        The words of the commands that have come to the backend.
        """
        return [command.WORD for command in self.served.backend.seen]

    def held(self) -> list[Request]:
        """
        Those that wait there.
        """
        return list(self.served.backend.held)

    def test_waits(self) -> None:
        """
        What comes after C{auth} waits until it is known who it is from, also what any server answers by itself; what
        comes before has its answer as ever.
        """
        self.client.send(b"get a\r\nauth alice secret\r\nget b\r\nversion\r\n")
        self.assertEqual(self.seen(), [b"get", b"auth"])
        get, auth = self.held()
        self.assertEqual((get.login, auth.login), (None, None))
        self.served.answer()
        self.assertEqual(self.seen(), [b"get", b"auth", b"get"])
        (second,) = self.held()
        self.assertEqual(second.login, ALICE)
        self.served.answer()
        replies = self.client.taken().split(b"\r\n")
        self.assertEqual(replies[:3], [b"ERRNOTFOUND", b"OK", b"ERRNOTFOUND"])
        self.assertTrue(replies[3].startswith(b"VERSION"))

    def test_isNotReadFrom(self) -> None:
        """
        Nor is more read meanwhile: it would have to be kept.
        """
        self.client.send(b"auth alice secret\r\n")
        self.assertFalse(protocolOf(self.client)._reading)
        self.client.send(b"get a\r\n" * 1000)
        self.assertEqual(self.seen(), [b"auth"])
        self.served.backend.holding = False
        self.served.answer()
        self.assertEqual(len(self.seen()), 1001)
        self.assertTrue(protocolOf(self.client)._reading)

    def test_refused(self) -> None:
        """
        Where it is refused, or not known, the next commands are nobody's.
        """
        for result, line in ((NotAllowed(), b"ERR_AUTH\r\n"), (Unavailable(), b"ERR_INTERNAL\r\n")):
            self.client.send(b"auth alice secret\r\nget a\r\n")
            self.served.backend.held.popleft().answer(result)
            self.served.outbox.flush()
            self.served.network.settle()
            self.assertEqual(self.client.taken(), line)
            self.assertIsNone(self.held()[0].login)
            self.served.answer()
            self.client.taken()

    def test_asked(self) -> None:
        """
        A command is carried out in the name of who had logged in when it came.
        """
        self.served.backend.holding = False
        self.client.send(b"auth alice secret\r\n")
        self.served.backend.holding = True
        self.client.send(b"get a\r\nauth bob secret\r\n")
        get, auth = self.held()
        self.served.backend.held.clear()
        self.served.backend.carryOut(auth)
        self.assertEqual(get.login, ALICE)

    def test_inputEnds(self) -> None:
        """
        A client that has said all that it wants to say is answered, to the end.
        """
        self.client.send(b"auth alice secret\r\nget a\r\n")
        self.client.transport.loseWriteConnection()
        self.served.network.settle()
        self.served.answer()
        self.served.answer()
        self.assertEqual(self.client.taken(), b"OK\r\nERRNOTFOUND\r\n")

    def test_goes(self) -> None:
        """
        One that goes away meanwhile is forgotten.
        """
        self.client.send(b"auth alice secret\r\nget a\r\n")
        self.client.transport.abortConnection()
        self.served.network.settle()
        self.served.answer()
        self.assertEqual(self.seen(), [b"auth"])

    def test_malformed(self) -> None:
        """
        Names and tokens are printable and not too long.
        """
        for words in (
            b"alice",
            b"alice ",
            b"al*ce secret",
            b"alice secret more",
            b"a\xe4 secret",
            b"alice " + b"x" * 257,
        ):
            self.client.send(b"auth %b\r\n" % words)
            self.assertEqual(self.client.taken(), b"ERRCMDERR\r\n", words)
