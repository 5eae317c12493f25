"""
Handing over: section 3.10 of Ongaro's thesis, and 4.2.3 for the votes.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.core import NotLeader
from replkv.raft.handover import CannotHandOver
from replkv.raft.messages import AppendEntriesReply, RequestVote, RequestVoteReply, TimeoutNow, TimeoutNowReply
from replkv.raft.outputs import Send
from tests.raft.network import ELECTION_TICKS, Network, Server
from tests.raft.servers import appends, aServer, candidate, heartbeat, matched, preCandidate, streaming


def told(sends: list[Send]) -> list[int]:
    """
    Who is told to stand for election.
    """
    return [send.to for send in sends if isinstance(send.message, TimeoutNow)]


def stands(server: Server, sends: list[Send]) -> bool:
    """
    Whether a server stands for election since the leader wants it to.
    """
    requests = [send.message for send in sends if isinstance(send.message, RequestVote)]
    return server.raft.role.name == "candidate" and bool(requests) and all(request.handOver for request in requests)


def settled(members: int = 3) -> Server:
    """
    A leader all of whose log is committed, and on all disks.
    """
    server = streaming(members=members)
    for peer in server.raft.peers:
        server.receive(peer, matched(server, 1))
    return server


class LeaderTests(SynchronousTestCase):
    """
    What the leader does.
    """

    def setUp(self) -> None:
        """
        Server 0 of three leads.
        """
        self.server = settled()
        self.raft = self.server.raft

    def handOver(self, *among: int) -> list[Send]:
        """
        Have it hand over.

        @return: what it sends.
        """
        self.raft.handOver(among)
        return self.server.pump()

    def propose(self) -> None:
        """
        Have it take a proposal, which is on its way then.
        """
        self.raft.propose(b"x")
        self.server.pump()

    def assertFails(self, reason: str, *among: int) -> None:
        """
        It cannot hand over, and leads on as before.
        """
        before = self.raft.handsOverTo
        error = self.assertRaises(CannotHandOver, self.raft.handOver, among)
        self.assertIn(reason, str(error))
        self.assertEqual(self.raft.handsOverTo, before)

    def test_atOnce(self) -> None:
        """
        A peer that has all is told at once.
        """
        self.assertEqual(self.handOver(2), [Send(2, TimeoutNow(term=1), None)])
        self.assertEqual((self.raft.handsOverTo, self.raft.status.handOver), (2, 2))

    def test_notBeforeItHasAll(self) -> None:
        """
        A peer that lacks an entry is told when it has it, and not before; and once.
        """
        self.propose()
        self.server.sync()
        self.server.receive(1, matched(self.server, 2))
        self.assertEqual(self.raft.commitIndex, 2)
        self.assertEqual(told(self.handOver(2)), [])
        self.assertEqual(told(self.server.receive(2, matched(self.server, 2))), [2])
        self.assertEqual(told(self.server.receive(2, matched(self.server, 2))), [])
        self.assertEqual(told(self.server.tick(2)), [])

    def test_notBeforeAllIsCommitted(self) -> None:
        """
        Nor is one that has all before that is committed: who waits for an entry is to learn what came of it.
        """
        server = settled(5)
        server.raft.propose(b"x")
        server.pump()
        server.receive(1, matched(server, 2))
        server.raft.handOver({1})
        self.assertEqual(told(server.pump()), [])
        self.assertEqual(told(server.sync()), [])
        self.assertEqual(server.raft.commitIndex, 1)
        self.assertEqual(told(server.receive(2, matched(server, 2))), [1])

    def test_withoutOwnDisk(self) -> None:
        """
        Its own disk is not waited for.
        """
        self.propose()
        self.handOver(1)
        self.assertEqual(told(self.server.receive(1, matched(self.server, 2))), [])
        self.assertEqual(told(self.server.receive(2, matched(self.server, 2))), [1])

    def test_readsFirst(self) -> None:
        """
        Reads are answered before, unless that takes for longer than half an election timeout.
        """
        self.raft.read("first")
        self.assertEqual(told(self.handOver(1)), [])
        self.server.receive(1, matched(self.server, 1, readRound=1))
        self.assertEqual(self.server.answeredReads, ["first"])
        self.assertTrue(self.raft.hasMore())
        self.assertEqual(told(self.server.pump()), [1])
        server = settled()
        server.raft.read("never")
        server.raft.handOver({1})
        self.assertEqual(told(server.pump() + server.tick(ELECTION_TICKS // 2 - 1)), [])
        self.assertEqual(told(server.tick()), [1])

    def test_takesNothing(self) -> None:
        """
        It takes no proposals meanwhile, though it leads, and lets its peers know.
        """
        self.handOver(1)
        self.assertRaises(NotLeader, self.raft.propose, b"x")
        self.assertEqual(self.raft.log.lastIndex, 1)
        self.assertTrue(appends(self.server.tick(2), 1))
        self.assertTrue(self.server.leads)

    def test_failsInTime(self) -> None:
        """
        Where nobody takes over for an election timeout, it takes proposals again, and can hand over again.
        """
        self.handOver(1)
        for _ in range(ELECTION_TICKS):
            self.assertRaises(NotLeader, self.raft.propose, b"x")
            self.server.receive(2, matched(self.server, 1))
            self.server.tick()
        self.assertIsNone(self.raft.handsOverTo)
        self.assertEqual(self.raft.propose(b"x"), 2)
        self.server.pump()
        self.server.receive(1, matched(self.server, 2))
        self.server.receive(2, matched(self.server, 2))
        self.assertEqual(told(self.handOver(1)), [1])

    def test_refused(self) -> None:
        """
        Where the peer says that it does not stand, it leads on from the next tick on.
        """
        self.handOver(1)
        self.server.receive(2, TimeoutNowReply(term=1))
        self.server.tick()
        self.assertEqual(self.raft.handsOverTo, 1)
        self.server.receive(1, TimeoutNowReply(term=1))
        self.server.tick()
        self.assertIsNone(self.raft.handsOverTo)
        self.assertTrue(self.server.leads)
        self.server.receive(1, TimeoutNowReply(term=1))
        self.assertTrue(self.server.leads)

    def test_unreachable(self) -> None:
        """
        So does it where the peer is lost before it was told. Once it was, it may stand, and has its time.
        """
        self.propose()
        self.handOver(1)
        self.raft.unreachable(2)
        self.server.tick()
        self.assertEqual(self.raft.handsOverTo, 1)
        self.raft.unreachable(1)
        self.assertEqual(told(self.server.receive(1, matched(self.server, 2))), [])
        self.server.tick()
        self.assertIsNone(self.raft.handsOverTo)
        self.server.sync()
        self.assertEqual(told(self.handOver(1)), [1])
        self.raft.unreachable(1)
        self.server.tick()
        self.assertEqual(self.raft.handsOverTo, 1)

    def test_fittest(self) -> None:
        """
        Of several it takes the one that has most of the log, and of those the one that owes the fewest answers.
        """
        self.propose()
        self.server.receive(2, matched(self.server, 2))
        self.assertEqual(self.raft.handOver({1, 2}), 2)
        server = settled()
        server.tick(6)
        server.receive(2, matched(server, 1))
        self.assertEqual(server.raft.handOver({1, 2}), 2)

    def test_nobody(self) -> None:
        """
        It cannot hand over to a peer that does not answer, nor to itself, nor to a server that is no peer.
        """
        self.raft.unreachable(1)
        self.assertFails("no server that could lead instead", 1)
        self.assertFails("no server that could lead instead", 0)
        self.assertFails("no server that could lead instead", 7)
        self.assertFails("no server that could lead instead")
        self.assertEqual(self.raft.handOver({0, 1, 2, 7}), 2)
        self.assertRaises(CannotHandOver, streaming(members=1).raft.handOver, {0})

    def test_twice(self) -> None:
        """
        While it hands over to one, it does not to another; to be asked for the same changes nothing.
        """
        self.handOver(1)
        self.server.tick(ELECTION_TICKS - 1)
        self.assertFails("handing over to server 1", 2)
        self.assertEqual(self.raft.handOver({1, 2}), 1)
        self.server.receive(2, matched(self.server, 1))
        self.server.tick()
        self.assertIsNone(self.raft.handsOverTo)

    def test_notLeading(self) -> None:
        """
        Who does not lead hands nothing over, and no leader goes on with what it began in an earlier term.
        """
        for server in (aServer(1), candidate(1)):
            self.assertRaises(NotLeader, server.raft.handOver, {1, 2})
            self.assertIsNone(server.raft.handsOverTo)
        self.handOver(1)
        self.server.receive(2, AppendEntriesReply.rejected(term=2, prevLogIndex=1))
        self.assertFalse(self.server.leads)
        self.assertIsNone(self.raft.handsOverTo)


class TargetTests(SynchronousTestCase):
    """
    What a server does that is told to stand for election.
    """

    def follower(self) -> Server:
        """
        A server that follows server 1 in term 2.
        """
        server = aServer(1, 2)
        server.receive(1, heartbeat(2, 2, 2))
        return server

    def test_stands(self) -> None:
        """
        It stands for election at once, without a pre-vote, and says that its leader wants it. All of it leaves when its
        vote is on its disk.
        """
        server = self.follower()
        self.assertEqual(server.receive(1, TimeoutNow(term=2), "token"), [])
        self.assertEqual((server.raft.role.name, server.raft.currentTerm, server.raft.votedFor), ("candidate", 3, 0))
        request = RequestVote(term=3, lastLogIndex=2, lastLogTerm=2, preVote=False, handOver=True)
        self.assertEqual(
            server.sync(),
            [Send(1, request, None), Send(2, request, None), Send(1, TimeoutNowReply(term=3), "token")],
        )

    def test_standsAgain(self) -> None:
        """
        If it is not elected, it stands again as everyone does.
        """
        server = self.follower()
        server.receive(1, TimeoutNow(term=2))
        server.sync()
        sends = server.tick(2 * ELECTION_TICKS)
        self.assertEqual(server.raft.role.name, "pre-candidate")
        requests = [send.message for send in sends]
        self.assertEqual(
            requests, [RequestVote(term=4, lastLogIndex=2, lastLogTerm=2, preVote=True)] * 2, "no leader wants it now"
        )

    def assertStays(self, server: Server, sender: int, message: TimeoutNow) -> None:
        """
        It does not stand, and says in which term it is.
        """
        before = (server.raft.role.name, server.raft.currentTerm, server.raft.votedFor)
        sends = server.receive(sender, message, "token") + server.sync()
        self.assertIn(Send(sender, TimeoutNowReply(term=server.raft.currentTerm), "token"), sends)
        self.assertFalse(stands(server, sends))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm, server.raft.votedFor), before)

    def test_oldTerm(self) -> None:
        """
        A leader of an earlier term has nothing to hand over.
        """
        self.assertStays(self.follower(), 1, TimeoutNow(term=1))

    def test_laterTerm(self) -> None:
        """
        Nor does one count of which this server has not heard.
        """
        self.assertStays(self.follower(), 1, TimeoutNow(term=3))

    def test_notItsLeader(self) -> None:
        """
        Nor another server than the leader.
        """
        self.assertStays(self.follower(), 2, TimeoutNow(term=2))

    def test_otherRoles(self) -> None:
        """
        Only who follows stands.
        """
        for server in (aServer(1), preCandidate(1), candidate(1), streaming()):
            self.assertStays(server, 1, TimeoutNow(term=server.raft.currentTerm))

    def test_disk(self) -> None:
        """
        Who has stepped down since its disk is slow had better not lead, nor whose disk hangs.
        """
        server = self.follower()
        server.raft.state.diskIsSlow = True
        self.assertStays(server, 1, TimeoutNow(term=2))
        server = self.follower()
        server.receive(1, heartbeat(3, 2, 2))
        while not server.raft.state.diskHangs:
            server.raft.step(1, heartbeat(3, 2, 2))
            server.raft.tick()
        self.assertEqual(server.receive(1, TimeoutNow(term=3)), [])
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("follower", 3))

    def test_retired(self) -> None:
        """
        Nor does one that is about to stop, when no leader is heard either, nor if it stood already. It votes; and if it
        leads, it leads on.
        """
        follower = self.follower()
        follower.raft.retire()
        self.assertStays(follower, 1, TimeoutNow(term=2))
        follower.tick(4 * ELECTION_TICKS)
        for server in (follower, preCandidate(1), candidate(1)):
            server.raft.retire()
            self.assertEqual(server.raft.role.name, "follower")
            term = server.raft.currentTerm + 1
            server.receive(2, RequestVote(term=term, lastLogIndex=9, lastLogTerm=9, preVote=False))
            self.assertEqual((server.raft.currentTerm, server.raft.state.votedFor), (term, 2))
        leader = settled()
        leader.raft.retire()
        self.assertTrue(leader.leads)
        leader.raft.handOver({1, 2})

    def test_replies(self) -> None:
        """
        To whoever else it may come, an answer says no more than the term.
        """
        server = self.follower()
        server.receive(2, TimeoutNowReply(term=2))
        server.receive(2, TimeoutNowReply(term=1))
        self.assertEqual((server.raft.currentTerm, server.raft.leaderId), (2, 1))
        server.receive(2, TimeoutNowReply(term=4))
        self.assertEqual((server.raft.currentTerm, server.raft.leaderId), (4, None))


class VoterTests(SynchronousTestCase):
    """
    What the others do.
    """

    def ask(self, server: Server, sender: int, **changes: Any) -> RequestVoteReply:
        """
        Ask a server for its vote for a hand-over.
        """
        request = RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False, handOver=True)
        sends = server.receive(sender, request._replace(**changes), "token") + server.sync()
        [reply] = [send.message for send in sends if isinstance(send.message, RequestVoteReply)]
        return reply

    def test_besideLeader(self) -> None:
        """
        Who hears the leader votes all the same, and so does the leader itself.
        """
        follower = aServer(1)
        follower.receive(1, heartbeat(1, 1, 1))
        for server in (follower, settled()):
            self.assertTrue(server.raft.role.hasLeader)
            self.assertEqual(self.ask(server, 2), RequestVoteReply(term=2, granted=True, preVote=False))
            self.assertEqual((server.raft.role.name, server.raft.votedFor), ("follower", 2))

    def test_oneVote(self) -> None:
        """
        There is one vote in a term, also for who stands for a hand-over.
        """
        server = aServer(1)
        self.assertTrue(self.ask(server, 1, handOver=False).granted)
        self.assertFalse(self.ask(server, 2).granted)

    def test_upToDate(self) -> None:
        """
        And none for a log that lacks something.
        """
        server = aServer(1, 1)
        server.receive(1, heartbeat(1, 2, 1))
        self.assertFalse(self.ask(server, 2).granted)
        self.assertFalse(self.ask(settled(), 2, lastLogIndex=0, lastLogTerm=0).granted)

    def test_oldTerm(self) -> None:
        """
        What comes too late disturbs nobody.
        """
        server = aServer(1, 3)
        server.receive(1, heartbeat(3, 2, 3))
        self.assertEqual(self.ask(server, 2), RequestVoteReply(term=3, granted=False, preVote=False))
        self.assertEqual(server.raft.leaderId, 1)

    def test_askedAgain(self) -> None:
        """
        A request that comes once more, when its sender leads already, is granted again, and the leader is not forgotten
        for it: nobody else gets a pre-vote.
        """
        server = aServer(1)
        self.assertTrue(self.ask(server, 2).granted)
        server.receive(2, heartbeat(2, 1, 1))
        self.assertTrue(self.ask(server, 2).granted)
        self.assertEqual(server.raft.leaderId, 2)
        self.assertFalse(self.ask(server, 1, term=3, preVote=True, handOver=False).granted)


class NetworkTests(SynchronousTestCase):
    """
    A cluster that hands over.
    """

    def test_noTimePasses(self) -> None:
        """
        Another server leads before any time has passed; nothing is lost, and who led before follows it.
        """
        for members in (2, 3, 4, 5):
            network = Network.fresh(members)
            leader = network.elect(0)
            network.propose(0, b"x", b"y")
            leader.raft.handOver({1})
            network.post(0, leader.pump())
            network.settle()
            self.assertTrue(network.servers[1].leads, f"{members} servers")
            self.assertEqual([server.raft.leaderId for server in network.servers], [1] * members)
            self.assertEqual({server.raft.currentTerm for server in network.servers}, {2})
            self.assertEqual([entry.data for entry in leader.applied], [b"", b"x", b"y"])
            self.assertEqual(leader.terms, [1, 1, 1, 2])

    def test_targetDies(self) -> None:
        """
        Where the peer dies when it was told, the leader leads on.
        """
        network = Network.fresh(3)
        leader = network.elect(0)
        network.crash(1)
        leader.raft.handOver({1})
        network.post(0, leader.pump())
        network.tick(ELECTION_TICKS + 1)
        self.assertEqual((leader.leads, leader.raft.currentTerm), (True, 1))
        network.propose(0, b"x")
        network.settle()
        self.assertEqual(network.servers[2].raft.log.lastIndex, 2)

    def test_cutOff(self) -> None:
        """
        A peer that was told, and is cut off then, brings its term along when it comes back. No write is lost that was
        acknowledged meanwhile.
        """
        network = Network.fresh(3)
        leader = network.elect(0)
        leader.raft.handOver({1})
        network.post(0, leader.pump())
        [envelope] = [each for each in network.onTheWay if isinstance(each.message, TimeoutNow)]
        network.onTheWay = []
        network.partition((0, 2))
        network.post(1, network.servers[1].receive(envelope.sender, envelope.message))
        network.tick(ELECTION_TICKS + 1)
        self.assertTrue(leader.leads)
        network.propose(0, b"x")
        network.settle()
        self.assertEqual(leader.raft.commitIndex, 2)
        network.heal()
        network.tick(10 * ELECTION_TICKS)
        [next_] = [server for server in network.servers if server.leads]
        self.assertNotEqual(next_.config.id, 1, "it lacks an entry")
        self.assertIn(b"x", [entry.data for entry in network.servers[1].applied])
