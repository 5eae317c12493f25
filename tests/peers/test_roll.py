"""
Tests for L{replkv.peers.roll}: who is a member, as a configuration has it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.roll import Claim, Roll
from replkv.raft.configuration import Configuration
from replkv.raft.member import Kind, Member

UNNAMED = Roll(Configuration.ofVoters(range(3)))
"""
The members of a servers file.
"""

NAMED = Roll(
    Configuration(
        [
            Member(0, incarnation="a"),
            Member(1, incarnation="b"),
            Member(2, incarnation="c2", former="c"),
            Member(3, Kind.LEARNER, former="d"),
            Member(4, Kind.LEARNER),
            Member(5),
        ]
    ),
    upTo=10,
)
"""
Two servers that were there first, one that was replaced, one that is being replaced, one that is new, and a voter that
was not there when the others were named.
"""


class MemberTests(SynchronousTestCase):
    """
    What a roll says of members.
    """

    def test_isNamed(self) -> None:
        """
        Members are known by their folders if the configuration is one of the log that names any.
        """
        self.assertFalse(UNNAMED.isNamed)
        self.assertTrue(NAMED.isNamed)

    def test_member(self) -> None:
        """
        It knows the members, and nobody else.
        """
        self.assertEqual(NAMED.member(4), Member(4, Kind.LEARNER))
        self.assertIsNone(NAMED.member(7))

    def test_incarnation(self) -> None:
        """
        It tells their folders; there is none of who has not come, and of who is no member.
        """
        self.assertEqual([NAMED.incarnation(server) for server in (0, 2, 3, 7)], ["a", "c2", "", ""])

    def test_binds(self) -> None:
        """
        A voter that is not named is bound to what it was when it was met: it may have voted. A learner has not; nor is
        anybody else's word for it needed where the folder is named.
        """
        self.assertEqual([server for server in range(8) if NAMED.binds(server)], [5])
        self.assertEqual([server for server in range(8) if UNNAMED.binds(server)], [0, 1, 2])


class BehindTests(SynchronousTestCase):
    """
    Whether another server knows better.
    """

    claim = Claim(7, "new", 11, {0: "a", 1: "b", 7: "new"})

    def test_later(self) -> None:
        """
        It does if it knows a later configuration, of which it is a member.
        """
        self.assertTrue(NAMED.isBehind(self.claim, {0: "a", 1: "b"}))

    def test_asLate(self) -> None:
        """
        It does not if it knows none that is later.
        """
        for upTo in (10, 9, 0):
            self.assertFalse(NAMED.isBehind(self.claim._replace(upTo=upTo), {0: "a"}))

    def test_oneIsEnough(self) -> None:
        """
        All but one of the members may have been replaced meanwhile.
        """
        self.assertTrue(NAMED.isBehind(self.claim, {0: "other", 1: "b", 2: "c2"}))

    def test_anotherCluster(self) -> None:
        """
        One that knows nobody by the folder that is known here is of another cluster.
        """
        self.assertFalse(NAMED.isBehind(self.claim, {0: "x", 1: "y", 2: "z"}))
        self.assertFalse(NAMED.isBehind(self.claim, {2: "c2"}))

    def test_nothingKnown(self) -> None:
        """
        Who knows nothing believes anybody.
        """
        self.assertTrue(UNNAMED.isBehind(self.claim, {}))

    def test_noMember(self) -> None:
        """
        One that is no member by what it says itself, or not with its folder, is believed nothing.
        """
        for folders in ({0: "a"}, {0: "a", 7: ""}, {0: "a", 7: "another"}):
            self.assertFalse(NAMED.isBehind(self.claim._replace(folders=folders), {0: "a"}))
            self.assertFalse(UNNAMED.isBehind(self.claim._replace(folders=folders), {}))


class ObjectionTests(SynchronousTestCase):
    """
    What is told to who is no member.
    """

    def objects(self, server: int, incarnation: str, wasMember: bool = False) -> str | None:
        """
        What is said against a server.
        """
        return NAMED.objection(server, incarnation, "shop", wasMember)

    def test_none(self) -> None:
        """
        Nothing is said against a member with its folder, nor one with any, where none is named.
        """
        for server, incarnation in ((0, "a"), (2, "c2"), (3, "new"), (4, "new"), (5, "new")):
            self.assertIsNone(self.objects(server, incarnation))
        self.assertIsNone(UNNAMED.objection(0, "any", "shop"))

    def test_nobody(self) -> None:
        """
        One that is nobody is told how to be let in.
        """
        self.assertEqual(
            self.objects(7, "new"),
            "server 7 is no member of the cluster 'shop', which has the members 0, 1, 2, 3, 4, 5: replkv member add "
            "--id 7 --host HOST --client-port PORT --log-port PORT lets it in",
        )

    def test_removed(self) -> None:
        """
        One that was a member is told that it is none any more.
        """
        self.assertEqual(
            self.objects(7, "old", wasMember=True),
            "server 7 is no member of the cluster 'shop' any more, which has the members 0, 1, 2, 3, 4, 5: stop it, or "
            "have it be one again with replkv member add --id 7",
        )

    def test_replaced(self) -> None:
        """
        A folder that was replaced does not come back, be another one there already or not.
        """
        for server, former in ((2, "c"), (3, "d")):
            self.assertEqual(
                self.objects(server, former),
                f"this data folder of server {server} was replaced: stop it. The next one is to be an empty folder",
            )

    def test_another(self) -> None:
        """
        A member with another folder may have forgotten what it has promised.
        """
        self.assertEqual(
            self.objects(1, "new"),
            "server 1 comes with another data folder than the one with which it is a member: that was wiped, or this "
            "one was made elsewhere, so that it may have forgotten what it voted and acknowledged: replkv member "
            "replace --id 1 lets it in",
        )
