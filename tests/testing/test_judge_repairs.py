"""
The judge on logs that have lost entries.
"""

from __future__ import annotations

from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.raft.outputs import Ready, Send
from replkv.raft.repair import Repair
from replkv.testing import rare
from tests.testing.judged import JudgeTests


class RepairsTests(JudgeTests):
    """
    Servers that had more than they have.
    """

    def setUp(self) -> None:
        """
        A server has one entry, of term 1.
        """
        super().setUp()
        self.last = self.raft(1).log.lastIndex
        self.term = self.raft(1).currentTerm

    def lose(self, had: Repair) -> None:
        """
        It has lost entries.
        """
        self.network.judge.lostEntries(self.network.seen[1], had)

    def vote(self) -> Ready:
        """
        It votes.
        """
        reply = RequestVoteReply(term=self.term, granted=True, preVote=False)
        return Ready(sends=[Send(0, reply, None)])

    def test_votes(self) -> None:
        """
        Whoever has less than it had must not vote.
        """
        self.lose(Repair(self.last + 1, self.term))
        self.assertViolation(1, self.vote(), f"votes for server 0, and its log has entries up to {self.last}")

    def test_stands(self) -> None:
        """
        Nor stand for election.
        """
        self.lose(Repair(self.last + 1, self.term))
        request = RequestVote(term=self.term, lastLogIndex=self.last, lastLogTerm=self.term, preVote=False)
        self.assertViolation(1, Ready(sends=[Send(0, request, None)]), "stands for election, and its log has")

    def test_lostTwice(self) -> None:
        """
        It must have all that it ever had.
        """
        self.lose(Repair(self.last + 1, self.term))
        self.lose(Repair(self.last, self.term))
        self.assertViolation(1, self.vote(), "votes for server 0")

    def test_repaired(self) -> None:
        """
        It may when it has as much again, or an entry of a later term.
        """
        for had in (Repair(self.last, self.term + 1), Repair(self.last + 9, self.term - 1)):
            self.lose(had)
            self.network.judge.check(self.network.seen[1], Ready())
        self.assertEqual(self.network.rare[rare.LOG_REPAIRED], 2)
