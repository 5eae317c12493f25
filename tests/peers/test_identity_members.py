"""
Tests for who may talk to whom where members come and go.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.lives import Life, Past
from replkv.peers.commands import NotMember, Refused
from replkv.peers.roll import Roll
from replkv.raft.changes import added, named, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.raft.membership import encode
from replkv.versions import VERSIONS, Versions
from tests.logged import logged
from tests.network import Network
from tests.peers.peer import MemoryFolder, Peer

UNNAMED = Configuration.ofVoters(range(3))
THREE = Configuration(Member(server, incarnation=f"folder {server}") for server in range(3))
COMING = added(THREE, 3, Address("server3", 9000, 10000))
FOUR = named(COMING, 3, "folder 3", None)


class IdentityCase(SynchronousTestCase):
    """
    Server 1 judges others.
    """

    def setUp(self) -> None:
        """
        The members are three, in an entry that is committed.
        """
        self.server = Peer(Network(), 1)
        self.identity = self.server.identity
        self.follow(THREE, 10)

    def follow(self, configuration: Configuration, upTo: int, settled: Roll | None = None) -> None:
        """
        Have server 1 go by a configuration.

        @param settled: the last one that is committed; that one, if C{None}.
        """
        roll = Roll(configuration, upTo)
        self.identity.follow(roll, settled or roll)

    def hello(
        self,
        sender: int,
        configuration: Configuration = UNNAMED,
        upTo: int = 0,
        folder: MemoryFolder | None = None,
        versions: Versions = VERSIONS,
    ) -> dict[str, Any]:
        """
        What another server says.

        @param configuration: that in its log.
        @param upTo: up to here it knows the configurations.
        """
        peer = Peer(Network(), sender, folder=folder, versions=versions)
        peer.identity.follow(Roll(configuration, upTo), Roll(configuration, upTo))
        return peer.identity.hello(1)

    def admit(self, hello: dict[str, Any]) -> Deferred[int]:
        """
        Have it judged.
        """
        return Deferred.fromCoroutine(self.identity.admit(**hello))

    def assertAdmitted(self, hello: dict[str, Any]) -> None:
        """
        It is let in.
        """
        self.successResultOf(self.admit(hello))

    def assertRefused(self, reason: str, hello: dict[str, Any], kind: type[Refused] = NotMember) -> None:
        """
        It is refused, for a reason that begins so.
        """
        failure = self.failureResultOf(self.admit(hello), kind)
        self.assertIs(failure.type, kind)
        self.assertEqual(failure.getErrorMessage()[: len(reason)], reason)


class MemberTests(IdentityCase):
    """
    Servers that know no more than this one.
    """

    def test_member(self) -> None:
        """
        A member with its folder is let in, be it met or not, and whatever its file says of the others.
        """
        self.assertAdmitted(self.hello(0))
        self.assertAdmitted(self.hello(2, THREE, 10))
        self.assertAdmitted({**self.hello(0), "members": [0], "folders": ["folder 0"]})

    def test_newcomer(self) -> None:
        """
        One that was never added waits, and its operator is told what lets it in. It is not a member that has changed.
        """
        self.assertRefused(
            "server 3 is no member of the cluster 'replkv', which has the members 0, 1, 2: replkv member "
            "add --id 3 --host HOST --client-port PORT --log-port PORT lets it in",
            self.hello(3),
        )
        self.assertEqual(self.identity.refused, set())

    def test_added(self) -> None:
        """
        Once it is added, it comes with any folder, as often as it likes until one is named: it has no vote.
        """
        self.follow(COMING, 11)
        for name in ("one", "another", "folder 3"):
            self.assertAdmitted(self.hello(3, folder=MemoryFolder(name)))
        self.follow(FOUR, 12)
        self.assertAdmitted(self.hello(3))
        self.assertRefused("server 3 comes with another data folder", self.hello(3, folder=MemoryFolder("one")))

    def test_wiped(self) -> None:
        """
        One that was wiped is refused by all who have its folder in their log, whoever has met it, and is told of.
        """
        self.assertRefused(
            "server 0 comes with another data folder than the one with which it is a member",
            self.hello(0, folder=MemoryFolder("new")),
        )
        self.assertEqual(self.identity.refused, {0})
        self.assertAdmitted(self.hello(0))
        self.assertEqual(self.identity.refused, set())

    def test_removed(self) -> None:
        """
        One that was removed, and has not heard of it, is told that it is no member any more.
        """
        self.follow(removed(THREE, 2), 11)
        self.assertRefused("server 2 is no member of the cluster 'replkv' any more", self.hello(2, THREE, 10))

    def test_removedWhileRefused(self) -> None:
        """
        One that is removed, since it was wiped, is not told of any more.
        """
        self.assertRefused("server 2 comes with another", self.hello(2, folder=MemoryFolder("new")))
        refused = self.identity.refused
        self.follow(removed(THREE, 2), 11)
        self.assertEqual(refused, set())

    def test_replaced(self) -> None:
        """
        A folder that was replaced does not come back, before the next one is there nor after it.
        """
        before = replaced(THREE, 2)
        words = "this data folder of server 2 was replaced"
        self.follow(before, 11)
        self.assertRefused(words, self.hello(2, THREE, 10))
        self.assertAdmitted(self.hello(2, folder=MemoryFolder("new")))
        self.follow(named(before, 2, "new", None), 12)
        self.assertRefused(words, self.hello(2, THREE, 10))
        self.assertAdmitted(self.hello(2, folder=MemoryFolder("new")))

    def test_anotherWasHere(self) -> None:
        """
        One that knows this server by another folder is refused, and both ways are told that lead to this.
        """
        other = Configuration(Member(server, incarnation=f"other {server}") for server in range(3))
        self.assertRefused(
            "server 0 knows server 1 by another data folder than it has: server 1 was wiped (then replkv member "
            "replace --id 1 lets it in again), or the two are of different clusters with the same name and ids",
            self.hello(0, other, 20),
            Refused,
        )

    def test_tooOld(self) -> None:
        """
        One that is yet to come is let in only if it speaks what all members do; a member speaks what it speaks.
        """
        self.follow(COMING, 11)
        for server in (0, 2):
            self.assertAdmitted(self.hello(server))
        old = Versions(3, 3)
        words = "the members speak protocol version 4, and server 3 no later one than 3: upgrade server 3"
        self.assertRefused(words, self.hello(3, versions=old), Refused)
        self.assertAdmitted(self.hello(0, versions=old))
        self.assertAdmitted(self.hello(3, versions=old))

    def test_unnamedVoter(self) -> None:
        """
        A voter that was not there when the others were named is bound to the folder with which it was met.
        """
        self.follow(Configuration([*THREE.members[:2], Member(2)]), 10)
        self.assertAdmitted(self.hello(2))
        self.assertRefused(
            "server 2 comes with another data folder than before", self.hello(2, folder=MemoryFolder("new"))
        )

    def test_notCommitted(self) -> None:
        """
        What is in force and not committed may be cut off: who is a member without it is no stranger for it, nor is who
        is one with it; who is one with neither is.
        """
        settled = Roll(THREE, 10)
        self.follow(removed(THREE, 2), 11, settled)
        self.assertAdmitted(self.hello(2, THREE, 10))
        self.assertFalse(self.identity.rolls.isStranger(2, "folder 2"))
        self.follow(COMING, 11, settled)
        self.assertAdmitted(self.hello(3))
        self.assertFalse(self.identity.rolls.isStranger(3, "folder 3"))
        self.assertRefused("server 7 is no member", self.hello(7))
        self.assertTrue(self.identity.rolls.isStranger(7, "folder 7"))

    def test_firstNamesNotCommitted(self) -> None:
        """
        So it is with the first configuration that has names: the one before it has members too.
        """
        self.follow(THREE, 10, Roll(UNNAMED))
        self.assertAdmitted(self.hello(0))
        self.assertRefused("server 7 is no member", self.hello(7))
        self.assertTrue(self.identity.rolls.isStranger(7, "folder 7"))
        self.assertRefused("server 2 comes with another data folder", self.hello(2, folder=MemoryFolder("new")))
        self.follow(removed(THREE, 2), 11, Roll(UNNAMED))
        self.assertAdmitted(self.hello(2, THREE, 10))

    def test_replacedNotCommitted(self) -> None:
        """
        So it is with a folder that is replaced: it may be wanted to cut that off. But its answers would not count.
        """
        self.follow(replaced(THREE, 2), 11, Roll(THREE, 10))
        self.assertAdmitted(self.hello(2, THREE, 10))
        self.assertEqual(self.identity.refused, set())
        past = MemoryFolder("folder 2").past._asdict()
        recognized = Deferred.fromCoroutine(self.identity.recognize(2, **past, newest=VERSIONS.newest))
        self.assertIn("was replaced", self.failureResultOf(recognized, Refused).getErrorMessage())
        self.assertAdmitted(self.hello(2, folder=MemoryFolder("new")))

    def test_replacedForgot(self) -> None:
        """
        Such a folder is to have forgotten nothing, by what was met and by what is in the log; and there is none when
        the next one has come.
        """
        known = Configuration([*THREE.members[:2], Member(2, incarnation="folder 2", start=3, startName="start 3")])
        self.follow(replaced(known, 2), 11, Roll(known, 10))
        folder = MemoryFolder("folder 2")
        self.assertRefused("the data folder of server 2 is older", self.hello(2, known, 10, folder))
        for start in ("start 2", "start 3"):
            folder.restart(start)
        self.assertAdmitted(self.hello(2, known, 10, folder))
        self.assertAdmitted(self.hello(2, folder=MemoryFolder("new")))
        self.assertRefused("server 2 comes with another data folder than before", self.hello(2, known, 10, folder))


class AheadTests(IdentityCase):
    """
    Servers that know more.
    """

    def test_newMember(self) -> None:
        """
        One that has come since is believed, and where it and the others are is remembered.
        """
        self.assertAdmitted(self.hello(3, FOUR, 12))
        self.assertEqual(self.identity.rolls.elsewhere, Roll(FOUR, 12))
        self.assertFalse(self.identity.rolls.isStranger(3, "folder 3"))
        self.assertTrue(self.identity.rolls.isStranger(3, "another"))

    def test_newFolder(self) -> None:
        """
        So is one that comes with another folder than before, again and again; but not its old one.
        """
        self.assertAdmitted(self.hello(2))
        folder = MemoryFolder("new")
        after = named(replaced(THREE, 2), 2, "new", None)
        for start in ("second", "third"):
            self.assertAdmitted(self.hello(2, after, 13, folder))
            folder.restart(start)
        self.assertTrue(self.identity.rolls.isStranger(2, "another"))

    def test_noMemberThere(self) -> None:
        """
        One that is no member by what it says itself is not believed.
        """
        self.assertRefused("server 3 is no member", self.hello(3, COMING, 12))
        self.assertRefused("server 3 is no member", self.hello(3, removed(THREE, 2), 12))
        self.assertEqual(self.identity.rolls.elsewhere.upTo, 0)

    def test_anotherCluster(self) -> None:
        """
        Nor is one of another cluster with the same name, however much that knows.
        """
        other = Configuration(Member(server, incarnation=f"other {server}") for server in (0, 2, 3))
        self.assertRefused("server 3 is no member", self.hello(3, other, 99, MemoryFolder("other 3")))
        self.assertRefused("server 0 comes with another data folder", self.hello(0, other, 99, MemoryFolder("other 0")))
        self.assertEqual(self.identity.rolls.elsewhere.upTo, 0)

    def test_cutOff(self) -> None:
        """
        One that knows more than what is committed here is believed, though something later is in force here: that was
        made by a leader that is deposed, and is to be cut off.
        """
        self.follow(removed(THREE, 0), 15, Roll(THREE, 10))
        self.assertAdmitted(self.hello(3, FOUR, 12))
        self.assertFalse(self.identity.rolls.isStranger(3, "folder 3"))

    def test_committed(self) -> None:
        """
        One that knows less than what is committed here is not.
        """
        self.follow(THREE, 13)
        self.assertRefused("server 3 is no member of the cluster 'replkv' any more", self.hello(3, FOUR, 12))

    def test_newcomer(self) -> None:
        """
        A server that knows nobody believes whoever comes first, and no other cluster after that.
        """
        newcomer = self.server = Peer(Network(), 1, members=(1,))
        self.identity = newcomer.identity
        self.assertAdmitted(self.hello(3, FOUR, 12))
        self.assertEqual(self.identity.rolls.elsewhere, Roll(FOUR, 12))

    def test_latest(self) -> None:
        """
        Of what others know, the latest counts.
        """
        self.assertAdmitted(self.hello(3, FOUR, 12))
        self.assertAdmitted(self.hello(0, COMING, 11))
        self.assertEqual(self.identity.rolls.elsewhere.upTo, 12)
        self.assertAdmitted(self.hello(0, FOUR, 14))
        self.assertEqual(self.identity.rolls.elsewhere.upTo, 14)

    def test_garbage(self) -> None:
        """
        One that says nonsense of the members is refused, and nothing is remembered of it.
        """
        for garbage in (b"", b"members", encode(FOUR)[:-1]):
            self.assertRefused(
                "server 3 does not say who the members are: ",
                {**self.hello(3, FOUR, 12), "configuration": garbage},
                Refused,
            )
        self.assertEqual((self.identity.rolls.elsewhere.upTo, self.server.folder.known), (0, {}))

    def test_notSaid(self) -> None:
        """
        One that does not say it is let in all the same: it has said who it is.
        """
        self.assertAdmitted({**self.hello(3, FOUR, 12), "configuration": None})
        self.assertEqual(self.identity.rolls.elsewhere.upTo, 0)


class RecognizeTests(IdentityCase):
    """
    Servers that have let this one in.
    """

    def recognize(self, server: int, incarnation: str, starts: int = 1) -> Deferred[int]:
        """
        A server has answered with what it is.
        """
        names = [f"start {number}" for number in range(starts, 0, -1)]
        return Deferred.fromCoroutine(self.identity.recognize(server, incarnation, starts, names, VERSIONS.newest))

    def assertKnown(self, *life: Any) -> None:
        """
        It is recognized.
        """
        self.successResultOf(self.recognize(*life))

    def assertUnknown(self, reason: str, *life: Any) -> None:
        """
        It is not, for a reason that has these words.
        """
        failure = self.failureResultOf(self.recognize(*life), Refused)
        self.assertIn(reason, failure.getErrorMessage())

    def test_named(self) -> None:
        """
        The folder that is named counts, whatever was met before; no other one does.
        """
        self.server.folder.known[2] = Life("before", 5, "start 5")
        self.assertKnown(2, "folder 2")
        self.assertUnknown("replkv member replace --id 2", 2, "before", 5)
        self.assertEqual(self.identity.refused, {2})

    def test_condemned(self) -> None:
        """
        One that lacks what it had acknowledged is let in no more; when it is replaced, its next folder is, and that may
        be started again.
        """
        self.assertKnown(2, "folder 2")
        self.successResultOf(self.identity.condemn(2))
        self.assertUnknown("server 2 lacks what it had acknowledged", 2, "folder 2", 2)
        self.follow(replaced(THREE, 2), 11)
        self.assertUnknown("this data folder of server 2 was replaced", 2, "folder 2", 3)
        for starts in (1, 2, 3):
            self.assertKnown(2, "new", starts)
        self.follow(named(replaced(THREE, 2), 2, "new", None), 12)
        self.assertKnown(2, "new", 4)
        self.assertEqual(self.identity.refused, set())

    def test_older(self) -> None:
        """
        That it is a member does not mean that it has forgotten nothing since it was met.
        """
        self.assertKnown(2, "folder 2", 5)
        self.assertUnknown("is older than server 2 was", 2, "folder 2", 4)

    def test_learner(self) -> None:
        """
        A learner that is not named may come with another folder than the one that was met: it has not voted.
        """
        self.follow(COMING, 11)
        self.assertKnown(3, "one")
        self.assertKnown(3, "another")

    def test_voter(self) -> None:
        """
        A voter that is not named may not.
        """
        self.follow(Configuration([*THREE.members[:2], Member(2)]), 10)
        self.assertKnown(2, "one")
        self.assertUnknown("another data folder than before", 2, "another")


class MajorityTests(IdentityCase):
    """
    Whether so many know a server that it cannot come as another one.
    """

    def meet(self, *servers: int) -> None:
        """
        These have let it in.
        """
        for server in servers:
            self.identity.standing.included(server)

    def test_denied(self) -> None:
        """
        Nor may it have a vote where anybody says that it is no member, whoever else lets it in: others may be as new.
        """
        self.follow(UNNAMED, 0)
        self.meet(2)
        self.assertTrue(self.identity.mayVote)
        self.identity.standing.excluded(0, "no member")
        self.assertFalse(self.identity.mayVote)
        self.meet(2)
        self.assertFalse(self.identity.mayVote)
        self.meet(0)
        self.assertTrue(self.identity.mayVote)

    def test_othersKnowMore(self) -> None:
        """
        Where another one knows who the members are, it may have a vote if it is a voter by that.
        """
        self.follow(UNNAMED, 0)
        self.meet(0, 2)
        elsewhere = Configuration(Member(server, incarnation=f"folder {server}") for server in (0, 1, 2))
        for configuration, may in (
            (elsewhere, True),
            (removed(elsewhere, 1), False),
            (replaced(elsewhere, 1), False),
            (named(UNNAMED, 0, "folder 0", None), True),
            (named(UNNAMED, 1, "another", None), False),
        ):
            self.identity.rolls.elsewhere = Roll(configuration, 9)
            self.assertEqual(self.identity.mayVote, may)

    def test_unnamed(self) -> None:
        """
        Before the members are named, a majority must have met it, itself counted.
        """
        self.follow(Configuration.ofVoters(range(5)), 0)
        self.assertFalse(self.identity.mayVote)
        self.meet(4)
        self.assertFalse(self.identity.mayVote)
        self.meet(2)
        self.assertTrue(self.identity.mayVote)

    def test_strangers(self) -> None:
        """
        Who is no voter does not count.
        """
        self.follow(UNNAMED, 0)
        self.meet(7)
        self.assertFalse(self.identity.mayVote)

    def test_named(self) -> None:
        """
        Where members are named, all who have that in their log know it.
        """
        self.assertTrue(self.identity.mayVote)

    def test_alone(self) -> None:
        """
        One that is alone is a majority.
        """
        self.follow(Configuration.ofVoters([1]), 0)
        self.assertTrue(self.identity.mayVote)


class ExclusionTests(IdentityCase):
    """
    What is told to the operator of a server that is not let in.
    """

    WAITS = "this server waits, since it is not let in: replkv member add"
    IN = "this server is let in, and waits no longer"

    def setUp(self) -> None:
        """
        What is logged is seen.
        """
        super().setUp()
        self.lines = logged(self)

    def exclude(self, *servers: int, reason: str = "replkv member add") -> None:
        """
        Other servers do not let it in.
        """
        for server in servers:
            self.identity.standing.excluded(server, reason)

    def test_once(self) -> None:
        """
        It is told once, however many say it, and however often; and again when the reason is another one.
        """
        self.exclude(0, 2, 0, 2)
        self.assertEqual((self.lines, self.identity.standing.exclusion), ([self.WAITS], "replkv member add"))
        self.exclude(0, reason="stop it")
        self.assertEqual(self.lines[1:], ["this server waits, since it is not let in: stop it"])

    def test_letIn(self) -> None:
        """
        That it is let in is told once, too.
        """
        self.exclude(0)
        for server in (0, 2):
            self.identity.standing.included(server)
        self.assertEqual((self.lines, self.identity.standing.exclusion), ([self.WAITS, self.IN], None))

    def test_never(self) -> None:
        """
        Who was never kept out is told nothing.
        """
        self.identity.standing.included(0)
        self.assertEqual(self.lines, [])

    def test_someDoNotKnowYet(self) -> None:
        """
        While one server lets it in, another one that does not has only not heard of it yet.
        """
        self.identity.standing.included(0)
        self.exclude(2)
        self.assertEqual((self.lines, self.identity.standing.exclusion), ([], None))

    def test_lost(self) -> None:
        """
        That one has let it in is of the past when the connection to that is lost: it may never be there again.
        """
        self.identity.standing.included(0)
        self.identity.standing.lost(0)
        self.assertEqual(self.lines, [])
        self.exclude(2)
        self.assertEqual(self.lines, [self.WAITS])

    def test_byAll(self) -> None:
        """
        When nobody lets it in any more, it waits.
        """
        self.identity.standing.included(0)
        self.identity.standing.included(2)
        self.exclude(2, 0)
        self.assertEqual(self.lines, [self.WAITS])


class HelloTests(IdentityCase):
    """
    What a server says of the members.
    """

    def test_named(self) -> None:
        """
        It says what stands in its log, as it stands there, and their folders.
        """
        hello = self.identity.hello(2)
        self.assertEqual((hello["configuration"], hello["index"]), (encode(THREE), 10))
        self.assertEqual(hello["folders"], ["folder 0", "folder 1", "folder 2"])

    def test_folders(self) -> None:
        """
        Of a voter that is not named, it says the folder that it has met; of a learner, none.
        """
        self.follow(Configuration([Member(0), THREE.members[1], Member(2, Kind.LEARNER)]), 10)
        for server in (0, 2):
            self.server.folder.rememberPeer(server, Past(f"met {server}", 1, ("first",)).life, (0, 1, 2, 3))
        self.assertEqual(self.identity.hello(2)["folders"], ["met 0", "folder 1", ""])
