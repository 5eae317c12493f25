"""
Tests for copies of data folders that were made while their servers ran.
"""

from __future__ import annotations

from replkv.raft.progress import Progress
from replkv.testing import rare
from replkv.testing.cluster.loss import putBackOfRunning
from replkv.testing.faults import Fault, Undo
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.testing.cluster.clusters import ClusterCase

FAULT = Fault(0, "", 0.0, 1.0, (), False, 0.0)


class RunningCopyTests(ClusterCase):
    """
    Tests for L{putBackOfRunning}.
    """

    def setUp(self) -> None:
        """
        A server that does not lead may lose what it has.
        """
        super().setUp()
        self.put(b"k", b"value")
        self.server = self.follower()
        self.server.isFrail = True
        self.cluster.run(1)

    def begin(self) -> Undo:
        """
        Let it begin.
        """
        undo = putBackOfRunning(self.cluster, self.cluster.servers, FAULT)
        assert undo is not None
        return undo

    def write(self) -> None:
        """
        Have all servers acknowledge a few entries.
        """
        for number in range(3):
            self.put(b"k%d" % number, b"value")
        self.cluster.run(0.5)

    def test_noticed(self) -> None:
        """
        The leader that has seen the entries acknowledged which the copy lacks does not let the server in, and its
        operator stops it for good.
        """
        self.begin()
        self.write()
        self.assertEqual((self.cluster.rare[rare.COPY_OF_RUNNING], self.cluster.rare[rare.REGRESSED]), (1, 1))
        self.assertTrue(self.server.hasGoneBack)
        self.cluster.run(1)
        self.assertTrue(self.server.condemned)
        self.assertFalse(self.server.isRunning)
        self.server.revive()
        self.assertFalse(self.server.isRunning)
        # It may be the first that a new client is told of.
        self.client = self.cluster.client()
        self.expect(b"k2", b"value")

    def test_otherLeader(self) -> None:
        """
        A leader that has seen nothing acknowledged brings it everything again: it has forgotten nothing else.
        """
        self.begin()
        leader = self.cluster.leader()
        for number in range(3):
            self.put(b"k%d" % number, b"value")
        self.cluster.until(lambda: not self.server.isServing or self.server.hasGoneBack, "the copy is put back")
        leader.kill()
        self.cluster.leader()
        leader.start()
        self.converge()
        self.expect(b"k2", b"value")
        self.assertEqual(self.cluster.rare[rare.REGRESSED], 0)
        self.assertTrue(self.server.isIntact)

    def test_notHeld(self) -> None:
        """
        Nothing is put back while the others need what the copy lacks.
        """
        end = self.begin()
        other = next(server for server in self.cluster.servers if server not in (self.server, self.cluster.leader()))
        other.pause()
        self.write()
        self.assertFalse(self.server.hasGoneBack)
        other.resume()
        self.cluster.until(lambda: self.server.hasGoneBack, "the copy is put back")
        end()
        self.assertFalse(self.server.hasForgotten)

    def test_startedAgain(self) -> None:
        """
        If the server was started again since, the copy is refused as any older one.
        """
        end = self.begin()
        self.server.kill()
        self.server.start()
        self.cluster.until(lambda: self.server.raft.leaderId is not None, "it follows")
        self.write()
        end()
        self.assertTrue(self.server.hasForgotten)
        self.assertEqual(self.cluster.rare[rare.PUT_BACK], 1)
        self.cluster.run(5)
        self.assertIsNone(self.server.raft.leaderId)

    def test_over(self) -> None:
        """
        Once it is over, nothing is put back.
        """
        self.begin()()
        self.write()
        self.assertFalse(self.server.hasGoneBack or self.server.hasForgotten)

    def test_notFrail(self) -> None:
        """
        Only what is a minority may lose anything.
        """
        self.server.isFrail = False
        self.assertIsNone(putBackOfRunning(self.cluster, self.cluster.servers, FAULT))

    def test_unnoticed(self) -> None:
        """
        A leader that takes no notice is found.
        """
        requireReplaceable(Progress)
        self.patch(Progress, "hasRegressed", lambda progress, prevLogIndex: False)
        self.begin()
        error = self.assertRaises(Violation, self.write)
        self.assertRegex(str(error), "leader . is told by server . that it lacks what it had acknowledged")

    def test_falselyCondemned(self) -> None:
        """
        So is one that condemns a server which has all that it acknowledged.
        """
        leader = self.cluster.leader()
        leader.raft.state.regressed(self.server.id)
        error = self.assertRaises(Violation, self.cluster.run, 1)
        self.assertEqual(
            str(error),
            f"server {leader.id} takes server {self.server.id} for one that has lost entries, and it has all of them",
        )

    def test_nobodyKnows(self) -> None:
        """
        Why only such entries may be lost as the others hold: when the one leader that knows of them is gone, nobody can
        tell (L{replkv.lives}), and a write is lost that was acknowledged.
        """
        leader = self.cluster.leader()
        [other] = [server for server in self.cluster.servers if server not in (self.server, leader)]
        copy = self.server.copy()
        self.cluster.partition((leader.id, self.server.id), (other.id,))
        self.put(b"k", b"acknowledged")
        leader.losePower()
        self.server.kill()
        self.server.goBack(copy)
        self.server.start()
        self.cluster.heal()
        with self.assertRaisesRegex(Violation, "leads term . without entry ., which is committed"):
            self.expect(b"k", b"acknowledged")
