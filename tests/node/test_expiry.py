"""
Tests for expiry: decided by the log, and moved on by the cluster's time.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.clusterclock import ClusterClock
from replkv.peers.receiver import Timed
from replkv.protocol.request import Request
from replkv.raft.entry import NO_ENTRIES
from replkv.raft.messages import AppendEntries, RequestVote
from tests.node.cluster import YEAR, Client, Cluster, Server

NOT_FOUND = b"ERRNOTFOUND\r\n"


class ExpiryTests(SynchronousTestCase):
    """
    What these tests begin with.
    """

    def setUp(self) -> None:
        """
        Server 0 of three leads.
        """
        self.begin()

    def begin(self, *wrong: float) -> None:
        """
        Begin with three servers.

        @param wrong: by how many seconds they are wrong about the time when they start.
        """
        self.cluster = Cluster()
        for server, seconds in zip(self.cluster.servers, wrong, strict=False):
            server.restart(seconds)
        self.leader = self.cluster.leader()
        self.followers = self.cluster.servers[1:]
        self.client = Client(self.leader)

    def get(self, server: Server) -> Request:
        """
        Ask for the key by a connection of its own, and give the answer time.
        """
        request = Client(server).get(b"k")
        self.cluster.run(0.06)
        return request

    def failOver(self) -> Server:
        """
        The leader is cut off.

        @return: the next one.
        """
        self.cluster.apart = {0}
        leader = self.cluster.leader()
        self.assertIsNot(leader, self.leader)
        return leader


class ClockEntryTests(ExpiryTests):
    """
    Tests for the entries that only tell the time.
    """

    def test_idle(self) -> None:
        """
        A key is freed on all servers soon after its time, without anyone asking for it; and then nothing more happens.
        """
        self.client.set(b"k", b"v", 1)
        self.cluster.run(0.9)
        self.assertEqual([server.machine.keys for server in self.cluster.servers], [1, 1, 1])
        self.cluster.run(0.2)
        self.assertEqual([server.machine.keys for server in self.cluster.servers], [0, 0, 0])
        self.assertEqual(self.leader.node.raft.log.lastIndex, 3)
        self.cluster.run(1)
        self.assertEqual(self.leader.node.raft.log.lastIndex, 3)

    def test_oneAtATime(self) -> None:
        """
        While a clock entry is under way, no tick proposes another one.
        """
        self.client.set(b"k", b"v", 1)
        self.cluster.settle()
        self.cluster.hold(self.followers)
        self.cluster.run(2)
        self.assertEqual(self.leader.node.raft.log.lastIndex, 3)

    def test_manyKeys(self) -> None:
        """
        Where one entry cannot free all the keys that have expired, more follow.
        """
        for number in range(1000):
            self.client.set(b"%d" % number, b"v", 1)
        self.cluster.settle()
        self.assertEqual(self.leader.machine.keys, 1000)
        self.cluster.run(1.2)
        self.assertEqual(self.leader.machine.keys, 0)

    def test_setAgain(self) -> None:
        """
        A key that is set again has its new time alone.
        """
        self.client.set(b"k", b"v", 1)
        self.client.set(b"k", b"w", 3)
        self.cluster.run(2)
        self.assertEqual(self.get(self.leader).reply, b"VALUE 1\r\nw\r\n")
        self.client.set(b"k", b"x")
        self.cluster.run(2)
        self.assertEqual(self.get(self.leader).reply, b"VALUE 1\r\nx\r\n")


class ReadTests(ExpiryTests):
    """
    Tests for reads of keys whose time is over.
    """

    def setUp(self) -> None:
        """
        A key has a second to live, and a bit of that is left; from now on, nothing is committed.
        """
        super().setUp()
        self.write = self.client.set(b"k", b"v", 1)
        self.cluster.run(0.95)
        self.assertEqual(self.write.reply, b"OK 2\r\n")
        self.cluster.hold(self.followers)

    def goOn(self) -> None:
        """
        Entries are committed again.
        """
        self.cluster.hold(self.followers, False)
        self.cluster.settle()

    def test_waitsForTheLog(self) -> None:
        """
        That the key is gone is not told before the log says so: until then another leader could find it.
        """
        self.assertEqual(self.get(self.leader).reply, b"VALUE 1\r\nv\r\n")
        read = self.get(self.leader)
        self.assertIsNone(read.reply)
        self.cluster.run(0.5)
        self.assertIsNone(read.reply)
        self.goOn()
        self.assertEqual(read.reply, NOT_FOUND)

    def test_withoutTick(self) -> None:
        """
        A read does not wait for a tick to propose the clock entry.
        """
        self.goOn()
        self.leader.pause()
        self.cluster.run(0.06)
        self.assertEqual(self.leader.node.raft.log.lastIndex, 2)
        read = self.client.get(b"k")
        self.cluster.settle()
        self.assertEqual(read.reply, NOT_FOUND)
        self.assertEqual(self.leader.node.raft.log.lastIndex, 3)

    def test_manyReads(self) -> None:
        """
        Many reads share a clock entry.
        """
        self.cluster.run(0.1)
        reads = [Client(self.leader).get(b"k") for _ in range(100)]
        self.cluster.run(0.1)
        self.goOn()
        self.assertEqual({read.reply for read in reads}, {NOT_FOUND})
        self.assertLess(self.leader.node.raft.log.lastIndex, 6)

    def test_otherKeysDoNotWait(self) -> None:
        """
        A read of another key does not wait for it.
        """
        self.cluster.run(0.1)
        read = Client(self.leader).get(b"other")
        self.cluster.run(0.06)
        self.assertEqual(read.reply, NOT_FOUND)

    def test_casBefore(self) -> None:
        """
        A cas that came in time and is not yet committed succeeds; a read from after the key's time is answered as what
        follows on that, and not as if the key had been gone before.
        """
        cas = Client(self.leader).cas(b"k", 2, b"w")
        self.cluster.run(0.06)
        read = self.get(self.leader)
        self.goOn()
        self.assertEqual(cas.reply, b"OK 3\r\n")
        self.assertEqual(read.reply, b"VALUE 1\r\nw\r\n")

    def test_deleteBefore(self) -> None:
        """
        A delete that came in time and is not yet committed finds the key; the read comes after it.
        """
        delete = Client(self.leader).delete(b"k")
        self.cluster.run(0.06)
        read = self.get(self.leader)
        self.goOn()
        self.assertEqual((delete.reply, read.reply), (b"DELETED\r\n", NOT_FOUND))

    def test_setAfter(self) -> None:
        """
        While a read waits for the log, it is not overtaken by the write that its connection sent after it.
        """
        self.cluster.run(0.06)
        read, write, later = self.client.get(b"k"), self.client.set(b"k", b"w"), self.client.get(b"k")
        self.cluster.run(0.1)
        self.assertIsNone(read.reply)
        self.goOn()
        self.assertEqual(read.reply, NOT_FOUND)
        self.assertTrue(write.reply and write.reply.startswith(b"OK"))
        self.assertEqual(later.reply, b"VALUE 1\r\nw\r\n")

    def test_casAfter(self) -> None:
        """
        What is told of the read holds for the cas behind it.
        """
        self.cluster.run(0.06)
        read, cas = self.client.get(b"k"), self.client.cas(b"k", 2, b"w")
        self.cluster.run(0.1)
        self.goOn()
        self.assertEqual((read.reply, cas.reply), (NOT_FOUND, NOT_FOUND))

    def test_expiredBeforeCommitted(self) -> None:
        """
        A key whose write takes longer to be committed than it has to live is gone for a read that came after its time.
        """
        short = Client(self.leader).set(b"k", b"w", 1)
        self.cluster.run(1.1)
        read = self.get(self.leader)
        self.goOn()
        self.assertEqual(short.reply, b"OK 3\r\n")
        self.cluster.run(0.1)
        self.assertEqual(read.reply, NOT_FOUND)

    def test_expiredInTheMillisecond(self) -> None:
        """
        A key is gone in the very millisecond in which its time is over. There is no second left of it then, and 0 would
        mean that it never expires.
        """
        client = Client(self.leader)
        client.set(b"other", b"w", 1)
        self.cluster.clock.advance(1.0)
        read = client.getm(b"other")
        self.goOn()
        self.cluster.run(0.1)
        self.assertEqual(read.reply, NOT_FOUND)

    def test_deposed(self) -> None:
        """
        A read that waits for a clock entry when its leader is deposed goes to the next one.
        """
        self.cluster.run(0.06)
        read = self.client.get(b"k")
        self.cluster.run(0.06)
        self.cluster.apart = {0}
        self.cluster.hold(self.followers, False)
        self.cluster.run(1)
        self.assertFalse(self.leader.leads)
        self.assertIsNone(read.reply)
        self.cluster.apart = set()
        self.cluster.run(0.1)
        self.assertEqual(read.reply, b"ERR_REDIRECT host2 9002\r\n")


class SecondsTests(ExpiryTests):
    """
    Tests for the time that C{getm} tells.
    """

    def test_roundedUp(self) -> None:
        """
        It is told in seconds, rounded up.
        """
        self.client.set(b"k", b"v", 10)
        self.assertEqual(self.seconds(), 10)
        self.cluster.clock.advance(0.5)
        self.assertEqual(self.seconds(), 10)
        self.cluster.clock.advance(0.499)
        self.assertEqual(self.seconds(), 10)
        self.cluster.clock.advance(0.002)
        self.assertEqual(self.seconds(), 9)
        self.cluster.clock.advance(8.9)
        self.assertEqual(self.seconds(), 1)

    def test_never(self) -> None:
        """
        A key that never expires has 0, and one that does has at least 1, up to its end.
        """
        self.client.set(b"k", b"v")
        self.assertEqual(self.seconds(), 0)

    def seconds(self) -> int:
        """
        What C{getm} tells.
        """
        request = self.client.getm(b"k")
        self.cluster.settle()
        assert request.reply is not None
        word, _, seconds, length = request.reply.split(b"\r\n")[0].split(b" ")
        self.assertEqual((word, length), (b"VALUE", b"1"))
        return int(seconds)


class WrongClockTests(ExpiryTests):
    """
    Tests for servers whose idea of the time differs by a year when they start: the leader's is the cluster's, and each
    goes on from there.
    """

    def set(self, seconds: int, client: Client | None = None) -> None:
        """
        Store the key, with so many seconds to live.
        """
        (client or self.client).set(b"k", b"v", seconds)
        self.cluster.settle()
        self.end = self.cluster.clock.seconds() + seconds

    def assertLives(self, server: Server) -> None:
        """
        The key is there as long as it was told to live, give or take a fifth of a second, and then gone.
        """
        self.cluster.run(self.end - 0.2 - self.cluster.clock.seconds())
        self.assertEqual(self.get(server).reply, b"VALUE 1\r\nv\r\n")
        self.cluster.run(0.3)
        self.assertEqual(self.get(server).reply, NOT_FOUND)

    def test_followersDoNotMatter(self) -> None:
        """
        No server's own clock has a part in what the log's entries do to it.
        """
        self.begin(0, YEAR, -YEAR)
        self.set(2)
        self.cluster.run(0.1)
        self.assertEqual([server.value(b"k") for server in self.cluster.servers], [b"v"] * 3)
        self.assertLives(self.leader)
        self.cluster.run(0.1)
        stores = [server.engine._values for server in self.cluster.servers]
        self.assertEqual(stores, [stores[0]] * 3)

    def test_failOver(self) -> None:
        """
        A key has its time, all of it and no more, whoever is wrong by a year, and though the leader is lost in between.
        """
        for wrong in ((YEAR, 0, 0), (-YEAR, 0, 0), (0, YEAR, YEAR), (0, -YEAR, -YEAR), (0, YEAR, -YEAR)):
            self.begin(*wrong)
            self.set(2)
            self.assertLives(self.leader)
            self.set(4)
            self.cluster.run(1)
            self.assertLives(self.failOver())

    def test_quiet(self) -> None:
        """
        The time before an election counts, though nothing was written in it.
        """
        self.set(8)
        self.cluster.run(6)
        leader = self.failOver()
        self.assertEqual(Client(leader).set(b"other", b"").reply, None)
        self.assertLives(leader)

    def test_restarted(self) -> None:
        """
        A server that starts with a wrong time has it from the leader, though no entry comes.
        """
        self.set(6)
        for server in self.followers:
            server.restart(YEAR)
        self.cluster.run(1)
        self.assertLives(self.failOver())

    def test_learntFromVoters(self) -> None:
        """
        A server that has not heard the leader since it was started has the time from those that elect it.
        """
        for wrong in (YEAR, -YEAR):
            self.begin()
            self.set(4)
            self.cluster.apart = {0}
            self.followers[1].restart(wrong)
            leader = self.cluster.leader()
            self.assertIs(leader, self.followers[1])
            self.assertLives(leader)

    def test_learntFromOneThatCountedOn(self) -> None:
        """
        So it has where all were down, and one of those that elect it was down for as long as its boot clock says.
        """
        for wrong in (YEAR, -YEAR):
            self.begin()
            self.set(4)
            self.cluster.apart = {0}
            self.followers[0].restart(0)
            self.followers[0].node._clusterClock = ClusterClock(
                self.cluster.clock.seconds, self.leader.node._clusterClock.now(), hasCountedOn=True
            )
            self.followers[1].restart(wrong)
            self.followers[0].pause()
            leader = self.cluster.leader()
            self.assertIs(leader, self.followers[1])
            self.followers[0].resume()
            self.assertLives(leader)

    def test_oldLeader(self) -> None:
        """
        What a leader of an earlier term tells is not followed.
        """
        time = self.followers[0].node._clusterClock.now()
        term = self.leader.node.raft.currentTerm
        late = Timed(AppendEntries(term - 1, 0, 0, 0, 0, NO_ENTRIES), time + 10_000)
        self.followers[0].node.requested(2, late)
        self.assertEqual(self.followers[0].node._clusterClock.now(), time)

    def test_ledForLong(self) -> None:
        """
        A server that has led for long and follows again is set back by a message that has waited no more than any other
        server is: while it led, its time was the cluster's.
        """
        self.cluster.run(60)
        server = self.leader.node
        time = server._clusterClock.now()
        late = Timed(AppendEntries(server.raft.currentTerm + 1, 0, 0, 0, 0, NO_ENTRIES), time - 20_000)
        server.requested(1, late)
        self.assertEqual(server.executor.statistics()[1], ("role", "follower"))
        self.assertGreaterEqual(server._clusterClock.now(), time - 2)

    def test_guessIsNotTold(self) -> None:
        """
        A server that only guesses the time does not tell it to those that ask for its vote.
        """
        server = self.followers[0]
        server.restart(0)
        told: list[int] = []
        for _ in range(2):
            term = server.node.raft.currentTerm
            vote = Timed(RequestVote(term + 1, 100, term + 1, True), 0)
            server.node.requested(2, vote).addCallback(lambda reply: told.append(reply.time))
            self.cluster.run(0.1)
        self.assertEqual(told[0], 0)
        self.assertGreater(told[1], 0)

    def test_doesNotComeBack(self) -> None:
        """
        A key that a leader has told to be gone is not found under the next one, though that one's clock is a year
        behind, and the power failed on both followers just when the leader had told it.
        """
        self.begin(0, 0, -YEAR)
        self.client.set(b"k", b"v", 1)
        self.cluster.run(0.95)
        self.cluster.hold(self.followers)
        self.cluster.run(0.06)
        told = self.get(self.leader).reply
        for follower in self.followers:
            follower.restart(follower.wrong)
        leader = self.failOver()
        found = self.get(leader).reply
        self.assertFalse(told == NOT_FOUND and found != NOT_FOUND, f"{told!r}, then {found!r}")

    def test_stampsOfUnappliedEntries(self) -> None:
        """
        A new leader's time is not before the largest stamp in its log, entries included that are not applied yet.
        """
        self.cluster.hold([self.leader])
        self.set(2)
        self.assertIsNone(self.followers[1].value(b"k"))
        before = self.cluster.clock.seconds()
        for follower in self.followers:
            follower.restart(-YEAR)
        leader = self.failOver()
        # No server that was up knew how long the election took.
        self.end += self.cluster.clock.seconds() - before
        self.assertLives(leader)
