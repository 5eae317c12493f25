"""
Members that come and go: section 6 of the paper, chapter 4 of Ongaro's thesis.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.changes import CannotChange, added, named, promoted, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.core import NotLeader
from replkv.raft.entry import Batch, Entry
from replkv.raft.handover import CannotHandOver
from replkv.raft.membership import encode
from replkv.raft.messages import AppendEntries, RequestVote, RequestVoteReply, TimeoutNow
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS, THREE, Server
from tests.raft.servers import appends, aServer, heartbeat, leader, matched, streaming

FOUR = named(added(THREE, 3, None), 3, "f00", None)


def established(members: int = 3) -> Server:
    """
    A leader of term 1 whose no-op is committed.
    """
    server = streaming(members=members)
    for peer in range(1, members):
        server.receive(peer, matched(server, 1))
    return server


class Case(SynchronousTestCase):
    """
    Assertions about what a server goes by.
    """

    def assertGoesBy(self, server: Server, configuration: Configuration) -> None:
        """
        This configuration is in force.
        """
        state = server.raft.state
        self.assertEqual(state.configuration, configuration)
        self.assertEqual(server.raft.peers, configuration.peersOf(server.config.id))


class LeaderTests(Case):
    """
    What a leader does about members.
    """

    def change(self, server: Server, configuration: Configuration) -> int:
        """
        Have another configuration, and sync it.
        """
        index = server.raft.change(configuration)
        server.pump()
        server.sync()
        return index

    def test_inForceAtOnce(self) -> None:
        """
        A configuration counts as soon as it stands in the log, and who is new is probed.
        """
        server = established()
        index = server.raft.change(FOUR)
        self.assertEqual(index, 2)
        self.assertGoesBy(server, FOUR)
        sends = server.pump()
        self.assertEqual([entry.data for entry in appends(sends, 1)[0].batch.entries], [encode(FOUR)])
        [probe] = appends(sends, 3)
        self.assertEqual((probe.prevLogIndex, len(probe.batch)), (1, 0))
        self.assertLess(server.raft.commitIndex, index)

    def test_oneAtATime(self) -> None:
        """
        There is no other change before one is committed.
        """
        server = established()
        index = self.change(server, FOUR)
        error = self.assertRaises(CannotChange, server.raft.change, removed(FOUR, 2))
        self.assertEqual(str(error), "another change of the members is under way")
        server.receive(1, matched(server, index))
        server.raft.change(removed(FOUR, 2))

    def test_ownTermFirst(self) -> None:
        """
        There is none before something of the leader's own term is committed.
        """
        server = leader(1, 1)
        error = self.assertRaises(CannotChange, server.raft.change, FOUR)
        self.assertIn("nothing of its term is committed", str(error))
        self.assertGoesBy(server, THREE)

    def test_oneVoter(self) -> None:
        """
        Two voters at once neither come nor go.
        """
        error = self.assertRaises(CannotChange, established().raft.change, Configuration.ofVoters([0]))
        self.assertEqual(str(error), "one voter can come or go at a time")

    def test_notLeader(self) -> None:
        """
        Who does not lead changes nothing, nor does a leader that hands over.
        """
        self.assertRaises(NotLeader, aServer().raft.change, FOUR)
        server = established()
        server.raft.handOver([1])
        self.assertRaises(NotLeader, server.raft.change, FOUR)

    def test_learnersDoNotCount(self) -> None:
        """
        A learner's disk commits nothing, and its answers confirm no reads.
        """
        server = established()
        self.change(server, FOUR)
        server.receive(3, matched(server, 0))
        index = server.raft.propose(b"x")
        server.raft.read("read")
        server.pump()
        server.sync()
        server.receive(3, matched(server, index, readRound=1))
        self.assertEqual((server.raft.commitIndex, server.answeredReads), (1, []))
        server.receive(1, matched(server, index, readRound=1))
        self.assertEqual((server.raft.commitIndex, server.answeredReads), (index, ["read"]))

    def test_learnersAreNoMajority(self) -> None:
        """
        A leader that only learners answer leads no longer.
        """
        server = established()
        index = self.change(server, FOUR)
        server.receive(1, matched(server, index))
        for _ in range(3 * ELECTION_TICKS):
            server.tick()
            server.receive(3, matched(server, index))
        self.assertFalse(server.leads)

    def test_promoted(self) -> None:
        """
        A learner that keeps up becomes a voter by itself, and counts then.
        """
        server = established()
        index = self.change(server, FOUR)
        server.receive(1, matched(server, index))
        server.receive(3, matched(server, index))
        self.assertGoesBy(server, promoted(FOUR, 3))
        server.sync()
        server.receive(1, matched(server, index + 1))
        self.assertEqual(server.raft.commitIndex, index)
        server.receive(3, matched(server, index + 1))
        self.assertEqual(server.raft.commitIndex, index + 1)

    def test_notPromoted(self) -> None:
        """
        One that is behind does not, nor one that takes an election timeout for what there was when it began.
        """
        server = established()
        index = self.change(server, FOUR)
        server.receive(1, matched(server, index))
        server.receive(3, matched(server, index - 1))
        for _ in range(ELECTION_TICKS):
            server.tick()
            server.receive(1, matched(server, index))
        server.receive(3, matched(server, index))
        self.assertGoesBy(server, FOUR)
        server.receive(3, matched(server, index))
        self.assertGoesBy(server, promoted(FOUR, 3))

    def test_removed(self) -> None:
        """
        Who is removed gets nothing more, and what it answers is not heard.
        """
        server = established()
        index = self.change(server, removed(THREE, 2))
        server.receive(2, matched(server, index))
        self.assertEqual(server.raft.commitIndex, 1)
        server.raft.unreachable(2)
        server.raft.propose(b"x")
        self.assertEqual(appends(server.pump(), 2), [])
        self.assertIsNone(server.raft.progressOf(2))
        server.receive(1, matched(server, index))
        self.assertEqual(server.raft.commitIndex, index)

    def test_replaced(self) -> None:
        """
        Of one with a new data folder nothing is known, whatever the old one had. Where a folder is only told, it is.
        """
        server = established()
        told = named(THREE, 2, "old", None)
        index = self.change(server, told)
        server.receive(1, matched(server, index))
        server.receive(2, matched(server, index))
        known = server.raft.progressOf(2)
        assert known is not None
        self.assertEqual(known.matchIndex, index)
        self.change(server, named(replaced(told, 2), 2, "new", None))
        known = server.raft.progressOf(2)
        assert known is not None
        self.assertEqual(known.matchIndex, 0)

    def test_fewerAreEnough(self) -> None:
        """
        What a majority of those who are left has is committed at once, and what they have confirmed is confirmed.
        """
        server = established(members=2)
        server.raft.propose(b"x")
        server.raft.read("read")
        server.pump()
        server.sync()
        self.assertFalse(server.raft.hasMore())
        server.raft.change(removed(server.configuration, 1))
        self.assertEqual(server.raft.commitIndex, 2)
        self.assertTrue(server.raft.hasMore())
        server.pump()
        self.assertEqual(server.answeredReads, ["read"])

    def test_removesItself(self) -> None:
        """
        A leader that is removed leads until that is committed, without counting itself, and hands over then.
        """
        server = established()
        index = self.change(server, removed(THREE, 0))
        server.receive(1, matched(server, index))
        server.tick()
        self.assertTrue(server.leads)
        self.assertEqual(server.raft.commitIndex, 1)
        server.receive(2, matched(server, index))
        self.assertEqual(server.raft.commitIndex, index)
        self.assertEqual(server.raft.restTicks, 1)
        told = [send.message for send in server.tick() if isinstance(send.message, TimeoutNow)]
        self.assertEqual(len(told), 1)
        self.assertRaises(NotLeader, server.raft.propose, b"x")
        for _ in range(ELECTION_TICKS):
            server.tick()
        self.assertFalse(server.leads)

    def test_removesItselfAlone(self) -> None:
        """
        Where nobody can take over, it leads no longer all the same.
        """
        server = established()
        index = self.change(server, removed(THREE, 0))
        server.receive(1, matched(server, index))
        server.receive(2, matched(server, index))
        server.raft.unreachable(1)
        server.raft.unreachable(2)
        server.tick()
        self.assertFalse(server.leads)

    def test_learnerTakesNotOver(self) -> None:
        """
        A learner is handed nothing over.
        """
        server = established(members=1)
        alone = Configuration.ofVoters([0])
        self.change(server, named(added(alone, 1, None), 1, "f00", None))
        server.receive(1, matched(server, 0))
        self.assertRaises(CannotHandOver, server.raft.handOver, [1])
        self.assertTrue(server.leads)


class FollowerTests(Case):
    """
    What the others do.
    """

    def follower(self, *configurations: Configuration) -> Server:
        """
        A follower that a leader has sent these, the first as entry 1.
        """
        server = aServer()
        entries = [Entry(index, 1, encode(each)) for index, each in enumerate(configurations, 1)]
        server.receive(1, self.append(0, 0, *entries))
        server.sync()
        return server

    def append(self, prevLogIndex: int, leaderCommit: int, *entries: Entry, term: int = 1) -> AppendEntries:
        """
        A leader's message.
        """
        return AppendEntries(
            term=term,
            prevLogIndex=prevLogIndex,
            prevLogTerm=1 if prevLogIndex else 0,
            leaderCommit=leaderCommit,
            readRound=0,
            batch=Batch(entries),
        )

    def assertNeeds(self, server: Server, *voters: int) -> None:
        """
        It could win an election with the last of these votes, and not without.
        """
        server.tick(2 * ELECTION_TICKS)
        for voter in voters:
            self.assertEqual(server.raft.role.name, "pre-candidate")
            server.receive(voter, RequestVoteReply(term=2, granted=True, preVote=True))
        self.assertEqual(server.raft.role.name, "candidate")

    def test_inForceAtOnce(self) -> None:
        """
        A configuration counts as soon as it stands in the log, committed or not.
        """
        self.assertGoesBy(self.follower(FOUR), FOUR)

    def test_takenBack(self) -> None:
        """
        One that is cut off the log counts no more.
        """
        server = self.follower(FOUR, promoted(FOUR, 3))
        server.receive(2, self.append(1, 0, Entry(2, 2, b""), term=2))
        self.assertGoesBy(server, FOUR)
        server.receive(1, self.append(0, 0, Entry(1, 3, b""), term=3))
        self.assertGoesBy(server, THREE)

    def test_restarted(self) -> None:
        """
        What the log and the snapshot have counts after a restart.
        """
        server = self.follower(FOUR, promoted(FOUR, 3))
        server.receive(1, self.append(2, 1))
        server.restart()
        self.assertGoesBy(server, promoted(FOUR, 3))

    def test_compacted(self) -> None:
        """
        A configuration whose entry is compacted counts on, also after a restart.
        """
        server = self.follower(FOUR)
        server.receive(1, self.append(1, 1))
        server.pump()
        server.compact(1)
        self.assertGoesBy(server, FOUR)
        server.restart(1)
        self.assertGoesBy(server, FOUR)

    def test_snapshot(self) -> None:
        """
        A snapshot brings the one that was in force where it ends; where the log has that entry, the log's counts.
        """
        server = aServer()
        server.receive(1, heartbeat(1))
        server.install([Entry(1, 1, encode(FOUR)), Entry(2, 1, b"x")])
        self.assertGoesBy(server, FOUR)
        server = self.follower(FOUR, promoted(FOUR, 3))
        server.install([Entry(1, 1, encode(FOUR))])
        self.assertGoesBy(server, promoted(FOUR, 3))

    def test_asksVoters(self) -> None:
        """
        Who stands for election asks the voters of the last configuration in its log, and no learner.
        """
        server = self.follower(removed(FOUR, 1))
        sends = server.tick(2 * ELECTION_TICKS)
        self.assertEqual([send.to for send in sends if isinstance(send.message, RequestVote)], [2])

    def test_votesOfVoters(self) -> None:
        """
        The votes of others count for nothing.
        """
        self.assertNeeds(self.follower(FOUR), 3, 2)

    def test_removed(self) -> None:
        """
        Who is no voter does not stand for election when that is committed. Until then it may have to: what it has is
        needed to commit it.
        """
        server = self.follower(removed(THREE, 0))
        sends = server.tick(2 * ELECTION_TICKS)
        self.assertEqual([send.to for send in sends], [1, 2])
        server.receive(1, self.append(1, 1))
        self.assertEqual(server.tick(4 * ELECTION_TICKS), [])
        self.assertEqual(server.raft.role.name, "follower")

    def test_doesNotCountItself(self) -> None:
        """
        Nor does it count its own vote.
        """
        self.assertNeeds(self.follower(removed(THREE, 0)), 1, 2)

    def test_votesForStrangers(self) -> None:
        """
        A vote is given to whoever may have it: the voter may not know yet that the candidate is a member, or that it is
        one itself (thesis, section 4.1).
        """
        server = self.follower(removed(THREE, 2))
        server.raft.unreachable(1)
        server.tick(HEARTBEAT_TICKS + 2 * ELECTION_TICKS)
        request = RequestVote(term=9, lastLogIndex=1, lastLogTerm=1, preVote=False)
        server.receive(2, request)
        self.assertEqual(server.raft.votedFor, 2)
