"""
Tests for who may talk to whom.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.commands import Refused
from tests.peers.wire import MemoryFolder, Peer


class AdmitTests(SynchronousTestCase):
    """
    Tests for the judgement of a hello.
    """

    def setUp(self) -> None:
        """
        Server 0 says hello to server 1.
        """
        self.server = Peer(Clock(), 1)
        self.hello: dict[str, Any] = Peer(Clock(), 0).identity.hello(1)

    def admit(self, **changed: Any) -> Deferred[None]:
        """
        Have the hello judged, with something changed in it.
        """
        return Deferred.fromCoroutine(self.server.identity.admit(**{**self.hello, **changed}))

    def assertRefused(self, reason: str, **changed: Any) -> None:
        """
        The hello is refused, and nothing is remembered of it.
        """
        refused = self.failureResultOf(self.admit(**changed), Refused)
        self.assertEqual(refused.getErrorMessage(), reason)
        self.assertEqual(self.server.folder.known, {})

    def test_accepted(self) -> None:
        """
        A server of this cluster is let in, and remembered.
        """
        self.assertIsNone(self.successResultOf(self.admit()))
        self.assertEqual(self.server.folder.known, {0: "folder 0"})
        self.assertIsNone(self.successResultOf(self.admit()))

    def test_orderOfMembers(self) -> None:
        """
        In which order the servers file names the members is all the same.
        """
        self.assertIsNone(self.successResultOf(self.admit(members=[2, 0, 1])))

    def test_otherVersion(self) -> None:
        """
        A server of another version is refused, older or newer.
        """
        self.assertRefused("server 1 speaks protocol version 2, not 3", version=3)
        self.assertRefused("server 1 speaks protocol version 2, not 1", version=1)

    def test_otherCluster(self) -> None:
        """
        A server of another cluster is refused.
        """
        self.assertRefused("server 1 belongs to cluster 'replkv', not 'shop'", cluster="shop")

    def test_otherMembers(self) -> None:
        """
        A server that counts other members is refused: it would count other majorities.
        """
        self.assertRefused("server 1 has the members [0, 1, 2] in its file, not [0, 1]", members=[0, 1])
        self.assertRefused("server 1 has the members [0, 1, 2] in its file, not [0, 1, 2, 2]", members=[0, 1, 2, 2])

    def test_wrongRecipient(self) -> None:
        """
        A hello that is for another server is refused: somebody's servers file has a wrong address.
        """
        self.assertRefused("this is server 1, not 2", recipient=2)

    def test_noMember(self) -> None:
        """
        A server with an unknown id is refused, and so is one with this server's own.
        """
        self.assertRefused("server 3 is no other member of the cluster", sender=3)
        self.assertRefused("server 1 is no other member of the cluster", sender=1)

    def test_longWords(self) -> None:
        """
        However long what a stranger says is, the refusal fits into a line of the log and an AMP box.
        """
        for changed in ({"cluster": "\x00" * 60_000}, {"members": list(range(9_000))}):
            refused = self.failureResultOf(self.admit(**changed), Refused)
            self.assertLess(len(refused.getErrorMessage()), 500)

    def test_wiped(self) -> None:
        """
        A server that was met before and comes with another folder is refused, for good.
        """
        self.successResultOf(self.admit())
        for _ in range(2):
            refused = self.failureResultOf(self.admit(incarnation="new"), Refused)
            self.assertIn("server 0 comes with another data folder than before", refused.getErrorMessage())
        self.assertEqual(self.server.folder.known, {0: "folder 0"})
        self.assertIsNone(self.successResultOf(self.admit()))


class RememberTests(SynchronousTestCase):
    """
    Tests for what is remembered of the other servers.
    """

    def setUp(self) -> None:
        """
        A server that has met nobody, and whose disk waits for the test.
        """
        self.server = Peer(Clock(), 1)
        self.server.disk.holding = True

    def recognize(self, incarnation: str) -> Deferred[None]:
        """
        Server 0 comes with a folder.
        """
        return Deferred.fromCoroutine(self.server.identity.recognize(0, incarnation))

    def test_onDiskFirst(self) -> None:
        """
        A server that is new is let in when it is remembered on the disk, and not before.
        """
        met = self.recognize("a")
        self.assertNoResult(met)
        self.server.disk.finish()
        self.assertIsNone(self.successResultOf(met))

    def test_bothDirections(self) -> None:
        """
        A new server that is met in both directions at once is let in in both.
        """
        met = [self.recognize("a"), self.recognize("a")]
        self.server.disk.finish()
        for each in met:
            self.assertIsNone(self.successResultOf(each))

    def test_twoAtOnce(self) -> None:
        """
        Of two servers that come with the same id at once, only one is let in, and stays the one that is known.
        """
        first, second = self.recognize("a"), self.recognize("b")
        self.server.disk.finish()
        self.assertIsNone(self.successResultOf(first))
        self.failureResultOf(second, Refused)
        self.assertEqual(self.server.folder.known, {0: "a"})

    def test_diskFails(self) -> None:
        """
        A server that cannot be remembered is not let in.
        """

        def fail(serverId: int, incarnation: str) -> None:
            raise OSError(28, "No space left on device")

        self.server.disk.holding = False
        self.patch(self.server.folder, "rememberPeer", fail)
        self.failureResultOf(self.recognize("a"), Refused)
        self.assertEqual(self.server.folder.known, {})


class HelloTests(SynchronousTestCase):
    """
    Tests for what a server says of itself.
    """

    def test_hello(self) -> None:
        """
        It says all that the other one judges.
        """
        server = Peer(Clock(), 2, "shop", (2, 1), MemoryFolder("mine"))
        self.assertEqual(
            server.identity.hello(1),
            {
                "version": 2,
                "cluster": "shop",
                "members": [1, 2],
                "sender": 2,
                "recipient": 1,
                "incarnation": "mine",
            },
        )
