"""
Tests for L{replkv.testing.cluster.administrator}, on a cluster on which nothing goes wrong.
"""

from __future__ import annotations

from random import Random

from replkv.testing import rare
from replkv.testing.cluster.administrator import Administrator
from replkv.testing.cluster.credentials import Credentials
from replkv.testing.cluster.plan import UsersPlan
from replkv.testing.history import History, Status
from replkv.testing.users.judge import checkUsers
from replkv.testing.users.record import Change, Fate, Gone
from tests.testing.cluster.clusters import ClusterCase

PLAN = UsersPlan(pause=0.1, burst=2, lateness=0.0, wrong=0.0)


class AdministratorTests(ClusterCase):
    """
    Tests for L{Administrator}.
    """

    def setUp(self) -> None:
        """
        One begins, who knows of two clients.
        """
        super().setUp()
        self.history = History()
        self.credentials = [Credentials(PLAN, Random(0)) for _ in range(2)]
        self.connections = 0
        cluster = self.cluster
        self.administrator = Administrator(
            PLAN,
            [b"k1", b"k2"],
            cluster.process("administrator"),
            cluster.addresses,
            self.history,
            Random(1),
            self.credentials,
            self.newConnection,
            cluster.fail,
            cluster.tell,
        )
        self.administrator.start()

    def newConnection(self) -> int:
        """
        Count them.
        """
        self.connections += 1
        return self.connections

    @property
    def done(self) -> list[Change]:
        """
        The changes that were made.
        """
        return [change for change in self.history.users.changes if change.fate is Fate.DONE]

    def test_changes(self) -> None:
        """
        It has users changed, and tells clients who they are; the servers know the same. The judge has nothing to say.
        """
        self.cluster.run(6)
        self.assertTrue(len(self.done) > 20)
        self.assertEqual({change.user for change in self.done}, {b"root", b"client0", b"client1"})
        self.assertTrue(all(credentials.choose(None) for credentials in self.credentials))
        self.converge()
        users = self.cluster.leader().machine.users
        self.assertTrue(users.areHeeded)
        checkUsers(self.history)

    def test_marks(self) -> None:
        """
        It is known which versions came after a change.
        """
        self.cluster.run(5)
        marks = [operation for operation in self.history.operations if operation.status is Status.OK]
        known = [change.below for change in self.done if change.below is not None]
        self.assertTrue(len(known) > 10)
        versions = {operation.answer.version for operation in marks if operation.answer is not None}
        self.assertTrue(set(known) <= versions)

    def test_disguised(self) -> None:
        """
        On some connections it is taken for a client, and is refused what that may not do; on others it goes on.
        """
        self.cluster.run(1)
        for _ in range(30):
            for connection in list(self.cluster.network.connections):
                if connection.connecting.process.host == "administrator":
                    connection.reset()
            self.cluster.run(0.3)
        fates = {
            change.fate
            for change in self.history.users.changes
            if change.login is not None and change.login.user != b"root"
        }
        self.assertIn(Fate.REFUSED, fates)
        checkUsers(self.history)
        self.assertTrue(self.done[-1].invoked > 8)

    def test_leader(self) -> None:
        """
        It finds the next leader. One of them begins with changes that it has not applied, and that is counted.
        """
        self.cluster.run(1)
        self.assertEqual(self.cluster.rare[rare.USERS_UNAPPLIED], 0)
        for _ in range(8):
            self.cluster.leader().kill()
            self.cluster.run(1)
            for server in self.cluster.servers:
                server.revive()
            self.cluster.run(0.5)
        self.assertTrue(self.done[-1].invoked > 12)
        self.assertTrue(self.cluster.rare[rare.USERS_UNAPPLIED] > 0)
        checkUsers(self.history)

    def test_leave(self) -> None:
        """
        At last there are no users.
        """
        self.cluster.run(3)
        self.administrator.stop()
        self.cluster.until(lambda: not self.administrator.waits, "it is answered")
        self.administrator.leave()
        self.cluster.until(lambda: self.administrator.hasLeft, "all are deleted")
        self.assertIsInstance(self.done[-1].what, Gone)
        self.assertEqual(self.cluster.leader().machine.users.count, 0)
        self.assertIsNone(self.cluster.result(self.client.get(b"k1")))
