"""
Tests for L{replkv.peers.links}: the ways to the other servers, as these come and go.
"""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.lives import Life
from replkv.peers.link import PeerLink
from replkv.peers.links import Links
from replkv.peers.receiver import Timed, Unreachable
from replkv.peers.roll import Roll
from replkv.raft.changes import added, moved, named, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Member
from tests.logged import logged
from tests.network import Network
from tests.peers.peer import HEARD, HEARTBEAT, MemoryFolder, Peer, addressOf

UNNAMED = Configuration.ofVoters(range(3))
THREE = Configuration(Member(server, incarnation=f"folder {server}") for server in range(3))
COMING = added(THREE, 3, addressOf(3))
FOUR = named(COMING, 3, "folder 3", None)
ELSEWHERE = Address("elsewhere", 9000, 10000)


class LinksCase(SynchronousTestCase):
    """
    Server 0 has ways to servers 1 and 2, which are there, as is server 3.
    """

    file: Iterable[int] = range(3)

    def setUp(self) -> None:
        """
        The members are named, and all are connected.
        """
        self.lines = logged(self)
        self.network = Network()
        self.mine = Peer(self.network, 0)
        self.identity = self.mine.identity
        self.others = {server: Peer(self.network, server) for server in (1, 2, 3)}
        for other in self.others.values():
            other.identity.follow(Roll(FOUR, 9), Roll(FOUR, 9))
            other.listen()
        self.links = Links(self.identity, {server: addressOf(server) for server in self.file}, self.mine.way)
        self.links.start()
        self.follow(THREE, 5)
        self.network.settle()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        """
        Disconnect from all.
        """
        stopped = self.links.stop()
        self.network.settle()
        self.successResultOf(stopped)
        self.assertEqual(self.mine.process.getDelayedCalls(), [])

    def follow(self, configuration: Configuration, index: int, isCommitted: bool = True) -> list[PeerLink]:
        """
        Another configuration is in force.

        @return: the ways that are new.
        """
        roll = Roll(configuration, index)
        self.identity.follow(roll, roll if isCommitted else self.identity.rolls.settled)
        new = self.links.follow(isCommitted)
        self.network.settle()
        return new

    def hear(self, configuration: Configuration, index: int) -> list[PeerLink]:
        """
        Another server knows this.
        """
        self.identity.rolls.elsewhere = Roll(configuration, index)
        new = self.links.follow(isCommitted=True)
        self.network.settle()
        return new

    def one(self, links: list[PeerLink]) -> PeerLink:
        """
        The only one of these.
        """
        self.assertEqual(len(links), 1)
        return links[0]

    def ask(self, server: int) -> Deferred[Timed]:
        """
        Ask a server for something, which it has arrived at and not answered yet.
        """
        asked = self.links[server].send(HEARTBEAT)
        self.addCleanup(asked.addErrback, lambda failure: None)
        self.network.settle()
        self.assertNoResult(asked)
        return asked

    def assertUp(self, *servers: int) -> None:
        """
        There are ways to these, in this order, and all are connected.
        """
        self.assertEqual((tuple(self.links), len(self.links)), (servers, len(servers)))
        self.assertEqual([link.isUp for link in self.links.values()], [True] * len(servers))


class FollowTests(LinksCase):
    """
    Who is a member by what is in force.
    """

    def test_file(self) -> None:
        """
        As long as nothing else is known, they are those of the servers file, but for this server itself, where that
        says that they are.
        """
        self.assertUp(1, 2)
        self.assertEqual([link.address for link in self.links.values()], [addressOf(1), addressOf(2)])

    def test_same(self) -> None:
        """
        Where nothing has changed about a server, its way is the same: what is asked on it is answered.
        """
        before = dict(self.links)
        asked = self.ask(1)
        self.assertEqual(self.follow(removed(THREE, 0), 6), [])
        self.assertEqual(dict(self.links), before)
        self.others[1].receiver.asked[0][2].callback(HEARD)
        self.network.settle()
        self.assertEqual(self.successResultOf(asked), HEARD)

    def test_new(self) -> None:
        """
        Who is new is connected to, committed or not, and is told of.
        """
        link = self.one(self.follow(COMING, 6, isCommitted=False))
        self.assertUp(1, 2, 3)
        self.assertIs(self.links[3], link)
        self.assertEqual((link.peer, link.address), (3, addressOf(3)))

    def test_named(self) -> None:
        """
        That the folder with which it has come is named changes nothing about the way to it.
        """
        link = self.one(self.follow(COMING, 6))
        self.follow(FOUR, 7)
        self.assertIs(self.links[3], link)
        self.assertTrue(link.isUp)

    def test_anotherIsNamed(self) -> None:
        """
        If it is another folder that is named, it has another way.
        """
        link = self.one(self.follow(COMING, 6))
        another = self.one(self.follow(named(COMING, 3, "another", None), 7))
        self.assertIsNot(another, link)
        self.assertFalse(another.isUp)
        self.assertFalse(link.running)

    def test_nowhere(self) -> None:
        """
        There is no way to a server of which nothing says where it is.
        """
        self.follow(added(THREE, 3, None), 6)
        self.assertUp(1, 2)
        self.assertIsNone(self.links.addressOf(3))

    def test_removed(self) -> None:
        """
        Who is no member any more is asked nothing.
        """
        gone = self.links[2]
        asked = self.ask(2)
        self.assertEqual(self.follow(removed(THREE, 2), 6), [])
        self.assertUp(1)
        self.failureResultOf(asked, Unreachable)
        self.assertFalse(gone.running)
        self.assertEqual(self.others[2].listener.connections, {})

    def test_back(self) -> None:
        """
        One that is a member again has another way.
        """
        gone = self.links[2]
        self.follow(removed(THREE, 2), 6, isCommitted=False)
        link = self.one(self.follow(THREE, 5))
        self.assertUp(1, 2)
        self.assertIsNot(link, gone)


class MovedTests(LinksCase):
    """
    Servers that are elsewhere.
    """

    def test_committed(self) -> None:
        """
        Who has moved is looked for there when that is committed; before that, it may be needed to commit it.
        """
        after = moved(THREE, 2, ELSEWHERE)
        before = self.links[2]
        self.assertEqual(self.follow(after, 6, isCommitted=False), [])
        self.assertIs(self.links[2], before)
        self.assertTrue(before.isUp)
        link = self.one(self.follow(after, 6))
        self.assertEqual((link.address, link.isUp, before.running), (ELSEWHERE, False, False))

    def test_heard(self) -> None:
        """
        When it was heard last stays known: it is the same server, and is not missed for longer than it is.
        """
        heardAt = self.links[2].heardAt
        self.assertIsNotNone(heardAt)
        self.network.advance(3)
        link = self.one(self.follow(moved(THREE, 2, ELSEWHERE), 6))
        self.assertEqual(link.heardAt, heardAt)

    def test_file(self) -> None:
        """
        What the configuration says counts, and not what the servers file does.
        """
        link = self.one(self.follow(moved(THREE, 1, ELSEWHERE), 6))
        self.assertEqual((link.address, self.links.addressOf(1)), (ELSEWHERE, ELSEWHERE))

    def test_same(self) -> None:
        """
        That what the servers file says comes to be in the log is no move.
        """
        before = self.links[2]
        self.assertEqual(self.follow(moved(THREE, 2, addressOf(2)), 6), [])
        self.assertIs(self.links[2], before)


class ReplacedTests(LinksCase):
    """
    Servers with another data folder.
    """

    def test_atOnce(self) -> None:
        """
        As soon as it is in force, the way to the old folder is none any more: what it says is not for the new one.
        """
        before = self.links[2]
        asked = self.ask(2)
        link = self.one(self.follow(replaced(THREE, 2), 6, isCommitted=False))
        self.failureResultOf(asked, Unreachable)
        self.assertIsNot(link, before)
        self.assertEqual((before.running, link.isUp, link.heardAt), (False, False, None))

    def test_next(self) -> None:
        """
        The way is for the next one, whenever that comes; and when that is named, it stays.
        """
        folder = MemoryFolder("new")
        self.others[2].folder.past = folder.past
        link = self.one(self.follow(replaced(THREE, 2), 6))
        self.assertTrue(link.isUp)
        self.assertEqual(link.life, Life("new", 1, "first"))
        self.assertEqual(self.follow(named(replaced(THREE, 2), 2, "new", None), 7), [])
        self.assertTrue(link.isUp)

    def test_neverThere(self) -> None:
        """
        One that has never been there has said nothing.
        """
        before = self.one(self.follow(moved(THREE, 2, ELSEWHERE), 6))
        self.assertEqual(self.follow(replaced(moved(THREE, 2, ELSEWHERE), 2), 7), [])
        self.assertIs(self.links[2], before)

    def test_another(self) -> None:
        """
        While it waits to be named, no third folder may come: what the second one has acknowledged is remembered. That
        ends with the way to it.
        """
        link = self.one(self.follow(COMING, 6))
        self.others[3].folder.past = MemoryFolder("third").past
        self.network.reset("server0", "server3")
        self.network.advance(1)
        self.assertFalse(link.isUp)
        self.assertIn(
            "server 3 comes with another data folder than it had just now: replkv member remove --id 3, and then "
            "replkv member add, lets it in",
            self.lines[-1],
        )
        self.follow(THREE, 7)
        self.assertTrue(self.one(self.follow(COMING, 8)).isUp)


class ElsewhereTests(LinksCase):
    """
    Members by what another server knows.
    """

    def test_new(self) -> None:
        """
        Who is one there is connected to, that it can be asked for what this server lacks.
        """
        link = self.one(self.hear(FOUR, 9))
        self.assertUp(1, 2, 3)
        self.assertEqual(self.follow(FOUR, 9), [])
        self.assertIs(self.links[3], link)

    def test_replacedThere(self) -> None:
        """
        Who has another data folder there is connected to with that, though it is not known here yet: it may lead, and
        have what this server lacks.
        """
        self.follow(replaced(THREE, 2), 6)
        self.follow(named(replaced(THREE, 2), 2, "another", None), 7)
        self.network.advance(2.0)
        self.assertFalse(self.links[2].isUp)
        self.hear(THREE, 9)
        self.network.advance(2.0)
        self.assertUp(1, 2)

    def test_removedThere(self) -> None:
        """
        Who is a member here and not there is one still.
        """
        self.hear(removed(THREE, 2), 9)
        self.assertUp(1, 2)

    def test_earlier(self) -> None:
        """
        What was known there before what is committed here is of no account.
        """
        self.follow(THREE, 10)
        self.hear(FOUR, 9)
        self.assertUp(1, 2)

    def test_laterThanCommitted(self) -> None:
        """
        What is in force here and not committed may be what is to be cut off.
        """
        self.follow(removed(THREE, 2), 12, isCommitted=False)
        self.hear(FOUR, 9)
        self.assertUp(1, 2, 3)

    def test_address(self) -> None:
        """
        Where a server is, it may tell of those of whom the configuration does not.
        """
        self.follow(Configuration([*THREE.members, Member(3)]), 6)
        self.assertIsNone(self.links.addressOf(3))
        link = self.one(self.hear(COMING, 9))
        self.assertEqual((link.address, self.links.addressOf(3)), (addressOf(3), addressOf(3)))

    def test_anotherFolder(self) -> None:
        """
        If it knows that server by another folder than the one that has come, that has another way.
        """
        before = self.one(self.hear(FOUR, 9))
        link = self.one(self.hear(named(COMING, 3, "another", None), 10))
        self.assertIsNot(link, before)
        self.assertFalse(before.running)


class ServiceTests(LinksCase):
    """
    Begin and end.
    """

    def test_notStarted(self) -> None:
        """
        Nobody is connected to before the start, whoever comes and goes.
        """
        self.network.attempts.clear()
        links = Links(self.identity, {server: addressOf(server) for server in range(3)}, self.mine.way)
        self.identity.follow(Roll(removed(COMING, 2), 6), Roll(removed(COMING, 2), 6))
        links.follow(isCommitted=True)
        self.network.settle()
        self.assertEqual((list(links), self.network.attempts), ([1, 3], []))

    def test_stopped(self) -> None:
        """
        Nor after the end.
        """
        self.stop()
        self.network.attempts.clear()
        self.follow(removed(COMING, 2), 6)
        self.assertEqual((list(self.links), self.network.attempts), ([1, 3], []))
        self.links.start()

    def test_droppedWhileConnecting(self) -> None:
        """
        A way that is dropped before there is a connection leaves nothing behind.
        """
        self.identity.follow(Roll(COMING, 6), Roll(COMING, 6))
        self.links.follow(isCommitted=True)
        self.follow(THREE, 7)
        self.assertEqual(self.others[3].listener.connections, {})


class LateTests(LinksCase):
    """
    What a way that was dropped still says.
    """

    def test_sameBreath(self) -> None:
        """
        What comes in one piece with the answer upon which it is dropped is not taken either.
        """
        link = self.links[2]
        first, second = link.send(HEARTBEAT), link.send(HEARTBEAT)
        after = Roll(replaced(THREE, 2), 6)
        self.identity.follow(after, after)
        first.addCallback(lambda reply: self.links.follow(isCommitted=True))
        self.network.settle()
        for _, _, answer in self.others[2].receiver.asked:
            answer.callback(HEARD)
        self.network.settle()
        self.successResultOf(first)
        self.failureResultOf(second, Unreachable)

    def test_later(self) -> None:
        """
        Nor what comes later, nor is anything asked.
        """
        link = self.links[2]
        asked = self.ask(2)
        self.follow(removed(THREE, 2), 6)
        self.others[2].receiver.asked[0][2].callback(HEARD)
        self.network.settle()
        self.failureResultOf(asked, Unreachable)
        self.failureResultOf(link.send(HEARTBEAT), Unreachable)
        self.assertEqual((link.isUp, self.lines), (False, []))
