"""
Linearizable reads: ReadIndex, section 6.4 of Ongaro's thesis.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.core import NotLeader
from replkv.raft.messages import AppendEntriesReply
from replkv.raft.outputs import ReadReady, Token
from replkv.raft.reads import ReadQueue
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, Network, Server
from tests.raft.servers import appends, aServer, leader, matched, rejected, streaming


def established(members: int = 3) -> Server:
    """
    A leader whose no-op is committed.
    """
    server = streaming(members=members)
    for peer in range(1, members):
        server.receive(peer, matched(server, 1))
    return server


class QuorumTests(SynchronousTestCase):
    """
    No read without a proof of leadership that is younger than the read.
    """

    def test_majorityAnswers(self) -> None:
        """
        A read is answered when a majority, the leader included, has answered messages that were sent after it
        arrived.
        """
        for members, answers in ((2, 1), (3, 1), (4, 2), (5, 2)):
            server = established(members)
            server.raft.read("r")
            sends = server.pump()
            for peer in range(1, answers + 1):
                self.assertEqual(server.answeredReads, [], f"{members} servers, answer {peer}")
                [message] = appends(sends, peer)
                self.assertEqual(message.readRound, 1)
                server.receive(peer, matched(server, 1, 1))
            self.assertEqual(server.reads, [ReadReady(1, ("r",))], f"{members} servers")

    def test_earlierMessagesDoNotCount(self) -> None:
        """
        Answers to messages that were sent before the read arrived prove nothing, however late they come.
        """
        server = established()
        server.tick(HEARTBEAT_TICKS)
        server.raft.read("r")
        server.pump()
        for _ in range(3):
            for peer in (1, 2):
                server.receive(peer, matched(server, 1, 0))
        self.assertEqual(server.reads, [])

    def test_answersOfOneServerCountOnce(self) -> None:
        """
        Of five servers, one that answers again and again is no majority.
        """
        server = established(5)
        server.raft.read("r")
        server.pump()
        for _ in range(5):
            server.receive(1, matched(server, 1, 1))
        self.assertEqual(server.reads, [])

    def test_oldTermsDoNotCount(self) -> None:
        """
        Answers to a leader of an earlier term, be it this very server, count for nothing.
        """
        server = leader(1)
        server.pump()
        server.sync()
        for peer in (1, 2):
            server.receive(peer, matched(server, 1))
            server.receive(peer, matched(server, 2))
        server.raft.read("r")
        server.pump()
        for peer in (1, 2):
            server.receive(peer, AppendEntriesReply.accepted(term=1, matchIndex=1, prevLogIndex=1, readRound=9))
        self.assertEqual(server.reads, [])

    def test_rejectionCounts(self) -> None:
        """
        A peer whose log does not match has answered all the same: it knows no later leader.
        """
        server = established()
        server.raft.propose(b"lost on its way")
        server.pump()
        server.raft.unreachable(2)
        server.raft.read("r")
        server.pump()
        server.tick(HEARTBEAT_TICKS)
        server.receive(2, rejected(server, 2, 2, readRound=1))
        self.assertEqual(server.regressed, [])
        self.assertEqual(server.answeredReads, ["r"])

    def test_regressedDoesNotCount(self) -> None:
        """
        An answer that shows that the peer lacks what it had acknowledged confirms nothing: such a peer may have
        forgotten a later leader too. Nor is it one of a majority that is there.
        """
        server = established()
        server.raft.unreachable(1)
        server.raft.read("r")
        [probe] = appends(server.tick(HEARTBEAT_TICKS), 1)
        server.receive(1, rejected(server, probe.prevLogIndex, 1, readRound=probe.readRound))
        self.assertEqual(server.regressed, [1])
        self.assertEqual(server.answeredReads, [])
        for _ in range(3 * ELECTION_TICKS // HEARTBEAT_TICKS):
            server.tick(HEARTBEAT_TICKS)
            if server.leads:
                server.receive(1, rejected(server, probe.prevLogIndex, 1))
        self.assertFalse(server.leads)

    def test_singleServer(self) -> None:
        """
        A server alone needs no answers.
        """
        server = leader(members=1)
        server.pump()
        server.sync()
        server.raft.read("r")
        server.pump()
        self.assertEqual(server.reads, [ReadReady(1, ("r",))])

    def test_cutOffLeader(self) -> None:
        """
        A leader that is cut off, and does not know that another leads and has committed a write, answers no read: it
        drops them when it steps down.
        """
        network = Network.fresh(3)
        old = network.elect(0)
        network.tick(HEARTBEAT_TICKS)
        network.partition((1, 2))
        network.elect(1)
        network.propose(1, b"new")
        network.settle()
        self.assertTrue(old.leads)
        self.assertTrue(network.servers[1].leads)
        old.raft.read("r")
        network.settle()
        network.heal()
        network.tick(2 * ELECTION_TICKS)
        self.assertEqual((old.answeredReads, old.droppedReads), ([], ["r"]))
        self.assertEqual(old.applied[-1].data, b"new")


class IndexTests(SynchronousTestCase):
    """
    What a read sees.
    """

    def test_waitsForNoop(self) -> None:
        """
        A new leader does not know what is committed before its no-op is, and answers no read before that.
        """
        server = streaming(1, 1)
        server.raft.read("r")
        server.tick(HEARTBEAT_TICKS)
        for peer in (1, 2):
            server.receive(peer, matched(server, 2, 1))
        self.assertEqual(server.reads, [])
        server.receive(1, matched(server, 3, 1))
        self.assertEqual(server.reads, [ReadReady(3, ("r",))])

    def test_waitsForStateMachine(self) -> None:
        """
        A read waits until what was committed at its arrival is given out to be applied, be the leader's own disk
        the last to have it.
        """
        server = established()
        server.raft.propose(b"x")
        server.pump()
        for peer in (1, 2):
            server.receive(peer, matched(server, 2))
        self.assertEqual(server.raft.commitIndex, 2)
        server.raft.read("r")
        server.pump()
        for peer in (1, 2):
            server.receive(peer, matched(server, 2, 1))
        self.assertEqual((server.reads, len(server.applied)), ([], 1))
        server.sync()
        self.assertEqual((server.reads, len(server.applied)), ([ReadReady(2, ("r",))], 2))

    def test_seesWriteBeforeIt(self) -> None:
        """
        A read that is to see a write of its own connection waits for it.
        """
        server = established()
        index = server.raft.propose(b"x")
        server.raft.read("mine", index)
        server.raft.read("other")
        server.pump()
        server.receive(1, matched(server, 1, 1))
        self.assertEqual(server.reads, [ReadReady(1, ("other",))])
        server.receive(1, matched(server, 2, 1))
        server.sync()
        self.assertEqual(server.reads[1:], [ReadReady(2, ("mine",))])

    def test_writeAfterReadCannotOvertake(self) -> None:
        """
        The messages that carry a write that was proposed after a read also carry the read's round: whoever confirms
        the write confirms the read.
        """
        server = established()
        server.raft.read("r")
        server.raft.propose(b"x")
        sends = server.pump()
        for peer in (1, 2):
            [message] = appends(sends, peer)
            self.assertEqual((len(message.batch), message.readRound), (1, 1))
        server.sync()
        server.receive(1, matched(server, 2, 1))
        self.assertEqual(server.reads, [ReadReady(1, ("r",))])
        self.assertEqual(server.applied[-1].data, b"x")

    def test_writeDuringRoundCannotOvertake(self) -> None:
        """
        The same while an earlier round is still open: the write opens the next at once.
        """
        server = established()
        server.raft.read("first")
        server.pump()
        server.raft.read("second")
        self.assertEqual(server.pump(), [])
        server.raft.propose(b"x")
        [message] = appends(server.pump(), 1)
        self.assertEqual(message.readRound, 2)

    def test_randomInterleavings(self) -> None:
        """
        In whatever order reads and writes are asked and answers come, no write is given out to be applied before a
        read that was asked before it is ready.
        """
        answered = 0
        for seed in range(100):
            random = Random(seed)
            server = established(random.choice((2, 3, 5)))
            peers = server.raft.peers
            asked: dict[Token, int] = {}
            carried = {peer: [(1, 0)] for peer in peers}
            for token in range(300):
                applied = len(server.applied)
                match random.randrange(5):
                    case 0:
                        asked[token] = server.raft.log.lastIndex
                        server.raft.read(token, random.choice((0, server.raft.log.lastIndex)))
                        continue
                    case 1:
                        server.raft.propose(b"x")
                        continue
                    case 2:
                        sends = server.sync(random.choice((1, None)))
                    case 3:
                        sends = server.pump()
                    case _:
                        peer = random.choice(peers)
                        sends = server.receive(peer, matched(server, *random.choice(carried[peer])))
                for peer in peers:
                    for message in appends(sends, peer):
                        carried[peer].append((message.prevLogIndex + len(message.batch), message.readRound))
                for read in server.answeredReads:
                    self.assertLessEqual(applied, asked.pop(read), f"seed {seed}: a read sees a write after it")
                    answered += 1
                server.reads.clear()
                for lastIndex in asked.values():
                    self.assertLessEqual(len(server.applied), lastIndex, f"seed {seed}: a write overtook a read")
        self.assertGreater(answered, 1000)


class RoundTests(SynchronousTestCase):
    """
    Many reads per round.
    """

    def test_readsShareARound(self) -> None:
        """
        All reads that wait are served by one round of messages; those that come meanwhile share the next.
        """
        server = established()
        for token in range(100):
            server.raft.read(token)
        sends = server.pump()
        self.assertEqual(len(sends), 2)
        for token in range(100, 200):
            server.raft.read(token)
            self.assertEqual(server.pump(), [])
        sends = server.receive(1, matched(server, 1, 1))
        self.assertEqual(server.answeredReads, list(range(100)))
        self.assertEqual([message.readRound for message in appends(sends, 2)], [2])
        server.receive(2, matched(server, 1, 2))
        self.assertEqual(server.answeredReads, list(range(200)))

    def test_lostRound(self) -> None:
        """
        When the messages of a round are lost, the next heartbeats serve it.
        """
        server = established()
        server.raft.read("r")
        server.pump()
        for peer in (1, 2):
            server.raft.unreachable(peer)
        self.assertEqual(server.pump(), [])
        [heartbeat] = appends(server.tick(HEARTBEAT_TICKS), 1)
        server.receive(1, matched(server, 1, heartbeat.readRound))
        self.assertEqual(server.answeredReads, ["r"])

    def test_byAscendingIndex(self) -> None:
        """
        Reads come out by ascending index, in the order of their arrival within one.
        """
        queue = ReadQueue()
        for index, token in ((5, "a"), (3, "b"), (5, "c"), (9, "d")):
            queue.add(index, token)
        queue.openRound()
        queue.confirm(1)
        self.assertEqual(queue.take(8), [ReadReady(3, ("b",)), ReadReady(5, ("a", "c"))])
        self.assertEqual(queue.take(9), [ReadReady(9, ("d",))])
        self.assertEqual(queue.take(9), [])


class DroppedTests(SynchronousTestCase):
    """
    Reads that get no answer.
    """

    def test_notLeader(self) -> None:
        """
        A server that does not lead takes no read.
        """
        self.assertRaises(NotLeader, aServer(1).raft.read, "r")

    def test_deposed(self) -> None:
        """
        A deposed leader drops every read, in whatever state: confirmed, in a round, and waiting for one.
        """
        server = established()
        index = server.raft.propose(b"x")
        server.raft.read("confirmed", index)
        server.pump()
        server.receive(1, matched(server, 1, 1))
        server.raft.read("in a round")
        server.pump()
        server.raft.read("waiting")
        server.pump()
        server.receive(2, AppendEntriesReply.rejected(term=9, prevLogIndex=0))
        self.assertEqual((server.reads, server.droppedReads), ([], ["confirmed", "in a round", "waiting"]))
        server.sync()
        self.assertEqual(server.reads, [])
