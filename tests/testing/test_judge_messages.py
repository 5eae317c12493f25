"""
The judge on what messages tell, and on what a leader knows of the others.
"""

from __future__ import annotations

from replkv.raft.entry import NO_ENTRIES, Entry
from replkv.raft.leader import Leader
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from replkv.raft.outputs import Ready, Send
from tests.testing.judged import JudgeTests


class DurabilityTests(JudgeTests):
    """
    What is told is on the disk.
    """

    def test_term(self) -> None:
        """
        A term is on the disk before any message tells of it.
        """
        for message in (
            RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=False),
            RequestVoteReply(term=2, granted=True, preVote=False),
            AppendEntriesReply.rejected(term=2, prevLogIndex=1),
            AppendEntries(term=2, prevLogIndex=1, prevLogTerm=1, leaderCommit=1, readRound=0, batch=NO_ENTRIES),
        ):
            self.assertWrongMessage(1, 2, message, "sends a message of term 2, and its disk has 1")

    def test_preVotePromisesNothing(self) -> None:
        """
        A pre-vote tells of a term that nobody has begun.
        """
        network = self.network
        for message in (
            RequestVote(term=2, lastLogIndex=1, lastLogTerm=1, preVote=True),
            RequestVoteReply(term=2, granted=True, preVote=True),
        ):
            network.judge.check(network.seen[1], Ready(sends=[Send(2, message, None)]))

    def test_vote(self) -> None:
        """
        A vote is on the disk before it is told.
        """
        self.network.servers[1].disk.votedFor = None
        self.assertWrongMessage(
            1,
            0,
            RequestVoteReply(term=1, granted=True, preVote=False),
            "votes for server 0, and that is not on its disk",
        )

    def test_ownVote(self) -> None:
        """
        A candidate's own vote is on its disk before it asks for others.
        """
        self.assertWrongMessage(
            1, 0, RequestVote(term=1, lastLogIndex=1, lastLogTerm=1, preVote=False), "its own is not on its disk"
        )

    def test_entries(self) -> None:
        """
        Entries are on the disk before they are confirmed.
        """
        self.network.propose(0, b"a")
        message = AppendEntriesReply.accepted(term=1, matchIndex=2, prevLogIndex=1)
        self.assertWrongMessage(1, 0, message, "confirms the entries up to 2 of leader 0, and they are not on its disk")

    def test_otherEntries(self) -> None:
        """
        What is confirmed is what the leader has, and not just as long.
        """
        self.network.propose(0, b"a")
        self.network.servers[1].disk.entries.append(Entry(2, 0, b"a"))
        message = AppendEntriesReply.accepted(term=1, matchIndex=2, prevLogIndex=1)
        self.assertWrongMessage(1, 0, message, "confirms the entries up to 2 of leader 0")

    def test_laterTerm(self) -> None:
        """
        A message of a term that the disk has left behind promises nothing any more.
        """
        network = self.network
        network.servers[1].disk.currentTerm = 2
        message = AppendEntriesReply.accepted(term=1, matchIndex=2, prevLogIndex=1)
        network.judge.check(network.seen[1], Ready(sends=[Send(0, message, None)]))


class LeaderMessageTests(JudgeTests):
    """
    What only leaders send.
    """

    def test_notLeader(self) -> None:
        """
        Only the leader of a term sends entries in it.
        """
        self.assertWrongMessage(
            1,
            2,
            AppendEntries(term=1, prevLogIndex=1, prevLogTerm=1, leaderCommit=1, readRound=0, batch=NO_ENTRIES),
            "of term 1, which it does not lead",
        )

    def test_leaderCommit(self) -> None:
        """
        A leader tells of no more than is committed.
        """
        self.assertWrongMessage(
            0,
            1,
            AppendEntries(term=1, prevLogIndex=1, prevLogTerm=1, leaderCommit=2, readRound=0, batch=NO_ENTRIES),
            "tells of a commitIndex 2 of 1",
        )

    def test_prev(self) -> None:
        """
        What a leader says of the entry before is true.
        """
        self.assertWrongMessage(
            0,
            1,
            AppendEntries(term=1, prevLogIndex=1, prevLogTerm=0, leaderCommit=1, readRound=0, batch=NO_ENTRIES),
            "after entry 1 of term 0",
        )


class ProgressTests(JudgeTests):
    """
    What a leader knows.
    """

    def setUp(self) -> None:
        """
        Take what the leader knows of server 1.
        """
        super().setUp()
        role = self.raft(0).role
        assert isinstance(role, Leader)
        self.progress = role.progress[1]

    def test_matchIndexGoesBack(self) -> None:
        """
        matchIndex never goes back.
        """
        self.progress.matchIndex = 0
        self.assertWrongState(0, "goes back from matchIndex 1 of server 1 to 0")

    def test_nextIndex(self) -> None:
        """
        nextIndex is beyond matchIndex.
        """
        self.progress.nextIndex = 1
        self.assertWrongState(0, "would send entry 1 to server 1 again")

    def test_matchIndexIsTrue(self) -> None:
        """
        What a leader takes to be on a disk is there.
        """
        self.network.propose(0, b"a")
        self.progress.matched(2)
        self.assertWrongState(0, "takes entry 2 to be on the disk of server 1")
