"""
Tests for L{replkv.client}: a client that is somebody.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.client.client import Client
from replkv.client.credentials import Credentials, checkedCredentials
from replkv.client.dispatcher import Dispatcher
from replkv.client.errors import Closed, CommandError, NotAllowed, OutcomeUnknown, Unavailable
from tests.client.connected import ClientCase, stats
from tests.network import FarEnd

TOKEN = "Tr0ub4dor&3"

AUTH = b"auth alice Tr0ub4dor&3\r\n"


class LoginCase(ClientCase):
    """
    A client of the user alice.
    """

    def setUp(self) -> None:
        """
        Make the client.
        """
        super().setUp()
        self.client.close()
        self.client = Client(self.reactor, ["db:1", "db:2", "db:3"], timeout=10, user="alice", token=TOKEN)

    def greeted(self, port: int = 1) -> FarEnd:
        """
        Accept the connection that the client has just asked for, on which it logs in.
        """
        wire = self.connected(port)
        self.assertEqual(wire.taken(), AUTH)
        return wire


class LoginTests(LoginCase):
    """
    Tests for what is said before the calls.
    """

    def test_known(self) -> None:
        """
        Calls are sent when the server knows the user, in their order, those that were made meanwhile too; and nobody
        logs in a second time on a connection.
        """
        first = self.client.set(b"a", b"1")
        wire = self.greeted()
        second = self.client.get(b"a")
        self.assertEqual(wire.taken(), b"")
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"set a 0 1\r\n1\r\nget a\r\n")
        wire.send(b"OK 7\r\nVALUE 1\r\n1\r\n")
        self.assertEqual(self.successResultOf(first), 7)
        self.assertEqual(self.successResultOf(second), b"1")
        self.client.get(b"b")
        self.assertEqual(wire.taken(), b"get b\r\n")
        self.assertEqual(self.network.asked(), [])

    def test_unknown(self) -> None:
        """
        Where the leader does not know the user, all calls that wait fail, writes too: nothing was done. The connection
        is closed, and the next call tries again.
        """
        stored, got = self.client.set(b"a", b"1"), self.client.get(b"a")
        wire = self.greeted()
        wire.send(b"ERR_AUTH\r\n")
        for result in (stored, got):
            error = self.failureResultOf(result, NotAllowed).value
            self.assertEqual(str(error), "db:1 does not know the user alice by this token")
            self.assertEqual(error.user, "alice")
        self.assertTrue(wire.isReset)
        again = self.client.get(b"a")
        self.greeted().send(b"OK\r\nERRNOTFOUND\r\n")
        self.assertIsNone(self.successResultOf(again))

    def test_callInAnAnswer(self) -> None:
        """
        What is asked for since another call has failed so is tried.
        """
        again: list[Deferred[bytes | None]] = []
        self.client.get(b"a").addErrback(lambda _: again.append(self.client.get(b"b")))
        self.greeted().send(b"ERR_AUTH\r\n")
        wire = self.greeted()
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"get b\r\n")
        self.assertNoResult(again[0])

    def test_leadsNoMore(self) -> None:
        """
        A server that cannot tell who it is, since it does not lead any more, is as one that cannot be reached: the
        leader is searched for, and told.
        """
        stored = self.client.set(b"a", b"1")
        self.greeted(1).send(b"ERR_REDIRECT db 2\r\n")
        wire = self.greeted(2)
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"set a 0 1\r\n1\r\n")
        wire.send(b"OK 7\r\n")
        self.assertEqual(self.successResultOf(stored), 7)

    def test_noHelp(self) -> None:
        """
        Nor is one of help that cannot tell at all, that knows no users, or that goes: nothing was sent, so the call
        fails only when its time is over, and says why.
        """
        for reply, why in (
            (b"ERR_INTERNAL", "it cannot tell now whether this is alice (ERR_INTERNAL)"),
            (b"ERRCMDERR", "it does not know users, and has to be upgraded"),
            (b"", "it closed the connection"),
        ):
            client = Client(self.reactor, ["db:1"], timeout=Client.RETRY_DELAY / 2, user="alice", token=TOKEN)
            stored = client.set(b"a", b"1")
            for _ in range(Dispatcher.MAX_TURNS + 1):
                wire = self.greeted(1)
                if reply:
                    wire.send(reply + b"\r\n")
                    self.assertTrue(wire.isReset)
                else:
                    wire.close()
            self.assertEqual(self.network.asked(), [])
            self.network.advance(Client.RETRY_DELAY / 2)
            self.assertIn(why, str(self.failureResultOf(stored, Unavailable).value))

    def test_silent(self) -> None:
        """
        A server that does not say whether it knows the user is left.
        """
        got = self.client.get(b"a")
        silent = self.greeted(1)
        self.network.advance(Client.PATIENCE)
        self.assertTrue(silent.isReset)
        two = self.greeted(2)
        two.send(b"OK\r\nERRNOTFOUND\r\n")
        self.assertIsNone(self.successResultOf(got))

    def test_loginAgain(self) -> None:
        """
        On another connection, the user is told again before what is sent there.
        """
        stored, got = self.client.set(b"a", b"1"), self.client.get(b"a")
        one = self.greeted(1)
        one.send(b"OK\r\n")
        one.taken()
        one.close()
        self.failureResultOf(stored, OutcomeUnknown)
        two = self.greeted(2)
        self.assertEqual(two.taken(), b"")
        two.send(b"OK\r\n")
        self.assertEqual(two.taken(), b"get a\r\n")
        two.send(b"ERRNOTFOUND\r\n")
        self.assertIsNone(self.successResultOf(got))

    def test_redirectedCalls(self) -> None:
        """
        Calls that are redirected wait for the login at the other server, and keep their order.
        """
        self.client.set(b"a", b"1")
        self.client.set(b"b", b"2")
        one = self.greeted(1)
        one.send(b"OK\r\nERR_REDIRECT db 3\r\nERR_REDIRECT db 3\r\n")
        three = self.greeted(3)
        self.client.set(b"c", b"3")
        three.send(b"OK\r\n")
        self.assertEqual(three.taken(), b"set a 0 1\r\n1\r\nset b 0 1\r\n2\r\nset c 0 1\r\n3\r\n")

    def test_mayNot(self) -> None:
        """
        A call that the user may not make fails, and the others go on.
        """
        stored, got = self.client.set(b"a", b"1"), self.client.get(b"a")
        self.greeted().send(b"OK\r\nERR_AUTH\r\nVALUE 1\r\n1\r\n")
        error = self.failureResultOf(stored, NotAllowed).value
        self.assertEqual((str(error), error.user), ("the user alice may not do that", "alice"))
        self.assertEqual(self.successResultOf(got), b"1")

    def test_mayNotAtAll(self) -> None:
        """
        So it is where nothing else was asked, after the user has logged in once more, and no more than that.
        """
        stored = self.client.set(b"a", b"1")
        wire = self.greeted()
        wire.send(b"OK\r\nERR_AUTH\r\n")
        self.assertEqual(wire.taken(), b"set a 0 1\r\n1\r\n" + AUTH)
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"set a 0 1\r\n1\r\n")
        wire.send(b"ERR_AUTH\r\n")
        self.assertEqual(str(self.failureResultOf(stored, NotAllowed).value), "the user alice may not do that")
        self.assertEqual(wire.taken(), b"")

    def test_closed(self) -> None:
        """
        A client that is closed while it logs in closes that connection.
        """
        stored = self.client.set(b"a", b"1")
        wire = self.greeted()
        self.client.close()
        self.failureResultOf(stored, Closed)
        self.assertTrue(wire.isReset)
        self.assertEqual(self.network.asked(), [])

    def test_oneServer(self) -> None:
        """
        C{stats} are for everybody, and nobody logs in for them. For what else one server is asked, the user is told
        first; and there, too, C{NotAllowed} is what comes of it.
        """
        asked = self.client.stats("db", 1)
        wire = self.network.accept(1)
        self.assertEqual(wire.taken(), b"stats\r\n")
        wire.send(stats("leader"))
        self.assertEqual(self.successResultOf(asked)["role"], "leader")
        self.assertEqual(self.network.asked(), [1])
        moved = self.client.transfer("db", 1, 2)
        wire = self.greeted()
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"transfer 2\r\n")
        wire.send(b"ERR_AUTH\r\n")
        self.assertEqual(wire.taken(), AUTH)
        wire.send(b"ERR_AUTH\r\n")
        error = self.failureResultOf(moved, NotAllowed).value
        self.assertEqual(str(error), "db:1 does not know the user alice by this token")
        given = self.client.snapshot("db", 1, 5)
        wire.send(b"ERR_AUTH\r\nOK\r\n")
        self.assertEqual(wire.taken(), b"snapshot 5\r\n" + AUTH + b"snapshot 5\r\n")
        wire.send(b"ERR_AUTH\r\n")
        error = self.failureResultOf(given, NotAllowed).value
        self.assertEqual(str(error), "the user alice may not do that")
        refused = self.client.snapshot("db", 2, 5)
        self.greeted(2).send(b"ERR_AUTH\r\n")
        self.failureResultOf(refused, NotAllowed)
        unsure = self.client.snapshot("db", 3, 5)
        self.greeted(3).send(b"ERR_REDIRECT db 1\r\n")
        self.assertEqual(
            str(self.failureResultOf(unsure, Unavailable).value),
            "db:3: it does not know the user alice by this token; db:1 may, which leads",
        )

    def test_unknownToFollower(self) -> None:
        """
        Where a server that does not lead does not know the user, the leader is asked, who alone can tell.
        """
        for reply, reason in (
            (b"ERR_AUTH\r\n", "db:1 does not know the user alice by this token"),
            (b"ERR_INTERNAL\r\n", "db:1: it cannot tell now whether this is alice (ERR_INTERNAL)"),
        ):
            given = self.client.snapshot("db", 3, 5)
            self.greeted(3).send(b"ERR_REDIRECT db 1\r\n")
            self.greeted(1).send(reply)
            error = self.failureResultOf(given).value
            self.assertIsInstance(error, NotAllowed if reply == b"ERR_AUTH\r\n" else Unavailable)
            self.assertEqual(str(error), reason)


class NobodyTests(ClientCase):
    """
    Tests for a client that has no user.
    """

    def test_refused(self) -> None:
        """
        Where not everybody may do everything, it is told so.
        """
        stored = self.client.set(b"a", b"1")
        self.connected().send(b"ERR_AUTH\r\n")
        error = self.failureResultOf(stored, NotAllowed).value
        self.assertEqual((str(error), error.user), ("not everybody may do that, and no user was given who may", None))


class CredentialsTests(SynchronousTestCase):
    """
    Tests for L{Credentials}.
    """

    def test_encoded(self) -> None:
        """
        A token may be text or bytes.
        """
        self.assertEqual(Credentials("alice", TOKEN).encoded, AUTH)
        self.assertEqual(Credentials("alice", TOKEN.encode()).encoded, AUTH)

    def test_bothOrNone(self) -> None:
        """
        There is no user without a token, and no token without a user.
        """
        self.assertIsNone(checkedCredentials(None, None))
        for user, token in (("alice", None), (None, TOKEN)):
            self.assertRaises(ValueError, checkedCredentials, user, token)

    def test_checked(self) -> None:
        """
        What no user has is refused. What is said of it does not show it: it may be the token.
        """
        for user in ("", "-a", "a b", "a\r\nget k", "\xe4", 65 * "a", "\ud800"):
            self.assertNotIn(user or "''", str(self.assertRaises(CommandError, Credentials, user, TOKEN)))
        for token in ("", "a b", "a\n", "s\xe4cret", 257 * "t", b"\xe4", b"\0", "\ud800"):
            said = str(self.assertRaises(CommandError, Credentials, "alice", token))
            self.assertNotIn(str(token) or "''", said)
        self.assertRaises(TypeError, Credentials, b"alice", TOKEN)
        self.assertNotIn("1234", str(self.assertRaises(TypeError, Credentials, "alice", 1234)))
        Credentials(64 * "a", 256 * "~")

    def test_notShown(self) -> None:
        """
        Nothing that a program may print has the token in it.
        """
        network_ = ClientCase("setUp")
        network_.setUp()
        client = Client(network_.reactor, ["db:1"], user="alice", token=TOKEN)
        for shown in (Credentials("alice", TOKEN), client):
            self.assertNotIn(TOKEN, repr(shown))
            self.assertNotIn(TOKEN, str(shown))
