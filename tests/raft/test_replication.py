"""
Replication of the log: section 5.3 of the Raft paper, section 10.2 of Ongaro's thesis.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.messages import AppendEntries, AppendEntriesReply
from replkv.raft.outputs import Load, Persist, Send
from tests.patience import patiently
from tests.raft.network import HEARTBEAT_TICKS, Disk, Network, Server, entriesOf
from tests.raft.servers import appendEntries, appends, aServer, leader, matched, rejected, streaming


class FollowerTests(SynchronousTestCase):
    """
    Figure 2, "AppendEntries RPC": the receiver.
    """

    def reply(self, server: Server, message: AppendEntries) -> AppendEntriesReply:
        """
        The one answer to C{message}, when the disk is done.
        """
        [send] = server.receive(1, message, "token") + server.sync()
        self.assertEqual((send.to, send.token), (1, "token"))
        assert isinstance(send.message, AppendEntriesReply)
        return send.message

    def test_consistencyCheck(self) -> None:
        """
        Entries are taken only where the log holds the entry before them, with its term.
        """
        for prevLogIndex, prevLogTerm, success in (
            (0, 0, True),
            (1, 1, True),
            (2, 2, True),
            (2, 1, False),
            (3, 2, False),
        ):
            server = aServer(1, 2)
            reply = self.reply(server, appendEntries(2, prevLogIndex, prevLogTerm))
            self.assertEqual(reply.success, success, (prevLogIndex, prevLogTerm))
            self.assertEqual(server.terms, [1, 2])

    def test_conflictHint(self) -> None:
        """
        A failure names the first index of the conflicting term, or the end of a log that is too short.
        """
        server = aServer(1, 2, 2, 2, currentTerm=9)
        self.assertEqual(
            self.reply(server, appendEntries(9, 7, 9)),
            AppendEntriesReply.rejected(term=9, prevLogIndex=7, conflictIndex=5),
        )
        self.assertEqual(
            self.reply(server, appendEntries(9, 4, 3)),
            AppendEntriesReply.rejected(term=9, prevLogIndex=4, conflictIndex=2, conflictTerm=2),
        )

    def test_appends(self) -> None:
        """
        A follower removes its entries from the first that conflicts on, and appends what it lacks (figure 2).
        """
        for message, expected in (
            (appendEntries(3, 2, 2, 3), [1, 2, 3]),
            (appendEntries(3, 1, 1, 3, 3), [1, 3, 3]),
            (appendEntries(3, 0, 0, 3), [3]),
            (appendEntries(3, 0, 0, 1, 2, 3), [1, 2, 3]),
        ):
            server = aServer(1, 2)
            reply = self.reply(server, message)
            self.assertEqual(server.terms, expected)
            self.assertEqual([entry.term for entry in server.disk.entries], expected)
            self.assertEqual(reply.matchIndex, message.prevLogIndex + len(message.batch))

    def test_writesOnlyWhatItLacks(self) -> None:
        """
        What the log has already is not written again.
        """
        server = aServer(1, 1)
        server.receive(1, appendEntries(1, 0, 0, 1, 1, 1))
        self.assertEqual(list(server.disk.unsynced), [Persist(1, 1, None, Batch(entriesOf(1, 1, 1)[2:]))])

    def test_overtakenMessage(self) -> None:
        """
        A message that arrives after a later one, or twice, removes nothing: no conflict, no cut (section 5.3). It
        confirms the end of its own entries, not that of the log.
        """
        server = aServer()
        self.reply(server, appendEntries(1, 0, 0, 1, 1, 1))
        for message, matchIndex in ((appendEntries(1, 0, 0, 1), 1), (appendEntries(1, 1, 1), 1)):
            self.assertEqual(self.reply(server, message).matchIndex, matchIndex)
            self.assertEqual(server.terms, [1, 1, 1])

    def test_tailBeyondHeartbeat(self) -> None:
        """
        A heartbeat does not vouch for entries behind its prevLogIndex: they may not be the leader's.
        """
        server = aServer(1, 1, 1)
        self.assertEqual(
            self.reply(server, appendEntries(2, 1, 1)),
            AppendEntriesReply.accepted(term=2, matchIndex=1, prevLogIndex=1),
        )
        self.assertEqual(server.terms, [1, 1, 1])

    def test_readRound(self) -> None:
        """
        Every answer repeats the round of reads that its message carried.
        """
        server = aServer(1)
        for prevLogIndex in (1, 5):
            message = AppendEntries(
                term=1, prevLogIndex=prevLogIndex, prevLogTerm=1, leaderCommit=0, readRound=17, batch=NO_ENTRIES
            )
            self.assertEqual(self.reply(server, message).readRound, 17)

    def test_readRoundOfOlderTerm(self) -> None:
        """
        The answer to a message of an older term carries the current term, and so must not carry the round of that
        message: it may reach a server that leads the current term too, which counts rounds anew, and would take a round
        for confirmed that this server has never heard of.
        """
        server = aServer(1, currentTerm=3)
        message = AppendEntries(term=2, prevLogIndex=1, prevLogTerm=1, leaderCommit=0, readRound=17, batch=NO_ENTRIES)
        self.assertEqual(self.reply(server, message), AppendEntriesReply.rejected(term=3, prevLogIndex=1))


class LeaderTests(SynchronousTestCase):
    """
    The sending side.
    """

    def test_probesFirst(self) -> None:
        """
        A new leader does not know where the logs agree: it asks, without entries, and only once until the answer.
        """
        server = leader(1, 1)
        probe = AppendEntries(term=2, prevLogIndex=2, prevLogTerm=1, leaderCommit=0, readRound=0, batch=NO_ENTRIES)
        self.assertEqual(server.pump(), [Send(1, probe, None), Send(2, probe, None)])
        server.raft.propose(b"x")
        self.assertEqual(server.pump(), [])

    def test_heartbeats(self) -> None:
        """
        A leader is heard by all at each heartbeat, whether they stream or are probed (section 5.2).
        """
        server = leader()
        server.pump()
        server.receive(1, matched(server, 0))
        for _ in range(5):
            sends = server.tick(HEARTBEAT_TICKS)
            self.assertEqual(sorted(send.to for send in sends), [1, 2])

    def test_pipelines(self) -> None:
        """
        Entries go out as they are proposed, without waiting for the answers to those before, and before the leader's
        own disk has them (thesis, sections 10.2.1 and 10.2.2).
        """
        server = streaming()
        for index in (2, 3, 4):
            server.raft.propose(b"x")
            sends = server.pump()
            for peer in (1, 2):
                [message] = appends(sends, peer)
                self.assertEqual(message.prevLogIndex, index - 1)
                self.assertEqual(message.batch.entries, (Entry(index, 1, b"x"),))
        self.assertEqual(server.raft.log.stableIndex, 1)

    def test_sharesBatches(self) -> None:
        """
        The own disk and all peers are given the same batch, so that it is encoded once.
        """
        server = streaming()
        server.raft.propose(b"x")
        server.raft.propose(b"y")
        sends = server.pump()
        [persist] = server.disk.persists
        self.assertIs(appends(sends, 1)[0].batch, persist.batch)
        self.assertIs(appends(sends, 2)[0].batch, persist.batch)

    def test_windowOfMessages(self) -> None:
        """
        A peer that does not answer is sent a bounded number of messages, and no heartbeats beyond; each answer
        makes room.
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        sent = 0
        for _ in range(2 * RAFT_LIMITS.unanswered):
            server.raft.propose(b"x")
            sent += len(appends(server.pump(), 1))
        self.assertLessEqual(sent, RAFT_LIMITS.unanswered)
        self.assertGreaterEqual(sent, RAFT_LIMITS.unanswered - 1)
        self.assertEqual(appends(server.tick(HEARTBEAT_TICKS), 1), [])
        [message] = appends(server.receive(1, matched(server, 2)), 1)
        self.assertEqual(message.batch.entries[-1].index, server.raft.log.lastIndex)

    def test_windowOfBytes(self) -> None:
        """
        A peer that does not answer is sent a bounded number of bytes, but heartbeats still.
        """
        server = streaming(limits=RaftLimits(unansweredBytes=1000))
        server.receive(1, matched(server, 1))
        server.raft.propose(bytes(1000))
        self.assertEqual(len(appends(server.pump(), 1)), 1)
        server.raft.propose(b"x")
        self.assertEqual(appends(server.pump(), 1), [])
        [heartbeat] = appends(server.tick(HEARTBEAT_TICKS), 1)
        self.assertEqual((heartbeat.prevLogIndex, heartbeat.batch), (2, NO_ENTRIES))
        [message] = appends(server.receive(1, matched(server, 2)), 1)
        self.assertEqual(message.batch.entries, (Entry(3, 1, b"x"),))

    def test_batchesAreBounded(self) -> None:
        """
        Many entries go out in several batches, none over the limit but that of a single large entry.
        """
        server = streaming(limits=RaftLimits(batchBytes=100))
        for size in (60, 40, 1, 500, 50, 50):
            server.raft.propose(bytes(size))
        sizes = [[len(entry.data) for entry in message.batch.entries] for message in appends(server.pump(), 1)]
        self.assertEqual(sizes, [[60, 40], [1], [500], [50, 50]])
        self.assertEqual([len(persist.batch) for persist in server.disk.persists], [2, 1, 1, 2])

    def test_unreachable(self) -> None:
        """
        After a loss the leader streams no more: it probes at the next heartbeat, and goes on where the peer is.
        """
        server = streaming()
        server.receive(1, matched(server, 1))
        for _ in range(3):
            server.raft.propose(b"x")
            server.pump()
        server.raft.unreachable(1)
        server.raft.propose(b"y")
        self.assertEqual(appends(server.pump(), 1), [])
        [probe] = appends(server.tick(HEARTBEAT_TICKS), 1)
        self.assertEqual(probe.batch, NO_ENTRIES)
        [again] = appends(server.receive(1, rejected(server, probe.prevLogIndex, 2)), 1)
        self.assertEqual((again.prevLogIndex, again.batch), (1, NO_ENTRIES))
        [message] = appends(server.receive(1, matched(server, 1)), 1)
        self.assertEqual([entry.index for entry in message.batch.entries], [2, 3, 4, 5])

    def test_regressed(self) -> None:
        """
        A peer that lacks what it had acknowledged, when it is probed behind a lost connection, is named; one that has
        it is not, nor one that lacks what it was only sent.
        """
        server = streaming(1, 1)
        server.receive(1, matched(server, 3))
        server.raft.propose(b"")
        server.raft.unreachable(1)
        server.receive(1, rejected(server, 4, 4))
        server.receive(1, rejected(server, 3, 2))
        self.assertEqual(server.regressed, [1])
        server.raft.unreachable(1)
        server.receive(1, matched(server, 3))
        server.receive(2, rejected(server, 2, 1))
        self.assertEqual(server.regressed, [1])

    def test_regressedBeforeSnapshot(self) -> None:
        """
        So is one that says it when the log has come to begin after that, meanwhile; but no old answer counts of one
        that was streamed to.
        """
        for isProbed in (True, False):
            server = streaming(1, 1)
            for peer in (1, 2):
                server.receive(peer, matched(server, 3))
            server.raft.propose(b"x")
            server.raft.propose(b"y")
            server.pump()
            server.sync()
            if isProbed:
                server.raft.unreachable(1)
                server.receive(1, rejected(server, 5, 4))
            server.receive(2, matched(server, 5))
            server.pump()
            server.compact(5)
            server.pump()
            server.receive(1, rejected(server, 3, 2))
            self.assertEqual(server.regressed, [1] if isProbed else [])

    def test_lateReplies(self) -> None:
        """
        Late and repeated answers never lower matchIndex, nor have a peer sent again what it has.
        """
        server = streaming(members=2)
        for _ in range(3):
            server.raft.propose(b"x")
        server.pump()
        server.receive(1, matched(server, 4))
        for late in (matched(server, 2), rejected(server, 2, 2), rejected(server, 4, 1, 1), matched(server, 4)):
            self.assertEqual(server.receive(1, late), [])
            progress = server.raft.status.progress[1]
            self.assertEqual((progress.matchIndex, progress.nextIndex), (4, 5))

    def test_repliesOfOldTerm(self) -> None:
        """
        An answer to an earlier term's leader changes nothing.
        """
        server = leader(1, 1, 1)
        server.pump()
        old = AppendEntriesReply.accepted(term=1, matchIndex=3, prevLogIndex=0, readRound=9)
        self.assertEqual(server.receive(1, old), [])
        self.assertEqual(server.raft.status.progress[1].matchIndex, 0)

    def test_loadsForLaggingPeer(self) -> None:
        """
        Entries that are no longer in memory are read from the disk, one reading at a time, and then streaming goes on.
        """
        server = streaming(limits=RaftLimits(cacheBytes=0))
        for _ in range(5):
            server.raft.propose(b"x")
            server.pump()
            server.sync()
            server.receive(2, matched(server, server.raft.log.lastIndex))
        # Released when they are applied, which the next call says.
        server.pump()
        self.assertEqual(server.raft.log.inMemory, 7)
        server.raft.unreachable(1)
        [probe] = appends(server.tick(HEARTBEAT_TICKS), 1)
        server.receive(1, rejected(server, probe.prevLogIndex, 1))
        server.receive(1, matched(server, 0))
        self.assertEqual(list(server.loads), [Load(1, 1, 1, 6)])
        server.tick(HEARTBEAT_TICKS)
        self.assertEqual(len(server.loads), 1)
        [message] = appends(server.finishLoad(4), 1)
        self.assertEqual(message.batch.entries, tuple(server.disk.entries[:4]))
        self.assertEqual(list(server.loads), [Load(1, 1, 5, 6)])

    def test_lateLoad(self) -> None:
        """
        What was read is of no use when the peer was lost meanwhile, or the leader's term is over.
        """
        server = streaming(limits=RaftLimits(cacheBytes=0))
        server.receive(2, matched(server, 1))
        server.receive(1, rejected(server, 0, 1))
        load = Load(1, 1, 1, 1)
        batch = Batch(server.disk.entries)
        server.raft.unreachable(1)
        server.raft.loaded(load, batch)
        self.assertEqual(appends(server.pump(), 1), [])
        server.receive(2, AppendEntriesReply.rejected(term=5, prevLogIndex=0))
        server.raft.loaded(load, batch)
        self.assertEqual(server.pump(), [])


class ConflictTests(SynchronousTestCase):
    """
    A leader brings the others' logs into line.
    """

    LEADER = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6)

    def test_figure7(self) -> None:
        """
        The six logs of figure 7: missing entries, entries to remove, and both, come to equal the leader's.
        """
        a = (1, 1, 1, 4, 4, 5, 5, 6, 6)
        b = (1, 1, 1, 4)
        c = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6)
        d = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7)
        e = (1, 1, 1, 4, 4, 4, 4)
        f = (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3)
        logs = (self.LEADER, a, b, c, d, e, f)
        network = Network(*(Disk(entriesOf(*log), currentTerm=7) for log in logs))
        self.assertTrue(network.elect(0).leads)
        for server in network.servers:
            self.assertEqual(server.terms, [*self.LEADER, 8])
            self.assertEqual(server.disk.entries, network.servers[0].disk.entries)

    def probes(self, leading: tuple[int, ...], following: tuple[int, ...]) -> int:
        """
        How many messages a leader needs to find where the logs agree.
        """
        server = leader(*leading, members=2, currentTerm=9)
        follower = Server(RaftConfig(1), Disk(entriesOf(*following)), configuration=Configuration.ofVoters((0, 1)))
        [message] = appends(server.pump(), 1)
        count = 0
        for _ in patiently("the logs agree"):
            if message.batch.entries:
                break
            count += 1
            [reply] = follower.receive(0, message) + follower.sync()
            [message] = appends(server.receive(1, reply.message), 1)
        self.assertEqual(message.prevLogIndex + len(message.batch), server.raft.log.lastIndex)
        return count

    def test_backsUpByTerm(self) -> None:
        """
        A conflict costs one probe for each term in it, and not one for each entry, on whichever side the terms are
        the later ones (the end of section 5.3).
        """
        many = 500
        for leading, following, most in (
            ((1, *[8] * many), (1,), 2),
            ((1,), (1, *[2] * many), 1),
            ((1, *[8] * many), (1, *[2] * many), 3),
            ((1, *[3] * many, 8), (1, *[5] * many), 3),
            ((1, *[3] * many, *[6] * many), (1, *[2] * many, *[4] * many, *[5] * many), 4),
            ((1, *[4] * 10, *[6] * many), (1, *[4] * many), 3),
        ):
            self.assertLessEqual(self.probes(leading, following), most)
