"""
Tests for what the connections of simulated clients make of users: who asks, what is refused, what becomes of users.
"""

from __future__ import annotations

from replkv.commands.get import Get
from replkv.commands.grant import GrantRight
from replkv.commands.set import Set
from replkv.commands.userdel import UserDel
from replkv.testing.history import Status, Told
from replkv.testing.users.record import Change, Fate, Given, Gone, Login, Right
from replkv.users import rights
from tests.testing.cluster.sessions import SessionCase

GET = Get(b"k")
SILENT = Set(b"k", 0, b"value", True)


class UserSessionCase(SessionCase):
    """
    A session of a client with users.
    """

    def logIn(self) -> Login:
        """
        Say who asks, at 1 s. What happens next happens at 2 s.
        """
        self.time = 1.0
        self.session.logIn(b"ann", b"token")
        self.time = 2.0
        (*_, login) = self.history.users.logins
        return login

    def grant(self) -> Change:
        """
        Ask for a right of somebody, at 1 s.
        """
        self.time = 1.0
        right = Right("read", b"k")
        change = self.session.change(GrantRight(b"bob", rights.Right.READ, b"k"), Given(right))
        self.time = 2.0
        return change


class LoginTests(UserSessionCase):
    """
    Tests for logins.
    """

    def test_sent(self) -> None:
        """
        What is asked after it is asked by that user, whether that is answered yet or not.
        """
        self.send(GET)
        login = self.logIn()
        self.send(GET, GET)
        other = self.logIn()
        self.send(GET)
        self.assertEqual(self.transport.value().count(b"auth ann token\r\n"), 2)
        self.assertEqual(self.history.users.names, {1: login, 2: login, 3: other})
        self.assertTrue(self.session.waits)

    def test_fates(self) -> None:
        """
        It is right, or wrong, or another server is to be asked, or it fails; and whoever failed is nobody.
        """
        lines = [b"OK", b"ERR_AUTH", b"ERR_REDIRECT server2 9000", b"ERR_INTERNAL"]
        for line, fate in zip(lines, [Fate.DONE, Fate.REFUSED, Fate.VAIN, Fate.VAIN], strict=True):
            login = self.logIn()
            self.replied(line)
            self.assertEqual((login.fate, login.invoked, login.ended, login.told), (fate, 1.0, 2.0, line.decode()))
        self.assertEqual(
            self.owner.events, ["settled 0", "settled 1", "redirected to server2:9000", "settled 2", "settled 3"]
        )

    def test_lost(self) -> None:
        """
        Nobody knows what came of one that was not answered.
        """
        login = self.logIn()
        self.lose()
        self.assertEqual((login.fate, login.told), (Fate.UNKNOWN, ""))

    def test_noReply(self) -> None:
        """
        No server answers it with anything else.
        """
        for line in (b"DELETED", b"ERRNOTFOUND", b"OK 7", b"ERR_UPGRADE", b"REFUSED so"):
            self.setUp()
            self.logIn()
            self.replied(line)
            self.assertEqual(self.owner.events, ["misled"])


class RefusedTests(UserSessionCase):
    """
    Tests for what is refused.
    """

    def test_refused(self) -> None:
        """
        It was certainly not carried out.
        """
        self.send(GET, GET)
        self.replied(b"ERR_AUTH", b"ERRNOTFOUND")
        self.expect(Status.FAILED, Told.NOT_FOUND)
        self.assertEqual(self.history.users.refused, {0})
        self.assertEqual(self.owner.events, [0, 1])

    def test_silent(self) -> None:
        """
        Where it may have been a command that wants no reply, nobody knows which it was.
        """
        self.send(SILENT, GET)
        self.replied(b"ERR_AUTH")
        self.expect(Status.UNKNOWN, Status.UNKNOWN)
        self.assertEqual(self.history.users.refused, set())

    def test_carriedOut(self) -> None:
        """
        Who is told that it has logged in was told nothing of what came before, for it was carried out.
        """
        self.send(SILENT)
        self.logIn()
        self.replied(b"OK")
        self.expect(Told.CARRIED_OUT)


class ChangeTests(UserSessionCase):
    """
    Tests for changes of users.
    """

    def test_sent(self) -> None:
        """
        It is known who wanted it, and what.
        """
        login = self.logIn()
        change = self.grant()
        self.assertTrue(self.transport.value().endswith(b"grant bob read k*\r\n"))
        self.assertEqual((change.user, change.login, change.connection), (b"bob", login, 9))
        self.assertEqual(str(change), "1.000 - ... s: bob has read k* -> ...")

    def test_fates(self) -> None:
        """
        It was done, or not, or nobody knows.
        """
        vain = [b"ERRNOTFOUND", b"ERR_REDIRECT server2 9000", b"ERR_UPGRADE", b"REFUSED so it is"]
        fates = {
            b"OK": Fate.DONE,
            b"ERR_AUTH": Fate.REFUSED,
            b"ERR_INTERNAL": Fate.UNKNOWN,
            **dict.fromkeys(vain, Fate.VAIN),
        }
        for line, fate in fates.items():
            change = self.grant()
            self.replied(line)
            self.assertEqual((change.fate, change.told), (fate, line.decode()))
        self.assertFalse(self.session.outstanding)

    def test_deleted(self) -> None:
        """
        Of a user that is deleted, that is told in another way.
        """
        change = self.session.change(UserDel(b"bob"), Gone())
        self.replied(b"DELETED")
        self.assertEqual(change.fate, Fate.DONE)
        self.session.change(UserDel(b"bob"), Gone())
        self.replied(b"OK")
        self.grant()
        self.replied(b"DELETED")
        self.assertEqual(self.owner.events, ["settled 0", "misled", "misled"])
