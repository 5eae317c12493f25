"""
Tests for what a judge says of hand-overs.
"""

from __future__ import annotations

from replkv.raft.core import Raft
from replkv.raft.handover import HandOver
from replkv.raft.leader import Leader
from replkv.raft.messages import TimeoutNow
from replkv.raft.roles import RoleName, Transition
from replkv.testing import rare
from replkv.testing.outcome import Violation
from tests.compiled import requireReplaceable
from tests.raft.network import ELECTION_TICKS
from tests.testing.judged import JudgeTests


class HandOverTests(JudgeTests):
    """
    A leader has a peer lead in its place.
    """

    def handOver(self, *among: int) -> None:
        """
        Have server 0 hand over.
        """
        self.raft(0).handOver(among)
        self.network.post(0, self.network.servers[0].pump())

    def test_well(self) -> None:
        """
        A hand-over that is well is counted, and disturbs no judge, however well all servers are.
        """
        self.network.now = 100.0
        self.network.propose(0, b"x")
        self.handOver(1, 2)
        self.network.settle()
        self.network.tick(2)
        self.assertTrue(self.network.servers[1].leads)
        self.assertEqual(self.network.rare[rare.HANDED_OVER], 1)
        self.assertEqual(self.network.rare[rare.HAND_OVER_FAILED], 0)

    def test_failed(self) -> None:
        """
        So is one that fails.
        """
        self.network.crash(1)
        self.handOver(1)
        self.network.tick(ELECTION_TICKS + 1)
        self.network.propose(0, b"x")
        self.network.settle()
        self.assertTrue(self.network.servers[0].leads)
        self.assertEqual(self.network.rare[rare.HANDED_OVER], 0)
        self.assertEqual(self.network.rare[rare.HAND_OVER_FAILED], 1)

    def test_deposedMeanwhile(self) -> None:
        """
        Where a leader loses its term meanwhile, that is no hand-over that failed, nor is the next one of another term.
        """
        self.network.hold = lambda envelope: isinstance(envelope.message, TimeoutNow)
        self.handOver(1)
        self.network.elect(2)
        self.assertFalse(self.network.servers[0].leads)
        self.assertEqual(self.network.rare[rare.HANDED_OVER], 0)
        self.assertEqual(self.network.rare[rare.HAND_OVER_FAILED], 0)

    def test_lacksEntries(self) -> None:
        """
        Who is told to lead has all of the log, and all of it is committed.
        """
        self.network.propose(0, b"x")
        self.assertWrongMessage(0, 1, TimeoutNow(term=1), "leader 0 hands over to server 1, and entry 2 is")
        self.network.settle()
        self.raft(2).state.log.truncate(2)
        self.network.servers[2].disk.entries.pop()
        self.assertWrongMessage(0, 2, TimeoutNow(term=1), "leader 0 hands over to server 2, which does not have e")

    def test_takesProposals(self) -> None:
        """
        A leader takes no proposals while it hands over.
        """
        self.patch(Raft, "propose", lambda raft, data: raft.role.propose(data))
        self.network.hold = lambda envelope: True
        self.handOver(1)
        error = self.assertRaises(Violation, self.network.propose, 0, b"x")
        self.assertRegex(str(error), "leader 0 hands over to server 1, and takes the proposal 2")

    def test_forEver(self) -> None:
        """
        Nor for longer than an election timeout.
        """
        requireReplaceable(HandOver)
        self.patch(HandOver, "tick", lambda handOver: None)
        self.patch(Leader, "timeoutNowReply", lambda leader, sender: None)
        self.network.hold = lambda envelope: isinstance(envelope.message, TimeoutNow)
        self.handOver(1)
        self.network.tick(ELECTION_TICKS)
        error = self.assertRaises(Violation, self.network.tick)
        self.assertRegex(str(error), f"leader 0 has handed over to server 1 for {ELECTION_TICKS + 1} ticks")

    def test_nobodyWantsIt(self) -> None:
        """
        Nobody says that a leader wants it to stand for election, where that is not so.
        """
        self.raft(1)._become(Transition(RoleName.CANDIDATE, handOver=True))
        self.network.servers[1].pump()
        error = self.assertRaises(Violation, self.network.servers[1].sync)
        self.assertRegex(str(error), "server 1 stands for election in term 2 as if the leader wanted it to, and no")

    def test_oldTerm(self) -> None:
        """
        Nobody stands for election since the leader of an earlier term wants it.
        """
        self.patch(Raft, "_timeoutNow", lambda raft, *_: raft._become(Transition(RoleName.CANDIDATE, handOver=True)))
        self.network.elect(1)
        error = self.assertRaises(Violation, self.network.servers[2].receive, 0, TimeoutNow(term=1))
        self.assertRegex(str(error), "server 2 is in term 2, and stands for election as server 0 tells it to, which l")
