"""
Mistakes that could be made where members come and go, planted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from replkv.commands.results import Done
from replkv.lives import Life
from replkv.node.membership import Membership
from replkv.node.node import Node
from replkv.node.roster import Roster
from replkv.peers.acquaintances import Acquaintances
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.links import Links
from replkv.peers.receiver import Timed
from replkv.peers.roll import Claim, Roll
from replkv.peers.rolls import Rolls
from replkv.peers.standing import Standing
from replkv.raft.messages import AppendEntriesReply
from replkv.raft.state import ServerState
from replkv.versions import MemberVersions
from tests import test_versions
from tests.node import test_members, test_membership, test_roster
from tests.peers import test_identity_members, test_link, test_links, test_listener_members, test_roll, test_rolls
from tests.planted.planting import PlantingTests
from tests.raft import test_transcripts


class WordTests(PlantingTests):
    """
    Whose word counts.
    """

    def test_inForceIsSettled(self) -> None:
        """
        What others know is compared with what is in force, though that may be cut off.
        """
        follow = Identity.follow
        self.patch(Identity, "follow", lambda identity, roll, settled: follow(identity, roll, roll))
        self.assertCaught(test_identity_members.AheadTests, "test_cutOff")
        self.assertCaught(test_identity_members.MemberTests, "test_notCommitted", "test_firstNamesNotCommitted")
        self.assertCaught(test_listener_members.StrangerTests, "test_notCommitted")
        self.assertCaught(test_links.ElsewhereTests, "test_laterThanCommitted")
        self.assertCaught(test_roster.FollowTests, "test_inForce")

    def test_anotherCluster(self) -> None:
        """
        Whoever knows more is believed, be it of another cluster.
        """

        def isBehind(roll: Roll, claim: Claim, known: Mapping[int, str]) -> bool:
            return claim.upTo > roll.upTo and claim.folders.get(claim.sender) == claim.incarnation

        self.patch(Roll, "isBehind", isBehind)
        self.assertCaught(test_roll.BehindTests, "test_anotherCluster")
        self.assertCaught(test_identity_members.AheadTests, "test_anotherCluster")

    def test_noMember(self) -> None:
        """
        So is one that does not even say that it is a member.
        """

        def isBehind(roll: Roll, claim: Claim, known: Mapping[int, str]) -> bool:
            return claim.upTo > roll.upTo

        self.patch(Roll, "isBehind", isBehind)
        self.assertCaught(test_roll.BehindTests, "test_noMember")
        self.assertCaught(test_identity_members.AheadTests, "test_noMemberThere")

    def test_formerComesBack(self) -> None:
        """
        A folder that was replaced is named again, as long as no other one has come.
        """
        objection = Roll.objection

        def forgetful(roll: Roll, server: int, incarnation: str, *rest: Any) -> str | None:
            found = objection(roll, server, incarnation, *rest)
            return None if found is not None and "was replaced: stop it" in found else found

        self.patch(Roll, "objection", forgetful)
        self.assertCaught(test_roll.ObjectionTests, "test_replaced")
        self.assertCaught(test_identity_members.MemberTests, "test_replaced")
        self.assertCaught(test_identity_members.RecognizeTests, "test_condemned")

    def test_condemnedForGood(self) -> None:
        """
        A server that was condemned is let in no more, though it was replaced.
        """
        known = Acquaintances._known

        def byId(acquaintances: Acquaintances, peer: int, *rest: Any) -> Life | None:
            found = known(acquaintances, peer, *rest)
            isCondemned = found is not None and peer in acquaintances.condemned
            return found._replace(hasForgotten=True) if found is not None and isCondemned else found

        self.patch(Acquaintances, "_known", byId)
        self.assertCaught(test_identity_members.RecognizeTests, "test_condemned")

    def test_replacedAtOnce(self) -> None:
        """
        A folder that is replaced is let in no more, though that may yet be cut off.
        """
        self.patch(Rolls, "_isSettled", lambda rolls, server, incarnation: False)
        self.assertCaught(test_rolls.RollsTests, "test_replaced", "test_removed", "test_unnamed")
        self.assertCaught(test_identity_members.MemberTests, "test_notCommitted", "test_replacedNotCommitted")
        self.assertCaught(test_listener_members.StrangerTests, "test_notCommitted")

    def test_replacedAnswers(self) -> None:
        """
        Whoever is let in may let this one in.
        """
        self.patch(Rolls, "replacement", Rolls.objection)
        self.assertCaught(test_identity_members.MemberTests, "test_replacedNotCommitted")

    def test_replacedForgets(self) -> None:
        """
        A folder that is replaced is let in whatever it was before.
        """
        self.patch(Rolls, "judging", lambda rolls, server, incarnation: rolls.inForce)
        self.assertCaught(test_identity_members.MemberTests, "test_replacedForgot")

    def test_strangersVote(self) -> None:
        """
        Whoever was let in once may ask for votes.
        """
        self.patch(Rolls, "isStranger", lambda rolls, peer, incarnation: False)
        self.assertCaught(test_listener_members.StrangerTests, "test_removed", "test_replaced")

    def test_votesUnknown(self) -> None:
        """
        A server votes before anybody knows its data folder; or those that are no voters are enough.
        """
        self.patch(Identity, "mayVote", property(lambda identity: True))
        self.assertCaught(test_identity_members.MajorityTests, "test_unnamed", "test_strangers")
        self.assertCaught(test_members.MeetingTests, "test_votes")

    def test_letInOnce(self) -> None:
        """
        Who was ever let in is not told that it is no member, once the server that did so is gone.
        """
        self.patch(Standing, "lost", lambda standing, by: None)
        self.assertCaught(test_identity_members.ExclusionTests, "test_lost")
        self.assertCaught(test_link.LostTests, "test_letsInNoMore")

    def test_goneCount(self) -> None:
        """
        What members speak counts that are none any more.
        """

        def follow(versions: MemberVersions, members: Any, least: int) -> None:
            for member in members:
                versions._newest.setdefault(member, versions.own.newest)
            versions._compare()

        self.patch(MemberVersions, "follow", follow)
        self.assertCaught(test_versions.MemberVersionsTests, "test_follow")


class WayTests(PlantingTests):
    """
    The ways to the others.
    """

    def test_keptOverReplacement(self) -> None:
        """
        The way to a folder that was replaced is that to the next one; or it is until that is committed.
        """
        self.patch(Rolls, "isReplaced", Rolls.isStranger)
        self.assertCaught(test_links.ReplacedTests, "test_atOnce")
        self.assertCaught(test_members.ReplacedTests, "test_lateAnswer")
        self.patch(Links, "_isFolderOf", lambda links, peer, link: True)
        self.assertCaught(test_links.FollowTests, "test_anotherIsNamed")
        self.assertCaught(test_links.ReplacedTests, "test_atOnce", "test_next")

    def test_movesAtOnce(self) -> None:
        """
        Who moves is looked for there before that is committed.
        """
        follow = Links.follow
        self.patch(Links, "follow", lambda links, isCommitted: follow(links, True))
        self.assertCaught(test_links.MovedTests, "test_committed")
        self.assertCaught(test_roster.FollowTests, "test_links")

    def test_lateAnswers(self) -> None:
        """
        What comes by a way that is none any more is taken: in one piece with something else, or in the turn in which
        the leader has replaced a server.
        """

        def cutOff(link: PeerLink) -> None:
            if link._connection is not None:
                link._connection.transport.abortConnection()

        self.patch(PeerLink, "_cutOff", cutOff)
        self.assertCaught(test_links.LateTests, "test_sameBreath")

        def takeReply(node: Node, reply: Timed, link: PeerLink) -> None:
            node._clusterClock.learn(reply.time, node.raft.leaderId == node._id)
            if node.raft.leaderId == node._id and isinstance(reply.message, AppendEntriesReply):
                node._shortages.heard(link.peer, reply.isFull)
            node.raft.step(link.peer, reply.message)

        self.patch(Node, "_takeReply", takeReply)
        self.assertCaught(test_members.ReplacedTests, "test_lateAnswer")

    def test_namesWhoIsDown(self) -> None:
        """
        A folder is named with which a server has been there, though it is not there any more, and may be wiped.
        """

        def lifeOf(roster: Roster, server: int) -> Life | None:
            return roster._identity.life if server == roster._id else getattr(roster._links.get(server), "life", None)

        self.patch(Roster, "lifeOf", lifeOf)
        self.assertCaught(test_roster.HeardTests, "test_lives")

    def test_missedSinceItMoved(self) -> None:
        """
        A server that has moved was never heard.
        """
        make = Links.follow

        def follow(links: Links, isCommitted: bool) -> list[PeerLink]:
            new = make(links, isCommitted)
            for link in new:
                link.heardAt = None
            return new

        self.patch(Links, "follow", follow)
        self.assertCaught(test_links.MovedTests, "test_heard")


class ChangeTests(PlantingTests):
    """
    Changes of the members.
    """

    def test_answeredAtOnce(self) -> None:
        """
        A change is said to be done when it stands in the log.
        """

        def look(membership: Membership) -> None:
            begun, membership._begun = membership._begun, []
            for each in begun:
                each.result.callback(each.told)

        self.patch(Membership, "_lookAtBegun", look)
        self.assertCaught(test_membership.ChangeTests, "test_done", "test_already", "test_deposed")

    def test_untilLedAgain(self) -> None:
        """
        It is said to be done when another entry is committed where it stood.
        """

        def look(membership: Membership) -> None:
            begun, membership._begun = membership._begun, []
            for each in begun:
                if membership._raft.commitIndex >= each.entryIndex:
                    each.result.callback(Done())
                else:
                    membership._begun.append(each)

        self.patch(Membership, "_lookAtBegun", look)
        self.assertCaught(test_membership.ChangeTests, "test_deposed", "test_elected", "test_alreadyDeposed")

    def test_notWaited(self) -> None:
        """
        Who has not answered yet is taken for one that does not.
        """
        self.patch(Membership, "_hasHeardAll", property(lambda membership: True))
        self.assertCaught(test_membership.ChangeTests, "test_justElected", "test_justMoved")
        self.assertCaught(test_membership.LivesTests, "test_all")

    def test_notUpgraded(self) -> None:
        """
        Configurations are written that not all servers know.
        """
        self.patch(Membership, "_isKnownTo", lambda membership, configuration: True)
        self.assertCaught(test_membership.ChangeTests, "test_notUpgraded")
        self.assertCaught(test_membership.LivesTests, "test_notUpgraded")
        self.assertCaught(test_membership.AutopilotTests, "test_notUpgraded")

    def test_countsAnew(self) -> None:
        """
        With each change, members are missed from then on only.
        """
        tick = Membership.tick

        def forgetful(membership: Membership) -> None:
            if membership._known[1] != membership._raft.configurationIndex:
                membership._known = (0, 0)
            tick(membership)

        self.patch(Membership, "tick", forgetful)
        self.assertCaught(test_membership.AutopilotTests, "test_takesItsPlace", "test_otherChanges")

    def test_newcomerRemoved(self) -> None:
        """
        A server that reads in the log that it was none goes.
        """
        self.patch(
            Roster,
            "isRemoved",
            property(lambda roster: roster._followed[1] and roster._followed[0].member(roster._id) is None),
        )
        self.assertCaught(test_roster.StandingTests, "test_newcomer")

    def test_removedBeforeCommit(self) -> None:
        """
        A server goes before it is committed that it does.
        """
        self.patch(
            Roster,
            "isRemoved",
            property(lambda roster: roster._wasMember and roster._followed[0].member(roster._id) is None),
        )
        self.assertCaught(test_roster.StandingTests, "test_removed")

    def test_removedStays(self) -> None:
        """
        A leader that was removed stays, or one that was removed keeps its clients.
        """
        self.patch(Roster, "refuge", None)
        self.assertCaught(test_members.RemovedTests, "test_follower")
        self.patch(Roster, "isRemoved", False)
        self.assertCaught(test_members.RemovedTests, "test_leader", "test_leaderAlone")

    def test_transcripts(self) -> None:
        """
        Transcripts tell of the consensus's own mistakes.
        """
        self.plant("members are changed before something of the leader's term is committed")
        self.assertCaught(test_transcripts.TranscriptTests, "test_twochanges")
        self.plant("a configuration that was cut off counts on")
        self.assertCaught(test_transcripts.TranscriptTests, "test_changecutoff")
        self.patch(ServerState, "isLeaving", property(lambda state: False))
        self.assertCaught(test_transcripts.TranscriptTests, "test_leadergoes")
