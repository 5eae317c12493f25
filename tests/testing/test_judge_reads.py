"""
The judge on reads.
"""

from __future__ import annotations

from replkv.raft.leader import Leader
from replkv.raft.messages import AppendEntriesReply
from replkv.raft.outputs import ReadReady, Ready, Send
from replkv.testing import rare
from tests.raft.network import ELECTION_TICKS, HEARTBEAT_TICKS
from tests.testing.judged import JudgeTests


class ReadTests(JudgeTests):
    """
    Reads.
    """

    def confirm(self, server: int, *peers: int) -> None:
        """
        Have peers answer a leader.
        """
        network = self.network
        for peer in peers:
            reply = AppendEntriesReply.accepted(term=self.raft(peer).currentTerm, matchIndex=0, prevLogIndex=0)
            network.judge.check(network.seen[peer], Ready(sends=[Send(server, reply, None)]))

    def test_answered(self) -> None:
        """
        A read that a majority has confirmed is answered.
        """
        self.network.read(0, "r")
        self.network.settle()
        self.assertEqual(self.network.servers[0].answeredReads, ["r"])

    def test_withoutMajority(self) -> None:
        """
        A read is answered only when a majority has answered the leader since it was asked, in its term.
        """
        self.confirm(0, 1, 2)
        self.network.judge.asked(self.network.seen[0], "r")
        self.assertWrongRead(0, 1, "r", "no majority has confirmed since that it leads")
        self.network.judge.asked(self.network.seen[0], "r")
        self.confirm(0, 2)
        self.network.judge.check(self.network.seen[0], Ready(reads=[ReadReady(1, ("r",))]))

    def test_laterAnswerOfAnotherTerm(self) -> None:
        """
        An answer that a leader has still to get counts, even if who gave it has gone on to a later term since.
        """
        network = self.network
        network.judge.asked(network.seen[0], "r")
        self.confirm(0, 1)
        network.partition((1, 2))
        network.elect(1)
        reply = AppendEntriesReply.rejected(term=2, prevLogIndex=0)
        network.judge.check(network.seen[1], Ready(sends=[Send(0, reply, None)]))
        network.judge.check(network.seen[0], Ready(reads=[ReadReady(1, ("r",))]))

    def test_missesCommitted(self) -> None:
        """
        A read sees all that was committed anywhere when it was asked.
        """
        network = self.network
        network.partition((1, 2))
        network.elect(1)
        network.judge.asked(network.seen[0], "r")
        self.assertWrongRead(0, 1, "r", "sees entry 1, and 2 were committed")

    def test_seesLater(self) -> None:
        """
        A read does not see what was proposed after it.
        """
        network = self.network
        network.judge.asked(network.seen[0], "r")
        network.propose(0, b"a")
        network.settle()
        self.assertWrongRead(0, 1, "r", "sees entry 2, which was proposed after it")

    def test_aheadOfTheStateMachine(self) -> None:
        """
        A read is answered when its index is applied.
        """
        self.network.judge.asked(self.network.seen[0], "r")
        self.assertWrongRead(0, 2, "r", "answers a read from entry 2, and has applied 1")

    def test_beforeOwnEntry(self) -> None:
        """
        A leader answers no read before it has committed an entry of its term.
        """
        network = self.network
        self.patch(Leader, "start", lambda leader: None)
        network.partition((1, 2))
        network.elect(1)
        network.judge.asked(network.seen[1], "r")
        self.confirm(1, 2)
        self.assertWrongRead(1, 1, "r", "answers a read before it has committed an entry of its term")

    def test_waitedOutLostQuorum(self) -> None:
        """
        A leader that loses contact with the majority and finds it again answers its reads, which is rare.
        """
        network = self.network
        network.partition((1, 2))
        network.read(0, "r")
        network.settle()
        self.assertEqual(network.servers[0].answeredReads, [])
        network.heal()
        network.tick(HEARTBEAT_TICKS)
        network.tick(HEARTBEAT_TICKS)
        self.assertEqual(network.servers[0].answeredReads, ["r"])
        self.assertEqual(network.rare[rare.READ_WAITED], 1)

    def test_dropped(self) -> None:
        """
        Reads get no answer when their leader loses the majority, or learns of a later term.
        """
        network = self.network
        network.partition((1, 2))
        network.read(0, "r")
        network.servers[0].tick(2 * ELECTION_TICKS)
        self.assertEqual((network.rare[rare.READ_LOST_QUORUM], network.rare[rare.READ_DEPOSED]), (1, 0))
        network.elect(1)
        network.partition((0, 2))
        network.read(1, "s")
        network.elect(2)
        network.heal()
        network.tick(HEARTBEAT_TICKS)
        self.assertEqual((network.rare[rare.READ_LOST_QUORUM], network.rare[rare.READ_DEPOSED]), (1, 1))
