"""
Slow disks: a leader whose own disk is so much slower than those of the others that clients wait for it alone.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.messages import RequestVote, RequestVoteReply, TimeoutNow
from replkv.raft.outputs import DiskTrouble, Send
from replkv.raft.state import SLOW_STRETCH
from tests.raft.network import ELECTION_TICKS, Network, Server
from tests.raft.servers import heartbeat, matched, streaming

PATIENCE = 4 * ELECTION_TICKS
"""
For so long a disk has to be slow.
"""


class SlowDiskCase(SynchronousTestCase):
    """
    A leader among others.
    """

    def write(self, server: Server, own: int, others: int) -> list[Send]:
        """
        Have something written, with a disk that takes C{own} ticks, where all others have it after C{others} ticks.
        They answer all the time.

        @return: what it has sent at the last tick.
        """
        sends: list[Send] = []
        self.assertTrue(server.leads)
        self.assertIsNone(server.raft.handsOverTo)
        server.raft.propose(b"x")
        index = server.raft.log.lastIndex
        server.pump()
        for ticks in range(max(own, others) + 1):
            if server.raft.handsOverTo is not None:
                break
            for peer in server.raft.peers:
                server.receive(peer, matched(server, index if ticks >= others else index - 1))
            if ticks == own:
                server.sync()
            sends = server.tick()
        return sends

    def wait(self, server: Server) -> None:
        """
        Let an election timeout pass in which nobody takes over.
        """
        self.assertIsNotNone(server.raft.handsOverTo)
        for _ in range(ELECTION_TICKS):
            self.assertTrue(server.leads)
            for peer in server.raft.peers:
                server.receive(peer, matched(server, 1))
            server.tick()

    def assertLeadsOn(self, server: Server, why: str | None = None) -> None:
        """
        It leads, and does not want another one to.
        """
        self.assertTrue(server.leads, why)
        self.assertIsNone(server.raft.handsOverTo, why)


class LeaderTests(SlowDiskCase):
    """
    When a leader steps down for its disk.
    """

    def test_handsOver(self) -> None:
        """
        A leader whose disk takes many times as long as those of the others hands over to one of them when it has been
        so for a while. It does not wait for its own disk.
        """
        server = streaming(members=3)
        self.write(server, PATIENCE // 2, 0)
        self.assertLeadsOn(server)
        sends = self.write(server, PATIENCE // 2, 0)
        self.assertEqual(server.raft.handsOverTo, 1)
        self.assertIn(Send(1, TimeoutNow(term=1), None), sends)
        server.raft.step(1, RequestVote(term=2, lastLogIndex=3, lastLogTerm=1, preVote=False, handOver=True))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("follower", 2))
        self.assertIs(server.raft.ready().diskTrouble, DiskTrouble.IS_SLOW)

    def test_handsOverAlready(self) -> None:
        """
        So does one that hands over for another reason already: it leads no longer, whatever comes of that.
        """
        server = streaming(members=3)
        self.write(server, PATIENCE // 2, 0)
        server.raft.propose(b"x")
        server.pump()
        for ticks in range(PATIENCE // 2 + 1):
            for peer in server.raft.peers:
                server.receive(peer, matched(server, 3))
            if ticks == PATIENCE // 2 - 2:
                self.assertEqual(server.raft.handOver({1}), 1)
            if ticks == PATIENCE // 2:
                server.sync()
            server.tick()
        self.assertTrue(server.raft.state.diskIsSlow)
        self.assertEqual(server.raft.handsOverTo, 1)
        server.tick(ELECTION_TICKS)
        self.assertFalse(server.leads)

    def test_nobodyAnswers(self) -> None:
        """
        Where there is nobody to hand over to just now, it steps down at once.
        """
        server = streaming(members=3)
        self.write(server, PATIENCE // 2, 0)
        server.raft.propose(b"x")
        server.pump()
        for peer in server.raft.peers:
            server.receive(peer, matched(server, 3))
        server.tick(PATIENCE // 2)
        for peer in server.raft.peers:
            server.raft.unreachable(peer)
        server.sync()
        server.tick()
        self.assertFalse(server.leads)

    def test_stepsDown(self) -> None:
        """
        Where nobody takes over, it steps down in the end, in its own term, and knows no leader.
        """
        for members in (3, 4, 5):
            server = streaming(members=members)
            self.write(server, PATIENCE // 2, 0)
            self.write(server, PATIENCE // 2, 0)
            self.wait(server)
            self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("follower", 1))
            self.assertIsNone(server.raft.leaderId)
            self.assertTrue(server.raft.state.diskIsSlow)

    def test_severalAtOnce(self) -> None:
        """
        So it does where clients never stop to write, so that its disk is never done.
        """
        server = streaming(members=3)
        for ticks in range(3 * PATIENCE):
            if server.raft.handsOverTo is not None:
                break
            server.raft.propose(b"x")
            server.pump()
            for peer in server.raft.peers:
                server.receive(peer, matched(server, server.raft.log.lastIndex))
            if ticks % (PATIENCE // 3) == 0:
                server.sync()
            server.tick()
        self.assertIsNotNone(server.raft.handsOverTo)

    def test_allSlow(self) -> None:
        """
        Where the others are as slow, or nearly, it leads on: nobody would lead better.
        """
        for others in (5, 10, PATIENCE // 2):
            server = streaming(members=3)
            for _ in range(20):
                self.write(server, PATIENCE // 2, others)
            self.assertLeadsOn(server, f"{others} ticks")

    def test_bitSlow(self) -> None:
        """
        Where it takes less than an election costs, it leads on.
        """
        server = streaming(members=3)
        for _ in range(100):
            self.write(server, 7, 0)
        self.assertLeadsOn(server)

    def test_nowAndThen(self) -> None:
        """
        So it does where its disk is slow only now and then.
        """
        for fast in (0, 1):
            server = streaming(members=3)
            for turn in range(20):
                self.write(server, PATIENCE if turn % 2 else fast, 0)
            self.assertLeadsOn(server, f"{fast} ticks")

    def test_ownDiskIsNeeded(self) -> None:
        """
        Where no majority has what its disk does not have, it leads on: under another leader, all would wait for the
        same disk.
        """
        for members in (1, 2):
            server = streaming(members=members)
            for _ in range(20):
                self.write(server, PATIENCE // 2, 0)
            self.assertLeadsOn(server, f"{members} servers")

    def test_once(self) -> None:
        """
        A server that is elected all the same, since the others do not stand, leads on however slow its disk is.
        """
        server = self.electedAgain()
        for _ in range(20):
            self.write(server, PATIENCE // 2, 0)
        self.assertLeadsOn(server)

    def test_onceAndThenFast(self) -> None:
        """
        It leads on all the more when its disk is fast again.
        """
        server = self.electedAgain()
        for _ in range(4):
            self.write(server, PATIENCE // 2, 0)
        for _ in range(4):
            self.write(server, 0, 0)
        self.assertFalse(server.raft.state.diskIsSlow)
        self.assertLeadsOn(server)

    def deposed(self) -> Server:
        """
        A server that has just stepped down for its disk, and has nothing to write.
        """
        server = streaming(members=3)
        for _ in range(2):
            self.write(server, PATIENCE // 2, 0)
        self.wait(server)
        self.assertFalse(server.leads)
        server.sync()
        return server

    def electedAgain(self) -> Server:
        """
        A server that has stepped down for its disk, and leads again, since nobody else has stood.
        """
        server = self.deposed()
        server.tick(SLOW_STRETCH * 2 * ELECTION_TICKS)
        server.receive(1, RequestVoteReply(term=2, granted=True, preVote=True))
        server.tick(5)
        server.sync()
        server.receive(1, RequestVoteReply(term=2, granted=True, preVote=False))
        self.assertTrue(server.leads)
        return server

    def test_standsLater(self) -> None:
        """
        A server that stepped down for its disk leaves the others much time to stand for election. It does stand in the
        end: where nobody else can, a slow leader is better than none.
        """
        server = self.deposed()
        server.tick(SLOW_STRETCH * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "follower")
        server.tick(SLOW_STRETCH * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "pre-candidate")

    def test_fastAgain(self) -> None:
        """
        When its disk is fast again, it stands for election as the others do.
        """
        server = self.deposed()
        server.receive(1, heartbeat(5, 1, 1))
        server.sync()
        self.assertFalse(server.raft.state.diskIsSlow)
        server.receive(1, heartbeat(5, 1, 1))
        server.receive(2, heartbeat(6, 1, 1))
        server.sync()
        server.tick(2 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "pre-candidate")


class NetworkTests(SlowDiskCase):
    """
    A cluster with a slow disk.
    """

    def test_anotherLeads(self) -> None:
        """
        Another server leads soon, without an election that anyone would notice, and goes on to lead, though the slow
        one follows it.
        """
        network = Network.fresh(3)
        slow = network.elect(0)
        network.settle()
        for _ in range(10):
            if not slow.leads:
                break
            slow.raft.propose(b"x")
            network.post(0, slow.pump())
            for _ in range(PATIENCE // 2):
                self.passTick(network, 0)
            network.post(0, slow.sync())
        self.assertFalse(slow.leads)
        for _ in range(3 * ELECTION_TICKS):
            self.passTick(network, 0)
        [leader] = [server for server in network.servers if server.leads]
        self.assertIsNot(leader, slow)
        term = leader.raft.currentTerm
        for turn in range(20 * ELECTION_TICKS):
            leader.raft.propose(b"y")
            network.post(leader.config.id, leader.pump())
            self.passTick(network, 0)
            if turn % (PATIENCE // 2) == 0:
                network.post(0, slow.sync())
        self.assertEqual((leader.leads, leader.raft.currentTerm), (True, term))

    def passTick(self, network: Network, slow: int) -> None:
        """
        Let a tick pass, and all happen but what the slow disk is to do.
        """
        for server in network.up:
            network.post(server.config.id, server.tick())
        for _ in range(6):
            for server in network.up:
                if server.config.id != slow:
                    network.post(server.config.id, server.sync())
            arriving, network.onTheWay = network.onTheWay, []
            for envelope in arriving:
                network.deliver(envelope)
