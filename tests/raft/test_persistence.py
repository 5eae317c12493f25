"""
What is on the disk before it is told to anyone: figure 2 of the Raft paper, "persistent state"; section 10.2.1 of
Ongaro's thesis for what a leader may do meanwhile.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from replkv.raft.outputs import Persist, Send
from tests.patience import patiently
from tests.raft.network import Disk, Network, entriesOf
from tests.raft.servers import appendEntries, appends, aServer, leader, matched, preCandidate, streaming


class VoteTests(SynchronousTestCase):
    """
    currentTerm and votedFor.
    """

    def test_voteIsSyncedFirst(self) -> None:
        """
        A vote is told when it is on the disk, and not before.
        """
        server = aServer()
        self.assertEqual(
            server.receive(1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False), "token"), []
        )
        self.assertEqual(list(server.disk.unsynced), [Persist(1, 1, 1, NO_ENTRIES)])
        self.assertEqual(server.sync(), [Send(1, RequestVoteReply(term=1, granted=True, preVote=False), "token")])

    def test_repeatedVoteIsSyncedFirst(self) -> None:
        """
        Asked again while the vote is being written, a server still waits.
        """
        server = aServer()
        server.receive(1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False))
        self.assertEqual(server.receive(1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)), [])
        self.assertEqual(len(server.sync()), 2)

    def test_termIsSyncedFirst(self) -> None:
        """
        No message tells of a term that is not on the disk: neither a refusal nor an answer to a heartbeat.
        """
        for message in (
            RequestVote(term=7, lastLogIndex=0, lastLogTerm=0, preVote=False),
            appendEntries(7, 0, 0),
            appendEntries(7, 9, 6),
        ):
            server = aServer(1)
            self.assertEqual(server.receive(1, message), [])
            [send] = server.sync()
            self.assertEqual(send.message.term, 7)
            self.assertEqual(server.disk.currentTerm, 7)

    def test_termIsSyncedBeforeKnownEntries(self) -> None:
        """
        Entries of an earlier term, still being written, are confirmed to the leader of a later term only when that
        term, too, is on the disk.
        """
        server = aServer()
        server.receive(1, appendEntries(1, 0, 0, 1))
        self.assertEqual(server.receive(2, appendEntries(2, 0, 0, 1)), [])
        [first] = server.sync(1)
        self.assertEqual(first.message, AppendEntriesReply.accepted(term=1, matchIndex=1, prevLogIndex=0))
        [second] = server.sync(1)
        self.assertEqual(second.message, AppendEntriesReply.accepted(term=2, matchIndex=1, prevLogIndex=0))

    def test_ownVoteIsSyncedFirst(self) -> None:
        """
        A candidate asks for votes, and counts its own, when its own is on its disk.
        """
        server = preCandidate()
        self.assertEqual(server.receive(1, RequestVoteReply(term=1, granted=True, preVote=True)), [])
        self.assertEqual(server.raft.role.name, "candidate")
        server.receive(2, RequestVoteReply(term=1, granted=True, preVote=False))
        self.assertEqual(server.raft.role.name, "candidate")
        server.sync()
        self.assertTrue(server.leads)

    def test_restartAfterVote(self) -> None:
        """
        A server that told of its vote remembers it when it starts again; one that crashed before told nobody.
        """
        for synced in (True, False):
            server = aServer()
            server.receive(1, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False))
            told = server.sync() if synced else []
            server.restart()
            self.assertEqual(bool(told), synced)
            self.assertEqual((server.raft.currentTerm, server.raft.votedFor), (1, 1) if synced else (0, None))
            [reply] = (
                server.receive(2, RequestVote(term=1, lastLogIndex=0, lastLogTerm=0, preVote=False)) + server.sync()
            )
            self.assertEqual(reply.message, RequestVoteReply(term=1, granted=not synced, preVote=False))

    def test_voteForgottenInLaterTerm(self) -> None:
        """
        When the disk is slow, only the latest of several terms need ever be written, and answers still come.
        """
        server = aServer()
        for term in (1, 2, 3):
            server.raft.step(1, RequestVote(term=term, lastLogIndex=0, lastLogTerm=0, preVote=False))
        self.assertEqual(server.pump(), [])
        self.assertEqual(list(server.disk.unsynced), [Persist(1, 3, 1, NO_ENTRIES)])
        self.assertEqual([send.message.term for send in server.sync()], [1, 2, 3])


class EntriesTests(SynchronousTestCase):
    """
    The log.
    """

    def test_ackFollowsSync(self) -> None:
        """
        A follower confirms entries when they are on its disk.
        """
        server = aServer(currentTerm=1)
        self.assertEqual(server.receive(1, appendEntries(1, 0, 0, 1), "one"), [])
        self.assertEqual(server.receive(1, appendEntries(1, 1, 1, 1), "two"), [])
        self.assertEqual(
            server.sync(1), [Send(1, AppendEntriesReply.accepted(term=1, matchIndex=1, prevLogIndex=0), "one")]
        )
        self.assertEqual(
            server.sync(1), [Send(1, AppendEntriesReply.accepted(term=1, matchIndex=2, prevLogIndex=1), "two")]
        )

    def test_repeatedEntriesFollowSync(self) -> None:
        """
        Entries that come again while they are being written are not confirmed before they are on the disk.
        """
        server = aServer(currentTerm=1)
        server.receive(1, appendEntries(1, 0, 0, 1))
        self.assertEqual(server.receive(1, appendEntries(1, 0, 0, 1)), [])
        self.assertEqual(len(server.sync()), 2)

    def test_heartbeatConfirmsTheDisk(self) -> None:
        """
        A heartbeat does not wait for the disk, and confirms only what is on it.
        """
        server = aServer(1)
        server.receive(1, appendEntries(1, 1, 1, 1, 1))
        [send] = server.receive(1, appendEntries(1, 3, 1))
        self.assertEqual(send.message, AppendEntriesReply.accepted(term=1, matchIndex=1, prevLogIndex=3))
        server.sync()
        [send] = server.receive(1, appendEntries(1, 3, 1))
        self.assertEqual(send.message, AppendEntriesReply.accepted(term=1, matchIndex=3, prevLogIndex=3))

    def test_replacedEntries(self) -> None:
        """
        A finished write counts for nothing where its entries were replaced since; also where the same index gets the
        same term a second time.
        """
        server = aServer(1, currentTerm=3)
        server.receive(1, appendEntries(3, 1, 1, 2, 2))
        server.receive(1, appendEntries(3, 1, 1, 3, 3))
        self.assertEqual(server.terms, [1, 3, 3])
        server.sync(1)
        self.assertEqual(server.raft.log.stableIndex, 1)
        [send] = server.receive(1, appendEntries(3, 3, 3))
        self.assertEqual(send.message, AppendEntriesReply.accepted(term=3, matchIndex=1, prevLogIndex=3))
        server.sync(1)
        self.assertEqual(server.raft.log.stableIndex, 3)

    def test_replacedBySameTerm(self) -> None:
        """
        ABA: entries written, cut off, and appended again with the same index and term are on the disk when their
        second write is, since the write that cut them off came between.
        """
        server = aServer(1, currentTerm=5)
        server.receive(1, appendEntries(5, 1, 1, 2))
        server.receive(1, appendEntries(5, 1, 1, 4))
        server.raft.state.truncate(2)
        server.receive(1, appendEntries(5, 1, 1, 2))
        self.assertEqual(server.terms, [1, 2])
        for finished in range(2):
            server.sync(1)
            self.assertEqual(server.raft.log.stableIndex, 1, f"write {finished + 1}")
        server.sync(1)
        self.assertEqual(server.raft.log.stableIndex, 2)

    def test_appliedOnlyFromTheDisk(self) -> None:
        """
        A committed entry is applied when it is on this server's own disk, on a follower and on a leader alike.
        """
        follower = aServer(currentTerm=1)
        follower.receive(1, appendEntries(1, 0, 0, 1, 1, leaderCommit=2))
        self.assertEqual((follower.raft.commitIndex, follower.applied), (2, []))
        follower.sync()
        self.assertEqual(follower.applied, entriesOf(1, 1))
        server = streaming()
        server.raft.propose(b"x")
        server.pump()
        server.receive(1, matched(server, 2))
        server.receive(2, matched(server, 2))
        self.assertEqual((server.raft.commitIndex, [entry.index for entry in server.applied]), (2, [1]))
        server.sync()
        self.assertEqual([entry.index for entry in server.applied], [1, 2])

    def test_appliedInBoundedPieces(self) -> None:
        """
        A long replay is given out in pieces, in order, and the core says when there is more.
        """
        server = aServer(*[1] * 10_000)
        server.receive(1, appendEntries(1, 10_000, 1, leaderCommit=10_000))
        self.assertLess(len(server.applied), 5_000)
        for _ in patiently("all is applied"):
            if not server.raft.hasMore():
                break
            server.pump()
        self.assertEqual(server.applied, server.disk.entries)

    def test_hasMore(self) -> None:
        """
        The core says when the next L{replkv.raft.core.Raft.ready} has something to be done though nothing else happens:
        a proposal, or a read that needs a round of its own.
        """
        server = streaming()
        self.assertFalse(server.raft.hasMore())
        server.raft.propose(b"x")
        self.assertTrue(server.raft.hasMore())
        server.pump()
        self.assertFalse(server.raft.hasMore())
        server.raft.read("r")
        self.assertTrue(server.raft.hasMore())
        server.pump()
        server.raft.read("later")
        self.assertFalse(server.raft.hasMore(), "the round of the first one is under way")

    def test_hasReads(self) -> None:
        """
        It says so, too, of reads that are confirmed, and were not given out since there was other work.
        """
        server = leader(members=1)
        server.pump()
        server.sync()
        self.assertFalse(server.raft.hasMore())
        server.raft.read("r")
        self.assertEqual(server.raft.ready(mayApply=False).reads, [])
        self.assertTrue(server.raft.hasMore())
        self.assertEqual([tokens for _, tokens in server.raft.ready().reads], [("r",)])
        self.assertFalse(server.raft.hasMore())

    def test_deposedLeaderWritesProposals(self) -> None:
        """
        What a leader had proposed when it was deposed stays in its log, and so it goes to its disk, in its own term.
        """
        server = streaming()
        server.raft.propose(b"x")
        server.receive(1, RequestVoteReply(term=5, granted=False, preVote=False))
        self.assertEqual(
            list(server.disk.unsynced),
            [Persist(3, 1, 0, Batch([Entry(2, 1, b"x")])), Persist(4, 5, None, NO_ENTRIES)],
        )

    def test_deposedByEntries(self) -> None:
        """
        Proposals of a leader are written even where the message that deposes it removes them.
        """
        server = streaming()
        server.raft.propose(b"x")
        server.receive(1, appendEntries(2, 1, 1, 2, 2))
        self.assertEqual([persist.term for persist in server.disk.unsynced], [1, 2])
        server.sync(1)
        self.assertEqual(server.raft.log.stableIndex, 1)
        server.sync()
        self.assertEqual([entry.term for entry in server.disk.entries], [1, 2, 2])
        self.assertEqual(server.raft.log.stableIndex, 3)

    def test_leaderSendsBeforeItsDisk(self) -> None:
        """
        A leader's AppendEntries do not wait for its own disk (thesis, section 10.2.1).
        """
        server = streaming()
        server.raft.propose(b"x")
        self.assertEqual(len(appends(server.pump(), 1)), 1)
        self.assertEqual(len(server.disk.unsynced), 1)


class RestartTests(SynchronousTestCase):
    """
    A crash at each point, and all go on from their disks.
    """

    def test_restartAtEachPoint(self) -> None:
        """
        Whichever server crashes after whichever number of messages, what was answered is there afterwards.
        """
        for victim in range(3):
            for messages in range(0, 40, 3):
                network = Network(*(Disk() for _ in range(3)))
                network.elect(0)
                network.propose(0, b"a", b"b")
                for _ in range(messages):
                    if not network.onTheWay:
                        break
                    network.deliver(network.onTheWay.pop(0))
                    server = network.servers[messages % 3]
                    network.post(server.config.id, server.sync(1))
                answered = [entry for server in network.servers for entry in server.applied]
                network.crash(victim)
                network.tick(60)
                network.restart(victim, 0)
                network.tick(60)
                self.assertEqual([server.leads for server in network.servers].count(True), 1)
                for server in network.servers:
                    for entry in answered:
                        self.assertIn(entry, server.applied)
                    self.assertEqual(server.applied, network.servers[0].applied)

    def test_leaderLosesUnsyncedEntry(self) -> None:
        """
        An entry that a majority has and its leader lost in a crash is committed and stays so: the crashed leader is
        not elected without it.
        """
        network = Network.fresh(3)
        network.elect(0)
        network.propose(0, b"x")
        leading, one, two = network.servers
        for envelope in network.onTheWay:
            network.servers[envelope.to].receive(0, envelope.message)
        for follower in (one, two):
            [reply] = follower.sync()
            leading.receive(follower.config.id, reply.message)
        self.assertEqual((leading.raft.commitIndex, len(leading.disk.entries)), (2, 1))
        network.onTheWay.clear()
        network.crash(0)
        network.restart(0, 1)
        network.elect(0)
        self.assertFalse(leading.leads)
        network.tick(60)
        self.assertEqual([server.applied[1].data for server in network.servers], [b"x"] * 3)

    def test_allCrash(self) -> None:
        """
        All servers lose their power at once; what was committed is there afterwards, applied from the log again.
        """
        network = Network.fresh(3)
        network.elect(1)
        network.propose(1, b"a", b"b", b"c")
        network.tick(2)
        before = network.servers[1].applied[:]
        for server in range(3):
            network.crash(server)
        for server in range(3):
            network.restart(server, server)
        network.tick(60)
        for other in network.servers:
            # The state machine of server N remembered N entries.
            self.assertEqual(other.applied[:4], before)

    def test_recoveredServerKnowsNothingCommitted(self) -> None:
        """
        A server starts with the commitIndex of its state machine; the leader tells it the rest.
        """
        server = aServer(1, 1, 1)
        server.restart(0)
        self.assertEqual((server.raft.commitIndex, server.raft.lastApplied), (0, 0))
        self.assertEqual(server.raft.log.stableIndex, 3)
        self.assertEqual(
            server.receive(
                1, AppendEntries(term=1, prevLogIndex=2, prevLogTerm=1, leaderCommit=2, readRound=0, batch=NO_ENTRIES)
            )[0].to,
            1,
        )
        self.assertEqual(server.applied, entriesOf(1, 1))

    def test_leaderStartsAgain(self) -> None:
        """
        A leader that crashes does not lead the same term again, in which it may have sent what it lost.
        """
        server = leader()
        server.pump()
        server.restart()
        self.assertEqual((server.raft.currentTerm, server.raft.votedFor, server.terms), (1, 0, []))
        self.assertEqual(server.receive(1, RequestVoteReply(term=1, granted=True, preVote=False)), [])
        self.assertEqual(
            {send.message for send in server.tick(20)},
            {RequestVote(term=2, lastLogIndex=0, lastLogTerm=0, preVote=True)},
        )
