"""
Tests for expiry by the cluster's time, whatever servers take for the time when they start.
"""

from __future__ import annotations

import replkv.service.recovery
from replkv.peers.receiver import Timed
from replkv.raft.entry import NO_ENTRIES
from replkv.raft.messages import AppendEntries, RequestVote
from replkv.testing import SimulatedServer
from tests.node.cluster import Client, startTicks, stopTicks, valueAt
from tests.node.expiring import NOT_FOUND, ExpiryTests

YEAR = 365 * 24 * 3600.0


class WrongClockTests(ExpiryTests):
    """
    Tests for servers whose idea of the time differs by a year when they start: the leader's is the cluster's, and each
    goes on from there.
    """

    def setUp(self) -> None:
        """
        Have servers take what their wall clocks tell for the time when they start, and not what they had stored.
        """
        self.patch(replkv.service.recovery, "bridged", lambda record, wallClock, *_: round(wallClock * 1000))
        super().setUp()

    def set(self, seconds: int, client: Client | None = None) -> None:
        """
        Store the key, with so many seconds to live.
        """
        (client or self.client).set(b"k", b"v", seconds)
        self.cluster.settle()
        self.end = self.cluster.timeline.seconds() + seconds

    def assertLives(self, server: SimulatedServer) -> None:
        """
        The key is there as long as it was told to live, give or take a fifth of a second, and then gone.
        """
        self.cluster.run(self.end - 0.2 - self.cluster.timeline.seconds())
        self.assertEqual(self.get(server).value, b"v")
        self.cluster.run(0.3)
        self.assertEqual(self.get(server).result, NOT_FOUND)

    def test_followersDoNotMatter(self) -> None:
        """
        No server's own clock has a part in what the log's entries do to it.
        """
        self.begin(wrong=(0, YEAR, -YEAR))
        self.set(2)
        self.cluster.run(0.1)
        self.assertEqual([valueAt(server, b"k") for server in self.cluster.servers], [b"v"] * 3)
        self.assertLives(self.leader)
        self.cluster.run(0.1)
        stores = [server.store.digest for server in self.cluster.servers]
        self.assertEqual(stores, [stores[0]] * 3)

    def test_failOver(self) -> None:
        """
        A key has its time, all of it and no more, whoever is wrong by a year, and though the leader is lost in between.
        """
        for wrong in ((YEAR, 0, 0), (-YEAR, 0, 0), (0, YEAR, YEAR), (0, -YEAR, -YEAR), (0, YEAR, -YEAR)):
            self.begin(wrong=wrong)
            self.set(1)
            self.assertLives(self.leader)
            self.set(2)
            self.cluster.run(0.5)
            self.assertLives(self.failOver())

    def test_quiet(self) -> None:
        """
        The time before an election counts, though nothing was written in it.
        """
        self.set(4)
        self.cluster.run(2)
        leader = self.failOver()
        self.assertEqual(Client(leader).set(b"other", b"").result, None)
        self.assertLives(leader)

    def test_restarted(self) -> None:
        """
        A server that starts with a wrong time has it from the leader, though no entry comes.
        """
        self.set(3)
        for server in self.followers:
            self.restart(server, YEAR)
        self.cluster.run(1)
        self.assertLives(self.failOver())

    def test_learntFromVoters(self) -> None:
        """
        A server that has not heard the leader since it was started has the time from those that elect it.
        """
        for wrong in (YEAR, -YEAR):
            self.begin()
            self.set(2)
            self.cluster.part(0)
            self.restart(self.followers[1], wrong)
            leader = self.cluster.leader()
            self.assertIs(leader, self.followers[1])
            self.assertLives(leader)

    def test_learntFromOneThatCountedOn(self) -> None:
        """
        So it has where all were down, and one of those that elect it was down for as long as its boot clock says.
        """
        for wrong in (YEAR, -YEAR):
            self.begin()
            self.set(3)
            # By then it has stored that it knows the time.
            self.cluster.run(1)
            self.cluster.part(0)
            self.followers[0].kill()
            self.followers[0].start()
            self.restart(self.followers[1], wrong)
            stopTicks(self.followers[0])
            leader = self.cluster.leader()
            self.assertIs(leader, self.followers[1])
            startTicks(self.followers[0])
            self.assertLives(leader)

    def test_oldLeader(self) -> None:
        """
        What a leader of an earlier term tells is not followed.
        """
        time = self.followers[0].service.assembly.clock.now()
        term = self.leader.raft.currentTerm
        late = Timed(
            AppendEntries(term=term - 1, prevLogIndex=0, prevLogTerm=0, leaderCommit=0, readRound=0, batch=NO_ENTRIES),
            time + 10_000,
        )
        self.followers[0].node.requested(2, late)
        self.assertEqual(self.followers[0].service.assembly.clock.now(), time)

    def test_ledForLong(self) -> None:
        """
        A server that has led for long and follows again is set back by a message that has waited no more than any other
        server is: while it led, its time was the cluster's.
        """
        self.cluster.run(10)
        server = self.leader.node
        time = server._clusterClock.now()
        late = Timed(
            AppendEntries(
                term=server.raft.currentTerm + 1,
                prevLogIndex=0,
                prevLogTerm=0,
                leaderCommit=0,
                readRound=0,
                batch=NO_ENTRIES,
            ),
            time - 20_000,
        )
        server.requested(1, late)
        self.assertFalse(self.leader.leads)
        self.assertGreaterEqual(server._clusterClock.now(), time - 2)

    def test_guessIsNotTold(self) -> None:
        """
        A server that only guesses the time does not tell it to those that ask for its vote.
        """
        server = self.followers[0]
        self.restart(server, 0)
        told: list[int] = []
        for isKnown in (False, True):
            self.cluster.until(lambda isKnown=isKnown: server.service.knowsTime is isKnown, "it is told the time")  # type: ignore[misc]
            term = server.raft.currentTerm
            vote = Timed(RequestVote(term=term + 1, lastLogIndex=100, lastLogTerm=term + 1, preVote=True), 0)
            server.node.requested(2, vote).addCallback(lambda reply: told.append(reply.time))
            self.cluster.settle()
        self.assertEqual(told[0], 0)
        self.assertGreater(told[1], 0)

    def test_doesNotComeBack(self) -> None:
        """
        A key that a leader has told to be gone is not found under the next one, though that one's clock is a year
        behind, and the power failed on both followers just when the leader had told it.
        """
        self.begin(wrong=(0, 0, -YEAR))
        self.client.set(b"k", b"v", 1)
        self.cluster.run(0.95)
        self.cluster.hold(self.followers)
        self.cluster.run(0.06)
        told = self.get(self.leader).result
        for follower in self.followers:
            self.restart(follower, follower.clocks.wrong)
        leader = self.failOver()
        found = self.get(leader).result
        self.assertFalse(told == NOT_FOUND and found != NOT_FOUND, f"{told!r}, then {found!r}")

    def test_stampsOfUnappliedEntries(self) -> None:
        """
        A new leader's time is not before the largest stamp in its log, entries included that are not applied yet.
        """
        self.cluster.hold([self.leader])
        self.set(2)
        self.assertIsNone(valueAt(self.followers[1], b"k"))
        before = self.cluster.timeline.seconds()
        for follower in self.followers:
            self.restart(follower, -YEAR)
        leader = self.failOver()
        # No server that was up knew how long the election took.
        self.end += self.cluster.timeline.seconds() - before
        self.assertLives(leader)
