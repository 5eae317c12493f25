"""
Tests for L{replkv.cli.user.effects}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.cli.user.effects import Added, addUser, areHeeded
from replkv.client.client import Client
from replkv.client.errors import NotAllowed, Refused
from replkv.users.rights import EVERYTHING, Grant, Right
from replkv.users.secret import Cost, makeSecret
from tests.client.connected import ClientCase, stats
from tests.network import FarEnd

SECRET = makeSecret(b"token", bytes(16), Cost(1, 1, 1))

READ = Grant(Right.READ, b"app/")


class EffectsTests(ClientCase):
    """
    Tests for what is done to users.
    """

    def setUp(self) -> None:
        """
        Have an administrator.
        """
        super().setUp()
        self.client = Client(self.reactor, ["db:1", "db:2", "db:3"], user="root", token="s3cret")

    def tell(self, auth: str | None) -> None:
        """
        Be three servers that are asked how they are; the second leads.
        """
        for port in (1, 2, 3):
            wire = self.network.accept(port)
            self.assertEqual(wire.taken(), b"stats\r\n")
            if port == 2:
                wire.send(stats("leader") if auth is None else stats("leader", auth=auth))
            else:
                wire.send(stats("follower"))
        self.network.asked()

    def add(self, *grants: Grant) -> tuple[Deferred[Added], FarEnd]:
        """
        Have a user added.
        """
        added = Deferred.fromCoroutine(addUser(self.client, "alice", SECRET, grants))
        wire = self.connected()
        self.assertEqual(wire.taken(), b"auth root s3cret\r\n")
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"useradd alice %b\r\n" % SECRET.encode())
        return added, wire

    def test_heeded(self) -> None:
        """
        The leader knows whether rights are heeded.
        """
        for told, heeded in (("on", True), ("off", False), (None, False)):
            asked = Deferred.fromCoroutine(areHeeded(self.client))
            self.tell(told)
            self.assertIs(self.successResultOf(asked), heeded)
            self.setUp()

    def test_noLeader(self) -> None:
        """
        If there is none, nobody knows.
        """
        self.network.refuse(1, 2, 3)
        asked = Deferred.fromCoroutine(areHeeded(self.client))
        self.network.advance(0)
        self.assertIsNone(self.successResultOf(asked))

    def test_added(self) -> None:
        """
        A user gets the rights in their order, after it was asked whether they are heeded.
        """
        added, wire = self.add(READ, EVERYTHING)
        wire.send(b"OK\r\n")
        self.tell("off")
        self.assertEqual(wire.taken(), b"grant alice read app/*\r\n")
        wire.send(b"OK\r\n")
        self.assertEqual(wire.taken(), b"grant alice admin *\r\n")
        wire.send(b"OK\r\n")
        self.assertEqual(self.successResultOf(added), Added(False))

    def test_notAdded(self) -> None:
        """
        Where the user is not added, nothing more is done.
        """
        added, wire = self.add(READ)
        wire.send(b"REFUSED there is a user alice already\r\n")
        self.failureResultOf(added, Refused)
        self.assertEqual(wire.taken(), b"")

    def test_missing(self) -> None:
        """
        Where a right is not given, the user is there all the same, and that is told.
        """
        added, wire = self.add(READ, EVERYTHING)
        wire.send(b"OK\r\n")
        self.tell("on")
        # The client logs in once more, and asks again.
        wire.send(b"ERR_AUTH\r\nOK\r\n")
        wire.send(b"ERR_AUTH\r\n")
        outcome = self.successResultOf(added)
        self.assertEqual(outcome[:2], (True, READ))
        self.assertIsInstance(outcome.error, NotAllowed)
