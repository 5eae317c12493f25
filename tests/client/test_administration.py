"""
Tests for L{replkv.client.administration}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.client.administration import UserRights
from replkv.client.errors import CommandError, NotAllowed, NotFound, NotUpgraded, OutcomeUnknown, Refused, Unavailable
from replkv.users.rights import Grant, Right
from replkv.users.secret import Cost, makeSecret
from tests.client.connected import ClientCase

SECRET = makeSecret(b"token", bytes(16), Cost(1, 1, 1))


class ChangeTests(ClientCase):
    """
    Tests for calls that change users.
    """

    def test_done(self) -> None:
        """
        They are sent to the leader, and have no result.
        """
        calls = [
            self.client.addUser("alice", SECRET),
            self.client.setSecret("alice", SECRET),
            self.client.grant("alice", Right.READ, b"app/"),
            self.client.grant("alice", Right.ADMIN, b""),
            self.client.revoke("alice", Right.WRITE, b"app/"),
        ]
        wire = self.connected()
        secret = SECRET.encode()
        self.assertEqual(
            wire.taken(),
            b"useradd alice %b\r\npasswd alice %b\r\ngrant alice read app/*\r\ngrant alice admin *\r\n"
            b"revoke alice write app/*\r\n" % (secret, secret),
        )
        wire.send(b"OK\r\n" * len(calls))
        for call in calls:
            self.assertIsNone(self.successResultOf(call))

    def test_delete(self) -> None:
        """
        A user that is deleted was there, or was not.
        """
        first, second = self.client.deleteUser("alice"), self.client.deleteUser("alice")
        wire = self.connected()
        self.assertEqual(wire.taken(), b"userdel alice\r\n" * 2)
        wire.send(b"DELETED\r\nERRNOTFOUND\r\n")
        self.assertIs(self.successResultOf(first), True)
        self.assertIs(self.successResultOf(second), False)

    def test_failed(self) -> None:
        """
        What the servers do not do has an error of its own, and all but one say that nothing was done.
        """
        replies = (
            (b"ERRNOTFOUND", NotFound, "there is no user alice"),
            (b"REFUSED there is a reason", Refused, "there is a reason"),
            (b"ERR_AUTH", NotAllowed, "not everybody may"),
            (b"ERR_UPGRADE", NotUpgraded, "upgrade all"),
            (b"ERRCMDERR", NotUpgraded, "upgrade all"),
            (b"OK 7", OutcomeUnknown, "OK 7"),
            (b"ERR_INTERNAL", OutcomeUnknown, "cannot tell"),
        )
        calls = [self.client.grant("alice", Right.READ, b"") for _ in replies]
        wire = self.connected()
        for call, (reply, error, words) in zip(calls, replies, strict=True):
            wire.send(reply + b"\r\n")
            self.assertIn(words, str(self.failureResultOf(call, error).value))

    def test_mistakes(self) -> None:
        """
        Nothing is sent of what cannot be.
        """
        for call in (
            self.client.addUser("a b", SECRET),
            self.client.grant("alice", Right.READ, b"a b"),
            self.client.grant("alice", Right.READ, 251 * b"a"),
        ):
            self.failureResultOf(call, CommandError)
        self.failureResultOf(self.client.revoke("alice", Right.READ, "app/"), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.client.grant("alice", "all", b""), ValueError)  # type: ignore[arg-type]
        self.assertEqual(self.network.asked(), [])


class ListTests(ClientCase):
    """
    Tests for the list of users.
    """

    def listed(self) -> Deferred[list[UserRights]]:
        """
        Ask for all.
        """

        async def collect() -> list[UserRights]:
            return [user async for user in self.client.users()]

        return Deferred.fromCoroutine(collect())

    def test_pages(self) -> None:
        """
        Pages are asked for until there is no more.
        """
        listed = self.listed()
        wire = self.connected()
        self.assertEqual(wire.taken(), b"users -\r\n")
        page = b'{"user": "alice", "grants": [["read", "app/"], ["admin", ""]]}\n{"user": "bob", "grants": []}\n'
        wire.send(b"VALUE %d\r\n%b\r\n" % (len(page), page))
        self.assertEqual(wire.taken(), b"users bob\r\n")
        page = b'{"user": "carol", "grants": []}\n'
        wire.send(b"VALUE %d\r\n%b\r\n" % (len(page), page))
        self.assertEqual(wire.taken(), b"users carol\r\n")
        wire.send(b"VALUE 0\r\n\r\n")
        self.assertEqual(
            self.successResultOf(listed),
            [
                UserRights("alice", (Grant(Right.READ, b"app/"), Grant(Right.ADMIN, b""))),
                UserRights("bob", ()),
                UserRights("carol", ()),
            ],
        )

    def test_askedAgain(self) -> None:
        """
        It changes nothing, so it is asked for again where a server is lost.
        """
        listed = self.listed()
        self.connected(1).close()
        wire = self.connected(2)
        self.assertEqual(wire.taken(), b"users -\r\n")
        wire.send(b"VALUE 0\r\n\r\n")
        self.assertEqual(self.successResultOf(listed), [])

    def test_noUsers(self) -> None:
        """
        What is no list of users is none, and a server that tells of the same ones again is not asked for ever.
        """
        for told in (
            b"x",
            b"[]",
            b'{"user": 1, "grants": []}',
            b'{"user": "a b", "grants": []}',
            b'{"user": "alice"}',
            b'{"user": "alice", "grants": [["all", ""]]}',
            b'{"user": "alice", "grants": [["read"]]}',
        ):
            self.setUp()
            listed = self.listed()
            self.connected().send(b"VALUE %d\r\n%b\r\n" % (len(told), told))
            self.failureResultOf(listed, Unavailable)
        self.setUp()
        listed = self.listed()
        wire = self.connected()
        for _ in range(2):
            wire.send(b'VALUE 30\r\n{"user": "bob", "grants": []}\n\r\n')
        self.failureResultOf(listed, Unavailable)

    def test_mayNot(self) -> None:
        """
        Not everybody is told.
        """
        listed = self.listed()
        self.connected().send(b"ERR_AUTH\r\n")
        self.failureResultOf(listed, NotAllowed)
