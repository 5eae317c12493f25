"""
A state machine that is far behind its log: what is committed and not applied is read back from the disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.configurations import Configurations
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.log import ENTRY_OVERHEAD, RaftLog
from replkv.raft.messages import AppendEntries, RequestVoteReply, TimeoutNow
from replkv.raft.outputs import Load
from tests.patience import patiently
from tests.raft.network import ELECTION_TICKS, THREE, Server, entriesOf
from tests.raft.servers import appendEntries, appends, aServer, heartbeat, matched, rejected, streaming

NOTHING_KEPT = RaftLimits(cacheBytes=0)


class ReadBackTests(SynchronousTestCase):
    """
    A follower.
    """

    def take(self, server: Server, entries: Sequence[Entry], mayApply: bool = False) -> None:
        """
        Have a follower take entries that are committed, and its disk sync them.
        """
        [first, *_] = entries
        server.raft.step(
            1,
            AppendEntries(
                term=1,
                prevLogIndex=first.index - 1,
                prevLogTerm=1 if first.index > 1 else 0,
                leaderCommit=entries[-1].index,
                readRound=0,
                batch=Batch(entries),
            ),
        )
        for _ in range(2):
            ready = server.raft.ready(mayApply)
            server.disk.unsynced += ready.persists
            server.applied += ready.entries
            server.loads += ready.loads
            seq = server.disk.sync()
            if seq is not None:
                server.raft.persisted(seq)

    def lag(self, server: Server, count: int) -> None:
        """
        Have a follower take that many entries one by one, while what it was given to apply is not done.
        """
        log = server.raft.log
        for entry in entriesOf(*[1] * (log.lastIndex + count))[log.lastIndex :]:
            self.take(server, [entry])

    def applyAll(self, server: Server, most: int = 3) -> None:
        """
        Have it apply all.
        """
        server.pump()
        for _ in patiently("all is applied"):
            if server.loads:
                server.finishLoad(most)
            elif server.raft.hasMore():
                server.pump()
            else:
                break

    def test_usualLimits(self) -> None:
        """
        However much is committed and not applied, no more of it is in memory than of what is applied; and all of it is
        applied in the end, once and in its order, so much at once.
        """
        server = aServer()
        data = bytes(1 << 20)
        most = RAFT_LIMITS.cacheBytes
        for index in range(1, 301):
            self.take(server, [Entry(index, 1, data)])
            self.assertLessEqual(server.raft.log.bytes, most)
        self.assertEqual((server.raft.lastApplied, server.raft.commitIndex), (0, 300))
        self.assertGreater(server.raft.log.bytes, most // 2)
        for _ in patiently("all is applied"):
            before = len(server.applied)
            server.pump()
            given = server.applied[before:]
            self.assertLessEqual(sum(len(entry.data) for entry in given), RAFT_LIMITS.readyBytes)
            if server.loads:
                server.finishLoad(1)
            elif not given:
                break
        self.assertEqual([entry.index for entry in server.applied], list(range(1, 301)))

    def test_smallEntries(self) -> None:
        """
        What entries take besides their data is counted.
        """
        server = aServer(limits=RaftLimits(cacheBytes=10 * ENTRY_OVERHEAD))
        self.lag(server, 30)
        self.assertLess(server.raft.log.lastIndex - server.raft.log.inMemory + 1, 10)
        self.applyAll(server)
        self.assertEqual(server.applied, entriesOf(*[1] * 30))

    def test_distrusted(self) -> None:
        """
        So it is while a state is wrong. A snapshot that has less than what was applied does, and even one that has no
        more than what comes before the log: the rest is read from the disk.
        """
        for index in (2, 7, 40):
            server = aServer(limits=RaftLimits(cacheBytes=1000))
            self.take(server, entriesOf(*[1] * 10), mayApply=True)
            self.assertEqual(server.raft.lastApplied, 10)
            server.compact(2)
            server.raft.distrust()
            self.lag(server, 40)
            self.assertLessEqual(server.raft.log.bytes, 1000)
            server.receive(1, heartbeat(1, 50, 1))
            self.assertEqual((len(server.applied), server.fetches[-1].index), (10, 2))
            server.install(entriesOf(*[1] * index))
            server.sync()
            self.applyAll(server)
            self.assertEqual(server.applied, entriesOf(*[1] * 50))

    def test_uncommittedStays(self) -> None:
        """
        What is not committed, or not on the own disk, stays in memory: the disk may not have it, or not for good.
        """
        server = aServer(limits=NOTHING_KEPT)
        server.receive(1, appendEntries(1, 0, 0, 1, 1, 1, leaderCommit=2))
        self.assertEqual(server.raft.log.inMemory, 1)
        server.sync()
        self.assertEqual((server.raft.log.inMemory, server.raft.lastApplied), (3, 2))

    def test_readyBytes(self) -> None:
        """
        One entry at least is given out, and then as many as have so many bytes.
        """
        server = aServer(limits=RaftLimits(readyBytes=6))
        self.take(server, [Entry(index, 1, bytes(size)) for index, size in enumerate((7, 1, 3, 2, 1), 1)])
        given = [[entry.index for entry in server.raft.ready().entries] for _ in range(4)]
        self.assertEqual(given, [[1], [2, 3, 4], [5], []])

    def test_oneAtATime(self) -> None:
        """
        While a piece is being read, there is nothing to do, and no other piece is asked for. Where nothing was read,
        for want of a descriptor, it is asked for again.
        """
        server = aServer(limits=NOTHING_KEPT)
        self.lag(server, 5)
        self.assertTrue(server.raft.hasMore())
        server.pump()
        load = Load(0, 1, 1, 5)
        self.assertEqual((list(server.loads), server.raft.hasMore()), ([load], False))
        server.pump()
        server.loads.clear()
        server.raft.loaded(load, Batch(()))
        self.assertTrue(server.raft.hasMore())
        server.pump()
        self.assertEqual(list(server.loads), [load])
        server.finishLoad(2)
        self.assertEqual(server.applied, entriesOf(1, 1))
        server.pump()
        self.assertEqual(list(server.loads), [Load(0, 1, 3, 5)])

    def test_hangs(self) -> None:
        """
        A disk that is at reading what is to be applied for too long hangs as one does that is at a write: this server
        had better not lead. To have read nothing, over and over, is no better.
        """
        server = aServer(limits=NOTHING_KEPT)
        self.lag(server, 5)
        server.pump()
        patience = server.raft.config.limits.diskPatience * ELECTION_TICKS
        server.tick(patience // 2)
        server.raft.loaded(server.loads.popleft(), Batch(()))
        server.pump()
        server.tick(patience - patience // 2 - 1)
        self.assertTrue(server.raft.state.mayLead)
        server.tick()
        self.assertFalse(server.raft.state.mayLead)
        server.finishLoad(2)
        self.assertTrue(server.raft.state.mayLead)

    def test_handOver(self) -> None:
        """
        A server that has to read what it would have to apply before it could answer anybody takes no leadership over.
        """
        server = aServer(limits=NOTHING_KEPT)
        self.lag(server, 5)
        server.receive(1, TimeoutNow(term=1))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("follower", 1))
        self.applyAll(server)
        server.receive(1, TimeoutNow(term=1))
        self.assertEqual((server.raft.role.name, server.raft.currentTerm), ("candidate", 2))

    def test_readyEntries(self) -> None:
        """
        A piece may be given out in several parts, and not before what was given out is done.
        """
        server = aServer(limits=RaftLimits(cacheBytes=0, readyEntries=2))
        self.lag(server, 5)
        server.pump()
        server.raft.loaded(server.loads.popleft(), Batch(server.disk.entries))
        self.assertEqual(server.raft.ready(mayApply=False).entries, [])
        given = [[entry.index for entry in server.raft.ready().entries] for _ in range(4)]
        self.assertEqual(given, [[1, 2], [3, 4], [5], []])

    def test_moreIsCommitted(self) -> None:
        """
        What was committed only after a piece was asked for comes after it.
        """
        server = aServer(limits=NOTHING_KEPT)
        self.lag(server, 3)
        server.pump()
        self.lag(server, 3)
        self.assertEqual(list(server.loads), [Load(0, 1, 1, 3)])
        self.applyAll(server)
        self.assertEqual(server.applied, entriesOf(*[1] * 6))

    def test_laterTerm(self) -> None:
        """
        What is committed stays as it is, whoever leads.
        """
        server = aServer(limits=NOTHING_KEPT)
        self.lag(server, 3)
        server.pump()
        server.receive(2, heartbeat(2, 3, 1))
        server.finishLoad()
        self.assertEqual(server.applied, entriesOf(1, 1, 1))

    def test_late(self) -> None:
        """
        What was read is of no use where a snapshot has had the state machine go on elsewhere meanwhile.
        """
        for index in (2, 6):
            server = aServer(limits=NOTHING_KEPT)
            self.lag(server, 4)
            server.pump()
            before = server.loads.popleft()
            late = Batch(server.disk.entries[:1])
            server.install(entriesOf(*[1] * index))
            server.raft.loaded(before, late)
            server.sync()
            self.applyAll(server)
            self.assertEqual(server.applied, entriesOf(*[1] * max(4, index)))

    def test_distrustedMeanwhile(self) -> None:
        """
        Nor is it given out to a state machine that is found to be wrong meanwhile.
        """
        server = aServer(limits=NOTHING_KEPT)
        self.lag(server, 4)
        server.pump()
        server.raft.distrust()
        server.finishLoad()
        self.assertEqual((server.applied, server.raft.hasMore()), ([], False))


class LeaderTests(SynchronousTestCase):
    """
    A leader.
    """

    def test_itsOwn(self) -> None:
        """
        A leader whose state machine is far behind has the same bound, and answers no read before it is there.
        """
        server = streaming(limits=NOTHING_KEPT)
        server.receive(1, matched(server, 1))
        for _ in range(5):
            server.raft.propose(b"x")
        server.raft.read("r")
        ready = server.raft.ready(mayApply=False)
        server.disk.unsynced += ready.persists
        for peer in (1, 2):
            server.raft.step(peer, matched(server, 6, readRound=1))
        server.raft.persisted(server.disk.sync() or 0)
        self.assertEqual(server.raft.ready(mayApply=False).entries, [])
        self.assertEqual(server.raft.log.inMemory, 7)
        server.raft.read("later")
        server.pump()
        self.assertEqual(list(server.loads), [Load(0, 1, 2, 6)])
        self.assertEqual(server.answeredReads, ["r"])
        for peer in (1, 2):
            server.receive(peer, matched(server, 6, readRound=2))
        self.assertEqual(server.answeredReads, ["r"])
        server.finishLoad(5)
        self.assertEqual([entry.data for entry in server.applied], [b"", *[b"x"] * 5])
        self.assertEqual(server.answeredReads, ["r", "later"])

    def test_started(self) -> None:
        """
        A server that has started may have but the last of its log in memory, and not all that may not be committed. If
        it leads, it reads that from its disk for others, and takes no more before it is committed.
        """
        server = aServer(1, 1, 1, 1)
        log = RaftLog([(1, 1)], 4, entriesOf(1, 1, 1, 1)[3:])
        server.raft = Raft(server.config, server.random, log, Configurations(THREE), 1)
        server.tick(2 * ELECTION_TICKS)
        server.receive(1, RequestVoteReply(term=2, granted=True, preVote=True))
        server.sync()
        server.receive(1, RequestVoteReply(term=2, granted=True, preVote=False))
        self.assertTrue(server.raft.isLaden)
        server.sync()
        server.receive(1, rejected(server, 4, 2))
        server.receive(1, matched(server, 1))
        self.assertEqual(list(server.loads), [Load(1, 2, 2, 3)])
        [message] = appends(server.finishLoad(), 1)[:1]
        self.assertEqual(message.batch.entries, tuple(entriesOf(1, 1, 1)[1:]))
        server.receive(1, matched(server, 5))
        self.assertFalse(server.raft.isLaden)
        self.assertEqual(list(server.loads), [Load(0, 2, 1, 3)])
        server.finishLoad()
        server.pump()
        self.assertEqual([entry.index for entry in server.applied], [1, 2, 3, 4, 5])
