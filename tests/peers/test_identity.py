"""
Tests for who may talk to whom.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.lives import NAMES, Life
from replkv.peers.commands import Refused
from tests.network import Network
from tests.peers.peer import MemoryFolder, Peer


class AdmitTests(SynchronousTestCase):
    """
    Tests for the judgement of a hello.
    """

    def setUp(self) -> None:
        """
        Server 0 says hello to server 1.
        """
        self.server = Peer(Network(), 1)
        self.hello: dict[str, Any] = Peer(Network(), 0).identity.hello(1)

    def admit(self, **changed: Any) -> Deferred[int]:
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
        self.assertEqual(self.successResultOf(self.admit()), 4)
        self.assertEqual(self.server.folder.known, {0: Life("folder 0", 1, "first", version=4)})
        self.successResultOf(self.admit())

    def test_orderOfMembers(self) -> None:
        """
        In which order the servers file names the members is all the same.
        """
        self.successResultOf(self.admit(members=[2, 0, 1]))

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
        self.assertEqual(self.server.folder.known, {0: Life("folder 0", 1, "first", version=4)})
        self.successResultOf(self.admit())

    def test_toldOf(self) -> None:
        """
        As long as a server comes as what it was not, it is told of; one that comes from elsewhere is not.
        """
        identity = self.server.identity
        elsewhere: list[dict[str, Any]] = [
            {"cluster": "shop"},
            {"recipient": 2},
            {"folders": ["", "another", ""]},
            {"names": []},
        ]
        self.successResultOf(self.admit())
        for changed in elsewhere:
            self.failureResultOf(self.admit(**changed), Refused)
            self.assertEqual(identity.refused, set())
        for _ in range(2):
            self.failureResultOf(self.admit(incarnation="new"), Refused)
            self.assertEqual(identity.refused, {0})
            self.successResultOf(self.admit())
            self.assertEqual(identity.refused, set())
        self.successResultOf(identity.condemn(0))
        self.failureResultOf(self.admit(), Refused)
        self.assertEqual(identity.refused, {0})

    def test_started(self) -> None:
        """
        A server that was started again since, once or several times, is let in, and its last start is remembered.
        """
        folder = MemoryFolder("folder 0")
        for names in (["second"], ["third", "fourth"]):
            for name in names:
                folder.restart(name)
            self.successResultOf(self.admit(**folder.past._asdict()))
            self.assertEqual(self.server.folder.known, {0: folder.past.life._replace(version=4)})

    def test_older(self) -> None:
        """
        A server whose folder is an older copy is refused, also when it was started as often as the lost one since.
        """
        self.successResultOf(self.admit(starts=3, names=["c", "b", "a"]))
        for starts, names in ((2, ["b", "a"]), (4, ["y", "x", "b", "a"]), (5, ["z", "y", "x", "b", "a"])):
            refused = self.failureResultOf(self.admit(starts=starts, names=names), Refused)
            self.assertIn("the data folder of server 0 is older than server 0 was", refused.getErrorMessage())
        self.successResultOf(self.admit(starts=3, names=["c", "b", "a"]))

    def test_twice(self) -> None:
        """
        Of two servers that go on from the same folder, only the first is let in.
        """
        self.successResultOf(self.admit(starts=3, names=["c", "b", "a"]))
        refused = self.failureResultOf(self.admit(starts=3, names=["x", "b", "a"]), Refused)
        self.assertIn("server 0 runs twice", refused.getErrorMessage())

    def test_manyStarts(self) -> None:
        """
        One that was started more often than its folder remembers is let in.
        """
        self.successResultOf(self.admit())
        self.successResultOf(self.admit(starts=NAMES + 2, names=[str(number) for number in range(NAMES)]))

    def test_copyOfAStoppedServer(self) -> None:
        """
        A copy that was made after the last time that the server ran is as good as the folder itself.
        """
        folder = MemoryFolder("folder 0")
        self.successResultOf(self.admit(**folder.past._asdict()))
        copy = MemoryFolder("folder 0")
        copy.past = folder.past
        copy.restart("second")
        self.successResultOf(self.admit(**copy.past._asdict()))

    def test_earlierVersion(self) -> None:
        """
        Of one that was met by an earlier version, only the folder is known.
        """
        self.server.folder.known[0] = Life("folder 0", 0, "")
        refused = self.failureResultOf(self.admit(incarnation="new"), Refused)
        self.assertIn("another data folder", refused.getErrorMessage())
        self.successResultOf(self.admit())

    def test_nonsense(self) -> None:
        """
        A past that is none is refused.
        """
        nonsense: list[dict[str, Any]] = [
            {"starts": 0},
            {"starts": -1},
            {"starts": 2**63},
            {"names": []},
            {"starts": 1, "names": ["b", "a"]},
            {"starts": 1000, "names": ["a"] * (NAMES + 1)},
            {"names": ["a" * 65]},
            {"incarnation": "a" * 65},
        ]
        for changed in nonsense:
            refused = self.failureResultOf(self.admit(**changed), Refused)
            self.assertEqual(refused.getErrorMessage(), "server 0 does not say which of its starts this is")

    def test_metAnother(self) -> None:
        """
        A server that has met another one in this one's place is refused, with what that may mean.
        """
        self.successResultOf(self.admit(folders=["", "folder 1", ""]))
        refused = self.failureResultOf(self.admit(folders=["", "another", ""]), Refused)
        self.assertIn("server 0 knows server 1 by another data folder than it has", refused.getErrorMessage())
        self.assertIn("different clusters with the same name", refused.getErrorMessage())

    def test_metOtherPeers(self) -> None:
        """
        A server that is not known by its folder and has met others than this one did is of another cluster, and not one
        that was wiped.
        """
        self.server.folder.known[2] = Life("folder 2", 1, "first")
        reason = (
            "server 0 knows server 2 by another data folder than server 1 does: the two are of different clusters with "
            "the same name and ids (then correct the addresses in their files, and give each cluster a name of its "
            "own); or server 2 was wiped or replaced before all had met it"
        )
        for met in (None, Life("before", 1, "first")):
            if met is not None:
                self.server.folder.known[0] = met
            refused = self.failureResultOf(self.admit(folders=["", "", "another"]), Refused)
            self.assertEqual(refused.getErrorMessage(), reason)
            self.assertEqual(self.server.folder.known.get(0), met)

    def test_wipedAndMetTheSame(self) -> None:
        """
        A server that has another folder than before and has met the same servers was wiped.
        """
        self.server.folder.known[0] = Life("before", 1, "first")
        self.server.folder.known[2] = Life("folder 2", 1, "first")
        refused = self.failureResultOf(self.admit(folders=["", "folder 1", "folder 2"]), Refused)
        self.assertIn("the old one was wiped or replaced, so it may have forgotten", refused.getErrorMessage())

    def test_wipedOrOfAnother(self) -> None:
        """
        Where nothing tells a server that was wiped from one of another cluster, the refusal says both.
        """
        self.server.folder.known[0] = Life("before", 1, "first")
        for folders in (["", "", ""], ["", "", "folder 2"]):
            refused = self.failureResultOf(self.admit(folders=folders), Refused)
            self.assertIn(
                "the old one was wiped or replaced, or the two are of different clusters", refused.getErrorMessage()
            )

    def test_knownByItsFolder(self) -> None:
        """
        A server that is what it was is let in also where it has met a third one that was wiped.
        """
        self.successResultOf(self.admit())
        self.server.folder.known[2] = Life("folder 2", 1, "first")
        self.successResultOf(self.admit(folders=["", "folder 1", "another"]))

    def test_otherOrder(self) -> None:
        """
        Whom the sender has met stands in the order in which it names the members.
        """
        self.server.folder.known[2] = Life("folder 2", 1, "first")
        self.successResultOf(self.admit(members=[2, 1, 0], folders=["folder 2", "folder 1", ""]))

    def test_doesNotSayWhom(self) -> None:
        """
        A hello that says too little or too much of whom its sender has met is refused.
        """
        for folders in ([], ["", ""], ["", "", "", ""]):
            self.assertRefused("server 0 does not say whom it has met", folders=folders)


class RememberTests(SynchronousTestCase):
    """
    Tests for what is remembered of the other servers.
    """

    def setUp(self) -> None:
        """
        A server that has met nobody, and whose disk waits for the test.
        """
        self.server = Peer(Network(), 1)
        self.server.disk.holding = True

    def recognize(self, incarnation: str) -> Deferred[int]:
        """
        Server 0 comes with a folder.
        """
        return Deferred.fromCoroutine(self.server.identity.recognize(0, incarnation, 1, ["first"]))

    def test_onDiskFirst(self) -> None:
        """
        A server that is new is let in when it is remembered on the disk, and not before.
        """
        met = self.recognize("a")
        self.assertNoResult(met)
        self.server.disk.finish()
        self.successResultOf(met)

    def test_bothDirections(self) -> None:
        """
        A new server that is met in both directions at once is let in in both.
        """
        met = [self.recognize("a"), self.recognize("a")]
        self.server.disk.finish()
        for each in met:
            self.successResultOf(each)

    def test_twoAtOnce(self) -> None:
        """
        Of two servers that come with the same id at once, only one is let in, and stays the one that is known.
        """
        first, second = self.recognize("a"), self.recognize("b")
        self.server.disk.finish()
        self.successResultOf(first)
        self.failureResultOf(second, Refused)
        self.assertEqual(self.server.folder.known, {0: Life("a", 1, "first", version=3)})

    def test_diskFails(self) -> None:
        """
        A server that cannot be remembered is not let in.
        """

        def fail(serverId: int, life: Life, among: object) -> None:
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
        server = Peer(Network(), 2, "shop", (2, 1), MemoryFolder("mine"))
        self.assertEqual(
            server.identity.hello(1),
            {
                "version": 3,
                "cluster": "shop",
                "members": [1, 2],
                "sender": 2,
                "recipient": 1,
                "folders": ["", ""],
                "incarnation": "mine",
                "starts": 1,
                "names": ("first",),
                "newest": 4,
            },
        )
        server.folder.known[1] = Life("its", 3, "third")
        self.assertEqual(server.identity.hello(1)["folders"], ["its", ""])
