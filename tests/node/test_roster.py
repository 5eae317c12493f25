"""
Tests for L{replkv.node.roster}: how the members are, as one server knows it.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from replkv.lives import Life
from replkv.node.roster import Roster, rollOf
from replkv.peers.link import PeerLink
from replkv.peers.links import Links
from replkv.peers.roll import Roll
from replkv.raft.changes import added, moved, named, removed
from replkv.raft.configuration import Configuration
from replkv.raft.entry import Batch, Entry
from replkv.raft.member import Address, Kind, Member
from replkv.raft.membership import encode
from replkv.raft.messages import AppendEntries
from tests.logged import logged
from tests.network import Network
from tests.peers.peer import HEARD, HEARTBEAT, Peer, addressOf
from tests.raft.network import THREE as UNNAMED
from tests.raft.network import Server
from tests.raft.servers import aServer, heartbeat, matched
from tests.raft.test_members import established

THREE = Configuration(Member(server, incarnation=f"folder {server}") for server in range(3))
FOUR = named(added(THREE, 3, addressOf(3)), 3, "folder 3", None)


class RosterCase(SynchronousTestCase):
    """
    Server 0 of three. Servers 1 and 2 are there, and so is 3.
    """

    def setUp(self) -> None:
        """
        It follows server 1.
        """
        self.begin(aServer())

    def begin(self, server: Server) -> None:
        """
        Begin with a core.
        """
        self.lines = logged(self)
        self.server, self.raft = server, server.raft
        self.network = Network()
        self.mine = Peer(self.network, 0)
        self.identity = self.mine.identity
        self.others = {number: Peer(self.network, number) for number in (1, 2, 3)}
        for other in self.others.values():
            other.identity.follow(Roll(FOUR, 99), Roll(FOUR, 99))
            other.listen()
        self.links = Links(self.identity, {number: addressOf(number) for number in range(3)}, self.mine.way)
        self.roster = Roster(self.raft, self.identity, self.links, self.mine.process)
        self.links.start()
        self.addCleanup(self.links.stop)
        self.network.settle()
        self.lines.clear()

    def append(self, index: int, configuration: Configuration, leaderCommit: int = 0, term: int = 1) -> None:
        """
        A leader sends an entry with a configuration, behind what there is.
        """
        last = index - 1
        self.server.receive(
            1,
            AppendEntries(
                term=term,
                prevLogIndex=last,
                prevLogTerm=self.raft.log.term(last) if last else 0,
                leaderCommit=leaderCommit,
                readRound=0,
                batch=Batch([Entry(index, term, encode(configuration))]),
            ),
        )
        self.server.sync()

    def commit(self, index: int) -> None:
        """
        The leader says that this is committed.
        """
        message = heartbeat(self.raft.currentTerm, index, self.raft.log.term(index))
        self.server.receive(1, message._replace(leaderCommit=index))

    def follow(self) -> list[PeerLink]:
        """
        Have the roster look.
        """
        new = list(self.roster.follow())
        self.network.settle()
        return new


class FollowTests(RosterCase):
    """
    What goes by who the members are.
    """

    def test_same(self) -> None:
        """
        Where nothing has changed, nothing is done.
        """
        self.assertEqual(self.follow(), [])
        self.assertEqual((self.identity.rolls.inForce, self.lines), (Roll(UNNAMED), []))

    def test_inForce(self) -> None:
        """
        What stands in the log is in force, and settled when it is committed.
        """
        self.append(1, THREE)
        self.follow()
        self.assertEqual((self.identity.rolls.inForce, self.identity.rolls.settled), (Roll(THREE, 1), Roll(UNNAMED)))
        self.commit(1)
        self.follow()
        self.assertEqual((self.identity.rolls.inForce, self.identity.rolls.settled), (Roll(THREE, 1), Roll(THREE, 1)))
        self.append(2, FOUR)
        self.follow()
        self.assertEqual((self.identity.rolls.inForce, self.identity.rolls.settled), (Roll(FOUR, 2), Roll(THREE, 1)))

    def test_cutOff(self) -> None:
        """
        What is cut off the log is not in force any more.
        """
        self.append(1, THREE, leaderCommit=1)
        self.append(2, FOUR)
        self.assertEqual([link.peer for link in self.follow()], [3])
        self.append(2, THREE, term=2)
        self.follow()
        self.assertEqual((self.identity.rolls.inForce, list(self.links)), (Roll(THREE, 2), [1, 2]))

    def test_links(self) -> None:
        """
        The ways to the others follow at once, and those that are new are told of, once; who moves is followed when that
        is committed.
        """
        self.append(1, FOUR)
        [link] = self.follow()
        self.assertIs(self.links[3], link)
        self.assertEqual(self.follow(), [])
        elsewhere = Address("elsewhere", 9000, 10000)
        self.append(2, moved(FOUR, 3, elsewhere), leaderCommit=1)
        self.assertEqual(self.follow(), [])
        self.commit(2)
        [link] = self.follow()
        self.assertEqual(link.address, elsewhere)

    def test_elsewhere(self) -> None:
        """
        So do they follow what another server knows.
        """
        self.identity.rolls.elsewhere = Roll(FOUR, 9)
        self.assertEqual([link.peer for link in self.follow()], [3])
        self.assertEqual(self.follow(), [])

    def test_told(self) -> None:
        """
        The log says who the members are when it is committed that they are others.
        """
        self.append(1, THREE)
        self.follow()
        self.assertEqual(self.lines, [])
        self.commit(1)
        self.follow()
        self.append(2, added(THREE, 3, None, Kind.SPARE), leaderCommit=1)
        self.commit(2)
        for _ in range(2):
            self.follow()
        three = ", ".join(f"server {server} (voter, folder {server})" for server in range(3))
        self.assertEqual(
            self.lines, [f"the members are {three}", f"the members are {three}, server 3 (spare, not come yet)"]
        )

    def test_rollOf(self) -> None:
        """
        A configuration that names no folder is no better than a servers file.
        """
        self.append(1, added(UNNAMED, 3, None))
        self.assertEqual(rollOf(self.raft), Roll(added(UNNAMED, 3, None)))
        self.append(2, THREE)
        self.assertEqual(rollOf(self.raft), Roll(THREE, 2))


class StandingTests(RosterCase):
    """
    What a server is itself.
    """

    def add(self, configuration: Configuration, isCommitted: bool = True) -> None:
        """
        This is what its log says next.
        """
        index = self.raft.log.lastIndex + 1
        self.append(index, configuration)
        if isCommitted:
            self.commit(index)
        self.follow()

    def test_removed(self) -> None:
        """
        It is removed when that is committed, and not before.
        """
        self.add(THREE)
        self.add(removed(THREE, 0), isCommitted=False)
        self.assertEqual((self.roster.isRemoved, self.roster.standing), (False, "none"))
        self.commit(2)
        self.follow()
        self.assertTrue(self.roster.isRemoved)

    def test_newcomer(self) -> None:
        """
        One that comes, and reads the log of what was before it, was never a member, nor was another folder of it.
        """
        self.add(removed(THREE, 0))
        self.add(Configuration([Member(0, incarnation="another"), *THREE.members[1:]]))
        self.add(removed(THREE, 0))
        self.assertEqual((self.roster.isRemoved, self.roster.standing), (False, "none"))

    def test_again(self) -> None:
        """
        One that is a member again is not removed.
        """
        self.add(THREE)
        self.add(removed(THREE, 0))
        self.add(added(removed(THREE, 0), 0, None))
        self.assertEqual((self.roster.isRemoved, self.roster.standing), (False, "learner"))

    def test_addedSince(self) -> None:
        """
        Nor is one that has yet to read that it was added again, and knows it from the leader's hello.
        """
        self.add(THREE)
        self.identity.rolls.elsewhere = Roll(added(removed(THREE, 0), 0, None), 9)
        self.add(removed(THREE, 0))
        self.assertFalse(self.roster.isRemoved)

    def test_standing(self) -> None:
        """
        It is what the configuration says, unless it is not let in.
        """
        for kind in Kind:
            self.add(Configuration([Member(0, kind, "folder 0"), *THREE.members[1:]]))
            self.assertEqual(self.roster.standing, kind.value)
        self.identity.standing.included(1)
        self.identity.standing.excluded(2, "no member")
        self.assertEqual(self.roster.standing, "spare")
        for server in (1, 2):
            self.identity.standing.excluded(server, "no member")
        self.assertEqual(self.roster.standing, "waiting")

    def test_refuge(self) -> None:
        """
        Clients of a server that is no member, or waits to be one, are sent to another, rather to one that is there.
        """
        self.add(THREE)
        self.assertIsNone(self.roster.refuge)
        self.add(removed(THREE, 0))
        self.assertEqual(self.roster.refuge, addressOf(1))
        self.network.reset("server0", "server1")
        self.assertEqual(self.roster.refuge, addressOf(2))

    def test_waiting(self) -> None:
        """
        So are those of one that waits; where it knows nobody, there is nowhere to send them.
        """
        self.links.stop()
        self.network.settle()
        for server in (1, 2):
            self.identity.standing.excluded(server, "no member")
        self.assertEqual(self.roster.refuge, addressOf(1))
        self.add(Configuration([Member(0)]))
        self.assertIsNone(self.roster.refuge)


class HeardTests(RosterCase):
    """
    How the others are, as the leader knows it.
    """

    def setUp(self) -> None:
        """
        Server 0 leads.
        """
        self.begin(established())
        self.raft.change(THREE)
        self.server.pump()
        self.server.sync()
        for peer in (1, 2):
            self.server.receive(peer, matched(self.server, 2))
        self.follow()

    def ask(self, server: int) -> None:
        """
        Ask a server for something, and have it answer.
        """
        self.links[server].send(HEARTBEAT)
        self.network.settle()
        self.others[server].receiver.asked[-1][2].callback(HEARD)
        self.network.settle()

    def described(self) -> list[dict[str, Any]]:
        """
        What is told to everybody.
        """
        return [json.loads(line) for line in self.roster.described().splitlines()]

    def test_hears(self) -> None:
        """
        It hears who is connected, and gets what there is; itself it always hears, and nobody else.
        """
        self.assertEqual([self.roster.hears(server) for server in (0, 1, 2, 7)], [True, True, True, False])

    def test_disconnected(self) -> None:
        """
        It does not hear who is not connected.
        """
        self.network.reset("server0", "server2")
        self.assertEqual([self.roster.hears(server) for server in (1, 2)], [True, False])

    def test_probed(self) -> None:
        """
        Nor one of whom it does not know what that lacks; that is so for all where it does not lead.
        """
        self.raft.unreachable(2)
        self.assertEqual([self.roster.hears(server) for server in (1, 2)], [True, False])
        self.server.receive(1, heartbeat(9))
        self.assertEqual([self.roster.hears(server) for server in (0, 1, 2)], [True, False, False])

    def test_counts(self) -> None:
        """
        What a server says counts with the data folder that is in force here, though another one knows it by a later
        one.
        """
        self.assertTrue(self.roster.counts(1))
        self.identity.rolls.elsewhere = Roll(FOUR, 9)
        self.assertTrue(self.roster.counts(1))
        self.patch(self.identity.rolls, "isReplaced", lambda server, folder: (server, folder) == (1, "folder 1"))
        self.assertFalse(self.roster.counts(1))

    def test_heardAt(self) -> None:
        """
        It knows when who has answered last; itself it hears now.
        """
        self.network.advance(3)
        self.ask(1)
        now = self.mine.process.seconds()
        self.assertEqual((self.roster.heardAt(0), self.roster.heardAt(7)), (now, None))
        for server, seconds in ((1, 0), (2, 3)):
            heardAt = self.roster.heardAt(server)
            assert heardAt is not None
            self.assertAlmostEqual(now - heardAt, seconds, places=3)

    def test_lives(self) -> None:
        """
        It knows with which folder who is there, as long as they are.
        """
        self.assertEqual(self.roster.lifeOf(0), Life("folder 0", 1, "first"))
        self.assertEqual(self.roster.lifeOf(1), Life("folder 1", 1, "first"))
        self.assertIsNone(self.roster.lifeOf(7))
        self.assertTrue(self.roster.hasMetAll)
        self.network.reset("server0", "server1")
        self.assertIsNone(self.roster.lifeOf(1))
        self.assertFalse(self.roster.hasMetAll)

    def test_described(self) -> None:
        """
        The leader tells of each how far it is behind, and when it was heard.
        """
        self.network.advance(2)
        self.raft.propose(b"x")
        self.server.pump()
        self.server.sync()
        self.ask(1)
        zero, one, two = self.described()
        self.assertEqual(
            zero,
            {
                "id": 0,
                "kind": "voter",
                "host": "server0",
                "client_port": 9999,
                "log_port": 10000,
                "incarnation": "folder 0",
                "leads": True,
                "index": 3,
                "lag": 0,
                "heard": 0.0,
                "version": 4,
            },
        )
        self.assertEqual((one["id"], one["leads"], one["index"], one["lag"], one["heard"]), (1, False, 2, 1, 0.0))
        self.assertEqual((two["heard"], two["version"]), (2.0, 4))

    def test_describedByFollower(self) -> None:
        """
        Who does not lead tells who the members are, and nothing of how they are.
        """
        self.server.receive(1, heartbeat(9))
        for told in self.described():
            self.assertEqual(told["leads"], told["id"] == 1)
            self.assertEqual((told["index"], told["lag"], told["heard"]), (None, None, None))
        self.server.tick(100)
        self.assertEqual([told["leads"] for told in self.described()], [None] * 3)

    def test_describedNowhere(self) -> None:
        """
        Of whom nobody has said where that is, it is not told.
        """
        self.raft.change(added(THREE, 5, None))
        self.follow()
        self.assertEqual((self.described()[3]["host"], self.described()[3]["log_port"]), (None, None))
        self.assertEqual((self.described()[3]["index"], self.described()[3]["incarnation"]), (0, ""))
