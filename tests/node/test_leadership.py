"""
Tests for what clients are told by servers that do not lead, not yet or no longer.
"""

from __future__ import annotations

from replkv.commands.results import Found, Redirected, Stored, Unavailable
from replkv.peers.receiver import Timed
from replkv.raft.core import Raft
from replkv.raft.entry import NO_ENTRIES
from replkv.raft.messages import AppendEntries, TimeoutNow, TimeoutNowReply
from replkv.raft.outputs import Token
from replkv.testing.span import Span
from tests.logged import logged
from tests.node.cluster import Client, stopTicks, valueAt
from tests.node.leading import LeaderTests
from tests.patience import patiently


class RedirectTests(LeaderTests):
    """
    Tests for servers that do not lead.
    """

    def test_redirect(self) -> None:
        """
        A follower names the leader, at once, and for reads too.
        """
        self.cluster.run(0.1)
        client = Client(self.followers[0])
        for request in (client.set(b"k", b"v"), client.get(b"k"), client.delete(b"k")):
            self.assertEqual(request.result, Redirected("server0", 9000))

    def test_waitsForLeader(self) -> None:
        """
        A server that knows no leader waits for one, then carries the command out or redirects it, in order.
        """
        cluster = self.start()
        first, second = Client(cluster.servers[0]), Client(cluster.servers[1])
        asked = [first.set(b"k", b"1"), first.get(b"k"), first.set(b"k", b"2"), first.get(b"k")]
        redirected = second.set(b"k", b"v")
        cluster.settle()
        self.assertFalse(any(request.isAnswered for request in [*asked, redirected]))
        cluster.leader()
        cluster.run(0.1)
        self.assertEqual(
            [request.result for request in asked],
            [Stored(2), Found(2, 0, b"1"), Stored(3), Found(3, 0, b"2")],
        )
        self.assertEqual(redirected.result, Redirected("server0", 9000))

    def test_noLeader(self) -> None:
        """
        When none is elected in time, the command is answered with an error.
        """
        self.cluster.part(0, 1, 2)
        self.cluster.run(1)
        self.assertIsNone(self.followers[0].raft.leaderId)
        request = Client(self.followers[0]).get(b"k")
        self.cluster.run(1.9)
        self.assertIsNone(request.result)
        self.cluster.run(0.12)
        self.assertEqual(request.result, Unavailable())


class DeposedTests(LeaderTests):
    """
    Tests for what a leader says when it leads no longer.
    """

    def setUp(self) -> None:
        """
        The leader is cut off.
        """
        super().setUp()
        self.client.set(b"k", b"old")
        # To just before it looks whether a majority has answered, so that it finds that before the others do.
        self.cluster.run(0.22)
        self.cluster.part(0)

    def depose(self) -> None:
        """
        Let time pass until the leader knows that it leads no longer.
        """
        for _ in patiently("the leader leads no longer"):
            if not self.leader.leads:
                break
            self.cluster.run(0.01)

    def leadAgain(self) -> None:
        """
        The leader is deposed, and then elected again, since the others are slow to stand for election.
        """
        self.depose()
        self.cluster.run(0.04)
        for follower in self.followers:
            stopTicks(follower)
            self.cluster.network.reset(self.leader.name, follower.name)
        self.cluster.heal()
        self.assertIs(self.cluster.leader(), self.leader)
        self.cluster.run(0.1)

    def test_write(self) -> None:
        """
        A write that it had taken may yet be carried out, so it is not redirected.
        """
        write = self.client.set(b"k", b"new")
        self.cluster.run(0.2)
        self.assertIsNone(write.result)
        self.depose()
        self.assertEqual(write.result, Unavailable())

    def test_writeThatWins(self) -> None:
        """
        A write that its client was not told of may be carried out under the next leader.
        """
        self.cluster.heal()
        self.cluster.hold(self.followers)
        write = self.client.set(b"k", b"new")
        self.cluster.settle()
        self.cluster.part(0)
        self.cluster.hold(self.followers, False)
        leader = self.cluster.leader()
        self.depose()
        self.assertEqual(write.result, Unavailable())
        self.assertEqual(valueAt(leader, b"k"), b"new")

    def test_deposedByNewTerm(self) -> None:
        """
        So is a leader that hears of a later term before it finds that it has lost its majority.
        """
        write, read = self.client.set(b"k", b"new"), self.client.get(b"k")
        self.cluster.run(0.1)
        stopTicks(self.leader)
        self.assertEqual(self.cluster.leader().id, 2)
        self.assertTrue(self.leader.leads)
        self.cluster.heal()
        self.cluster.run(0.1)
        self.assertFalse(self.leader.leads)
        self.assertEqual(write.result, Unavailable())
        self.assertIn(read.result, [Unavailable(), Redirected("server2", 9000)])
        self.assertEqual(valueAt(self.cluster.servers[2], b"k"), b"old")

    def test_read(self) -> None:
        """
        A read does nothing, so it goes to the next leader; it is not answered from the state that the deposed one has.
        """
        read = self.client.get(b"k")
        self.cluster.leader()
        self.depose()
        self.assertIsNone(read.result)
        self.cluster.heal()
        self.cluster.run(0.1)
        self.assertEqual(read.result, Redirected("server2", 9000))

    def test_readLedAgain(self) -> None:
        """
        A server that is elected again answers the read itself.
        """
        read = self.client.get(b"k")
        self.leadAgain()
        self.assertEqual(read.value, b"old")

    def test_readNotOvertaken(self) -> None:
        """
        A read is not answered, when its server leads again, with a write that its connection sent after it.
        """
        read, write = self.client.get(b"k"), self.client.set(b"k", b"new")
        self.leadAgain()
        self.assertEqual(write.result, Unavailable())
        self.assertEqual(valueAt(self.leader, b"k"), b"new")
        self.assertEqual(read.result, Unavailable())


def refuse(raft: Raft, sender: int, message: TimeoutNow, token: Token) -> None:
    """
    Do not stand for election, though the leader wants it.
    """
    raft.state.send(sender, TimeoutNowReply(term=raft.currentTerm), token)


class DiskTests(LeaderTests):
    """
    Tests for what the operator of a server that leads no longer is told of its disk.
    """

    HANGS = "this server leads no longer, since its disk has been at one write, or one read, for too long"
    SLOW = "this server leads no longer, since its disk takes many times as long"

    def setUp(self) -> None:
        """
        The cluster is at rest.
        """
        super().setUp()
        self.cluster.run(0.1)
        self.lines = logged(self)

    def told(self) -> list[str]:
        """
        What has been said of disks since this was asked last.
        """
        told = [line for line in self.lines if "disk" in line]
        self.lines.clear()
        return told

    def write(self, seconds: float) -> None:
        """
        Have something written, for which the leader's disk takes so long.
        """
        self.cluster.hold([self.leader])
        self.client.set(b"k", b"v")
        self.cluster.run(seconds)
        self.cluster.hold([self.leader], False)
        self.cluster.settle()

    def slowDown(self) -> None:
        """
        The leader's disk becomes so slow that it steps down.
        """
        for _ in range(2):
            self.write(0.5)
            self.cluster.run(0.02)
        self.assertFalse(self.leader.leads)

    def leadAgain(self) -> None:
        """
        It is elected again, since the others do not stand for election. Its disk is still slow.
        """
        self.cluster.run(0.3)
        for follower in self.followers:
            stopTicks(follower)
        self.leader.pace.slow(Span(0.05, 0.05))
        for _ in patiently("it is elected again"):
            if self.leader.leads:
                break
            self.cluster.run(0.01)
        self.assertTrue(self.leader.raft.state.diskIsSlow)

    def test_hangs(self) -> None:
        """
        A disk that is at one write for too long is told of.
        """
        self.write(2.5)
        self.assertFalse(self.leader.leads)
        [line] = self.told()
        self.assertEqual(line, self.HANGS)

    def test_slow(self) -> None:
        """
        So is one that takes many times as long as those of the others.
        """
        self.slowDown()
        [line] = self.told()
        self.assertTrue(line.startswith(self.SLOW), line)

    def test_slowAndCutOff(self) -> None:
        """
        A leader whose disk was found to be slow before, and which now is cut off, does not blame the disk.
        """
        self.patch(Raft, "_timeoutNow", refuse)
        self.slowDown()
        self.leadAgain()
        self.told()
        self.cluster.part(0)
        self.cluster.run(0.6)
        self.assertFalse(self.leader.leads)
        self.assertEqual(self.told(), [])

    def test_hangsAndDeposed(self) -> None:
        """
        Nor does one whose disk hangs, if it hears of a later term before it looks whether the disk does.
        """
        raft = self.leader.raft
        self.cluster.hold([self.leader])
        self.client.set(b"k", b"v")
        for _ in patiently("the disk hangs"):
            if raft.state.diskHangs:
                break
            self.cluster.run(0.01)
        self.assertTrue(self.leader.leads)
        later = AppendEntries(
            term=raft.currentTerm + 1, prevLogIndex=0, prevLogTerm=0, leaderCommit=0, readRound=0, batch=NO_ENTRIES
        )
        self.leader.node.requested(2, Timed(later, 0))
        self.assertFalse(self.leader.leads)
        self.assertEqual(self.told(), [])
