"""
Tests for who may do what, and what other operators are told of it.
"""

from __future__ import annotations

import json

from replkv.commands.auth import Auth
from replkv.commands.cas import Cas
from replkv.commands.delete import Delete
from replkv.commands.extras import Snapshot, Transfer
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.grant import GrantRight
from replkv.commands.passwd import Passwd
from replkv.commands.results import (
    Deleted,
    Done,
    Found,
    NotAllowed,
    NotTransferred,
    Redirected,
    Stored,
    Unavailable,
)
from replkv.commands.revoke import RevokeRight
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.commands.useradd import UserAdd
from replkv.commands.userdel import UserDel
from replkv.commands.users import Users
from tests.frontends.asked import Asked
from tests.logged import logged
from tests.node.accesscase import ADMIN, READ, WRITE, AccessTests
from tests.node.cluster import Client
from tests.users.people import secretOf


class RightTests(AccessTests):
    """
    Tests for what users may do.
    """

    def test_nothing(self) -> None:
        """
        Who has no rights, or has not logged in, is told nothing and changes nothing.
        """
        version = self.outcome(self.root, Set(b"k", 0, b"v", False))
        assert isinstance(version, Stored)
        commands = (
            Get(b"k"),
            Getm(b"k"),
            Set(b"k", 0, b"x", False),
            Set(b"k", 0, b"x", True),
            Cas(b"k", 0, version.version, b"x", False),
            Delete(b"k"),
            Touch(b"k", 5),
            Delete(b"none"),
            Users(b"-"),
            UserAdd(b"bob", secretOf(b"b")),
            UserDel(b"root"),
            Passwd(b"root", secretOf(b"x")),
            GrantRight(b"alice", READ, b"k"),
            RevokeRight(b"root", ADMIN, b""),
            Transfer(1),
        )
        for client in (self.alice, Client(self.leader)):
            last = self.leader.raft.log.lastIndex
            for command in commands:
                self.assertEqual(self.outcome(client, command), NotAllowed(), command)
            self.assertEqual(self.leader.raft.log.lastIndex, last)
        self.assertEqual(self.outcome(self.root, Getm(b"k")), Found(version.version, 0, b"v"))

    def test_rights(self) -> None:
        """
        What was given can be done, for these keys and no others.
        """
        self.give(READ, b"a/")
        self.give(WRITE, b"b/")
        self.outcome(self.root, Set(b"a/k", 0, b"v", False))
        self.assertIsInstance(self.outcome(self.alice, Get(b"a/k")), Found)
        self.assertEqual(self.outcome(self.alice, Set(b"a/k", 0, b"x", False)), NotAllowed())
        self.assertIsInstance(self.outcome(self.alice, Set(b"b/k", 0, b"x", False)), Stored)
        self.assertEqual(self.outcome(self.alice, Get(b"b/k")), NotAllowed())
        self.assertEqual(self.outcome(self.alice, Delete(b"b/k")), Deleted())

    def test_ownToken(self) -> None:
        """
        Users may give themselves another token. All who have logged in with the one before have to do it again.
        """
        self.give(READ, b"")
        other = self.login(b"alice")
        self.assertEqual(self.outcome(self.alice, Passwd(b"alice", secretOf(b"new"))), Done())
        for client in (self.alice, other):
            self.assertEqual(self.outcome(client, Get(b"k")), NotAllowed())
        self.assertEqual(self.authenticated(other, Auth(b"alice", b"alice")), NotAllowed())
        self.login(b"alice", token=b"new")

    def test_users(self) -> None:
        """
        Who may do everything is told of all users.
        """
        self.give(READ, b"a/")
        told = self.outcome(self.root, Users(b"-"))
        assert isinstance(told, Found)
        self.assertEqual(
            [json.loads(line) for line in told.value.splitlines()],
            [{"user": "alice", "grants": [["read", "a/"]]}, {"user": "root", "grants": [["admin", ""]]}],
        )
        self.assertEqual(self.outcome(self.root, Users(b"root")), Found(0, 0, b""))

    def test_off(self) -> None:
        """
        When the last user is gone, everybody may do everything again.
        """
        self.assertEqual(self.outcome(self.root, UserDel(b"alice")), Deleted())
        self.assertEqual(self.outcome(Client(self.leader), Get(b"k")), NotAllowed())
        self.assertEqual(self.outcome(self.root, UserDel(b"root")), Deleted())
        self.assertIsInstance(self.outcome(Client(self.leader), Set(b"k", 0, b"v", False)), Stored)

    def test_backups(self) -> None:
        """
        Copies of the state are for who may do everything, on each server.
        """
        self.cluster.run(0.1)
        for server in self.cluster.servers:
            for name, allowed in ((b"alice", False), (b"root", True)):
                asked = Asked(Snapshot(0), self.login(name, server).session)
                self.assertEqual(server.node.admits(asked), allowed)
            self.assertFalse(server.node.admits(Asked(Snapshot(0))))

    def test_transfer(self) -> None:
        """
        So is who leads.
        """
        self.assertIsInstance(self.outcome(self.root, Transfer(9)), NotTransferred)


class LoginTests(AccessTests):
    """
    Tests for logging in.
    """

    def test_wrong(self) -> None:
        """
        Who has the wrong token is nobody from then on, whoever he was before.
        """
        self.give(READ, b"")
        for auth in (Auth(b"alice", b"bob"), Auth(b"bob", b"bob")):
            client = self.login(b"alice")
            self.assertEqual(self.authenticated(client, auth), NotAllowed())
            self.assertEqual(self.outcome(client, Get(b"k")), NotAllowed())

    def test_asked(self) -> None:
        """
        What was asked before is carried out in the name of who has asked it.
        """
        self.give(READ, b"")
        before = self.alice.ask(Get(b"none"))
        self.alice.ask(Auth(b"alice", b"wrong"))
        self.cluster.settle()
        self.assertNotEqual(before.result, NotAllowed())

    def test_follower(self) -> None:
        """
        A server that does not lead says that a token is right, and leaves it to the leader to say that it is not.
        """
        self.cluster.run(0.1)
        follower = self.followers[0]
        self.login(b"alice", follower)
        asked = Client(follower).ask(Auth(b"alice", b"wrong"))
        self.cluster.run(0.2)
        self.assertEqual(asked.result, Redirected("server0", 9000))

    def test_noLeader(self) -> None:
        """
        So does one that knows no leader, which it waits for.
        """
        self.cluster.run(0.1)
        self.cluster.part(0, 1, 2)
        self.cluster.run(1)
        client = Client(self.followers[0])
        self.assertEqual(self.authenticated(client, Auth(b"alice", b"alice")), Done())
        wrong = client.ask(Auth(b"alice", b"wrong"))
        self.cluster.run(0.1)
        self.assertIsNone(wrong.result)
        self.cluster.run(3)
        self.assertEqual(wrong.result, Unavailable())

    def test_unknown(self) -> None:
        """
        Who is not known to be somebody, since the server cannot tell now, is nobody, whoever he was before.
        """
        self.cluster.part(0, 1, 2)
        self.cluster.run(1)
        asked = self.alice.ask(Auth(b"root", b"wrong"))
        self.cluster.run(self.cluster.config.requestTimeout + 0.1)
        self.assertEqual(asked.result, Unavailable())
        self.assertIsNone(self.alice.session.login)

    def test_inTime(self) -> None:
        """
        Who has to wait for too long is told so, and is not logged in afterwards.
        """
        for _ in range(8):
            Client(self.leader).ask(Auth(b"alice", b"wrong"))
        late = self.alice.ask(Auth(b"alice", b"late"))
        self.cluster.run(self.cluster.config.requestTimeout + 0.1)
        self.assertIn(late.result, (NotAllowed(), Unavailable()))
        self.cluster.run(30)
        self.assertIsNone(self.alice.session.login)


class TrailTests(AccessTests):
    """
    Tests for what other operators can read.
    """

    def test_told(self) -> None:
        """
        What operators do, and who was refused, is in the log, with who it was and from where.
        """
        self.cluster.run(0.1)
        lines = logged(self)
        self.give(READ, b"a/")
        self.outcome(self.root, UserDel(b"bob"))
        self.outcome(self.root, RevokeRight(b"root", ADMIN, b""))
        self.outcome(self.alice, GrantRight(b"alice", ADMIN, b""))
        self.authenticated(Client(self.leader), Auth(b"alice", b"secret"))
        self.outcome(self.root, Transfer(9))
        told = [line for line in lines if line.startswith("audit: ")]
        self.assertEqual(
            told,
            [
                "audit: root at 127.0.0.1: grant alice read a/*: Done",
                "audit: root at 127.0.0.1: userdel bob: NotFound",
                "audit: root at 127.0.0.1: revoke root admin *: refused, since nobody else may do everything, so "
                "nobody could undo it: to revoke this right, give another user admin * first",
                "audit: alice at 127.0.0.1: grant alice admin *: refused, since alice may not do that",
                "audit: somebody at 127.0.0.1 was refused as alice: there is no such user, or the token is wrong",
                "audit: root at 127.0.0.1: transfer 9: NotTransferred",
            ],
        )
        self.outcome(self.root, UserDel(b"alice"))
        self.outcome(self.root, UserDel(b"root"))
        self.assertIn("audit: the last who may do everything is gone: from now on, everybody may do everything", lines)
        self.assertFalse([line for line in lines if "secret" in line or "scrypt" in line])

    def test_unknown(self) -> None:
        """
        Where nobody knows what came of it, that is told.
        """
        lines = logged(self)
        self.cluster.run(0.2)
        self.cluster.part(0)
        self.root.ask(GrantRight(b"alice", READ, b""))
        self.cluster.leader()
        self.cluster.run(1)
        self.assertIn("audit: root at 127.0.0.1: grant alice read *: nobody knows what came of it", lines)
