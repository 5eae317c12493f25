"""
Tests for who may do what, where servers come and go.
"""

from __future__ import annotations

import json

from replkv.commands.auth import Auth
from replkv.commands.cas import Cas
from replkv.commands.command import Command
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
    Refused,
    Result,
    Stored,
    Unavailable,
)
from replkv.commands.revoke import RevokeRight
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.commands.useradd import UserAdd
from replkv.commands.userdel import UserDel
from replkv.commands.users import Users
from replkv.testing import SimulatedServer
from replkv.users.rights import Right
from replkv.users.user import Login
from tests.frontends.asked import Asked
from tests.logged import logged
from tests.node.cluster import Client, stopTicks
from tests.node.leading import LeaderTests
from tests.patience import patiently
from tests.users.people import secretOf

READ, WRITE, ADMIN = Right.READ, Right.WRITE, Right.ADMIN


class AccessTests(LeaderTests):
    """
    A cluster where root may do everything, and alice what she is given. Their tokens are their names.
    """

    def setUp(self) -> None:
        """
        Server 0 leads.
        """
        super().setUp()
        root = Client(self.leader)
        commands = [UserAdd(b"root", secretOf(b"root")), UserAdd(b"alice", secretOf(b"alice"))]
        for command in [*commands, GrantRight(b"root", ADMIN, b"")]:
            self.assertEqual(self.outcome(root, command), Done())
        self.root = self.login(b"root")
        self.alice = self.login(b"alice")

    def outcome(self, client: Client, command: Command) -> Result | None:
        """
        What comes of a command.
        """
        asked = client.ask(command)
        self.cluster.settle()
        return asked.result

    def login(self, name: bytes, server: SimulatedServer | None = None, token: bytes | None = None) -> Client:
        """
        Log somebody in.
        """
        client = Client(server or self.leader)
        self.assertEqual(self.authenticated(client, Auth(name, token or name)), Done())
        return client

    def authenticated(self, client: Client, auth: Auth) -> Result | None:
        """
        What comes of a login, which is told at a tick.
        """
        asked = client.ask(auth)
        self.cluster.until(lambda: asked.isAnswered, "it is known who it is")
        return asked.result

    def give(self, right: Right, prefix: bytes) -> None:
        """
        Give alice a right.
        """
        self.assertEqual(self.outcome(self.root, GrantRight(b"alice", right, prefix)), Done())

    def take(self, right: Right, prefix: bytes) -> None:
        """
        Take one away again.
        """
        self.assertEqual(self.outcome(self.root, RevokeRight(b"alice", right, prefix)), Done())


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


class CrowdTests(AccessTests):
    """
    Tests for those who ask for more than is good for others.
    """

    def assertCarriedOut(self, seconds: float) -> None:
        """
        What others ask is carried out for so long.
        """
        end = self.cluster.timeline.seconds() + seconds
        for number in patiently("time is over"):
            if self.cluster.timeline.seconds() >= end:
                break
            asked = [self.root.ask(Set(b"k%d" % number, 0, b"v", False)) for _ in range(100)]
            self.cluster.run(0.05)
            self.assertEqual([each.result for each in asked if not isinstance(each.result, Stored)], [])

    def test_guesses(self) -> None:
        """
        Those whose tokens wait to be tried do not make the server take itself for overloaded.
        """
        for number in range(40):
            Client(self.leader).ask(Auth(b"root", b"guess %d" % number))
        self.cluster.run(0.1)
        self.assertCarriedOut(self.cluster.config.requestTimeout - 0.5)

    def test_changes(self) -> None:
        """
        All wait while users change; so users may not give themselves new tokens as often as they like, but who may do
        everything may.
        """
        last = self.leader.raft.log.lastIndex
        asked = [self.alice.ask(Passwd(b"alice", secretOf(b"%d" % number))) for number in range(100)]
        self.cluster.settle()
        results = [each.result for each in asked]
        self.assertEqual(results[0], Done())
        # The first has ended the login.
        self.assertEqual(set(map(type, results[1:])), {NotAllowed})
        certified = Client(self.leader)
        certified.session.login = Login(b"alice", None)
        asked = [certified.ask(Passwd(b"alice", secretOf(b"%d" % number))) for number in range(100)]
        self.cluster.settle()
        self.assertEqual({type(each.result) for each in asked}, {Refused})
        self.assertEqual(self.leader.raft.log.lastIndex, last + 1)
        self.cluster.run(1)
        self.assertEqual(self.outcome(certified, Passwd(b"alice", secretOf(b"x"))), Done())
        asked = [self.root.ask(GrantRight(b"alice", READ, b"%02d" % number)) for number in range(20)]
        self.cluster.settle()
        self.assertEqual({type(each.result) for each in asked}, {Done})

    def test_held(self) -> None:
        """
        What waits for a change that does not come to be committed is answered in time, and kept no longer.
        """
        self.cluster.hold(self.followers)
        self.root.ask(GrantRight(b"alice", READ, b""))
        asked = [self.root.ask(Set(b"k", 0, bytes(1000), False)) for _ in range(50)]
        self.cluster.run(0.5)
        self.assertEqual(len(self.leader.node.executor._held), 50)
        self.cluster.run(self.cluster.config.requestTimeout)
        self.assertEqual({type(each.result) for each in asked}, {Unavailable})
        self.assertEqual(len(self.leader.node.executor._held), 0)

    def test_manyHeld(self) -> None:
        """
        Each change of many that wait costs no walk over all the others.
        """
        asked = []
        for number in range(30):
            asked.append(self.root.ask(GrantRight(b"alice", READ, b"%02d" % number)))
            asked.append(self.root.ask(Set(b"k%d" % number, 0, b"v", False)))
        self.cluster.settle()
        self.assertEqual([type(each.result) for each in asked], [Done, Stored] * 30)


class OrderTests(AccessTests):
    """
    Tests for the place in the log from which on somebody may do something.
    """

    def test_revoked(self) -> None:
        """
        What comes after a revocation in the log is judged by it, though it came before that was applied.
        """
        self.give(WRITE, b"")
        before = self.alice.ask(Set(b"k", 0, b"1", False))
        revoked = self.root.ask(RevokeRight(b"alice", WRITE, b""))
        after = self.alice.ask(Set(b"k", 0, b"2", False))
        others = self.root.ask(Set(b"other", 0, b"2", False))
        self.assertFalse(self.leader.machine.appliedIndex >= self.leader.raft.log.lastIndex)
        self.cluster.settle()
        self.assertIsInstance(before.result, Stored)
        self.assertEqual(revoked.result, Done())
        self.assertEqual(after.result, NotAllowed())
        self.assertIsInstance(others.result, Stored)

    def test_granted(self) -> None:
        """
        So it is with what is given.
        """
        asked = [
            self.alice.ask(Set(b"k", 0, b"1", False)),
            self.root.ask(GrantRight(b"alice", WRITE, b"")),
            self.alice.ask(Set(b"k", 0, b"2", False)),
            self.root.ask(RevokeRight(b"alice", WRITE, b"")),
            self.alice.ask(Set(b"k", 0, b"3", False)),
        ]
        self.cluster.settle()
        first, given, second, taken, third = (each.result for each in asked)
        self.assertEqual((first, given, taken, third), (NotAllowed(), Done(), Done(), NotAllowed()))
        self.assertIsInstance(second, Stored)

    def test_sessionOrder(self) -> None:
        """
        What waits for a change of users keeps its place among the commands of its client.
        """
        self.give(WRITE, b"")
        self.give(READ, b"")
        self.root.ask(GrantRight(b"root", READ, b""))
        asked = [self.alice.ask(Set(b"k", 0, b"1", False)), self.alice.ask(Get(b"k")), self.alice.ask(Delete(b"k"))]
        self.cluster.settle()
        self.assertIsInstance(asked[0].result, Stored)
        self.assertEqual(asked[1].value, b"1")
        self.assertEqual(asked[2].result, Deleted())

    def test_newLeader(self) -> None:
        """
        A server that comes to lead judges nothing before it has applied all that stood in its log.
        """
        self.give(WRITE, b"")
        self.cluster.run(0.2)
        new = self.cluster.servers[2]
        writer = self.login(b"alice", new)
        revoked = self.root.ask(RevokeRight(b"alice", WRITE, b""))
        # It is on all disks, and the followers do not know yet that it is committed.
        self.cluster.until(lambda: revoked.isAnswered, "it is revoked")
        self.cluster.part(0)
        self.cluster.until(lambda: new.leads, "another server leads")
        asked = writer.ask(Set(b"k", 0, b"2", False))
        self.cluster.settle()
        self.cluster.run(0.1)
        self.assertEqual(asked.result, NotAllowed())

    def test_deposed(self) -> None:
        """
        One that leads no longer, and does not know it, refuses nobody: another one may know better.
        """
        self.cluster.run(0.2)
        stopTicks(self.leader)
        self.cluster.part(0)
        write, read = self.alice.ask(Set(b"k", 0, b"1", False)), self.alice.ask(Get(b"k"))
        wrong = Client(self.leader).ask(Auth(b"alice", b"new"))
        self.cluster.leader()
        self.cluster.settle()
        self.assertEqual((write.result, read.result, wrong.result), (None, None, None))

    def test_committedByAnother(self) -> None:
        """
        What another server has committed counts when this one leads again.
        """
        self.give(READ, b"")
        self.cluster.run(0.2)
        self.cluster.part(0)
        new = self.cluster.leader()
        root = self.login(b"root", new)
        self.assertEqual(self.outcome(root, RevokeRight(b"alice", READ, b"")), Done())
        self.cluster.heal()
        self.cluster.run(0.5)
        asked = root.ask(Transfer(0))
        self.cluster.until(lambda: self.leader.leads, "the first one leads again")
        self.cluster.run(0.2)
        self.assertTrue(asked.isAnswered)
        self.assertEqual(self.outcome(self.alice, Get(b"k")), NotAllowed())


class TrailTests(AccessTests):
    """
    Tests for what other operators can read.
    """

    def test_told(self) -> None:
        """
        What operators do, and who was refused, is in the log, with who it was and from where.
        """
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
