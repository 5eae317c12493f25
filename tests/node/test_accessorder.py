"""
Tests for the place in the log from which on somebody may do something, and for what waits for it.
"""

from __future__ import annotations

from replkv.commands.auth import Auth
from replkv.commands.delete import Delete
from replkv.commands.extras import Transfer
from replkv.commands.get import Get
from replkv.commands.grant import GrantRight
from replkv.commands.passwd import Passwd
from replkv.commands.results import (
    Deleted,
    Done,
    NotAllowed,
    Refused,
    Stored,
    Unavailable,
)
from replkv.commands.revoke import RevokeRight
from replkv.commands.set import Set
from replkv.users.user import Login
from tests.node.accesscase import READ, WRITE, AccessTests
from tests.node.cluster import Client, stopTicks
from tests.patience import patiently
from tests.users.people import secretOf


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
