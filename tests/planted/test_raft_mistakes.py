"""
Mistakes that implementations of Raft are known for, planted one by one: each makes a test fail that passes without it.
"""

from __future__ import annotations

import replkv.raft.candidate
from replkv.raft.candidate import Candidate
from replkv.raft.core import Raft
from replkv.raft.follower import Follower
from replkv.raft.leader import Leader
from replkv.raft.log import RaftLog
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    Message,
    RequestVote,
    RequestVoteReply,
)
from replkv.raft.outputs import Ready, Send, Token
from replkv.raft.progress import Progress
from replkv.raft.quorum import agreed
from replkv.raft.reads import ReadQueue
from tests.planted.planting import PlantingTests
from tests.raft import (
    test_checkquorum,
    test_commit,
    test_election,
    test_invariants,
    test_persistence,
    test_prevote,
    test_reads,
    test_replication,
)


class RaftMistakesTests(PlantingTests):
    """
    Every test here plants one mistake.
    """

    def plantHasty(self, kind: type[Message]) -> None:
        """
        Messages of one kind do not wait for the disk.
        """
        send = Raft.send

        def hasty(raft: Raft, to: int, message: Message, token: Token = None, ackIndex: int = 0) -> None:
            if isinstance(message, kind):
                raft._ready.sends.append(Send(to, message, token))
            else:
                send(raft, to, message, token, ackIndex)

        self.patch(Raft, "send", hasty)

    def test_voteToldBeforeSync(self) -> None:
        """
        A vote is told before it is on the disk.
        """
        self.plantHasty(RequestVoteReply)
        self.assertCaught(test_persistence.VoteTests, "test_voteIsSyncedFirst", "test_restartAfterVote")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_ownVoteCountedBeforeSync(self) -> None:
        """
        A candidate counts its own vote before it is on its disk.
        """
        self.patch(Raft, "voteIsDurable", property(lambda raft: True))
        self.plantHasty(RequestVote)
        self.assertCaught(test_persistence.VoteTests, "test_ownVoteIsSyncedFirst")

    def test_ackBeforeSync(self) -> None:
        """
        Entries are confirmed before they are on the disk.
        """
        self.plantHasty(AppendEntriesReply)
        self.assertCaught(test_persistence.EntriesTests, "test_ackFollowsSync", "test_repeatedEntriesFollowSync")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_oldTermsCounted(self) -> None:
        """
        Entries of older terms are committed by being counted.
        """

        def advanceCommit(leader: Leader) -> None:
            stable = leader.raft.log.stableIndex
            leader.raft.commit(agreed([stable, *(progress.matchIndex for progress in leader.progress.values())]))

        self.patch(Leader, "_advanceCommit", advanceCommit)
        self.assertCaught(test_commit.LeaderTests, "test_oldTermsAreNotCounted")
        self.assertCaught(test_commit.Figure8Tests, "test_oldEntryIsReplaced")

    def test_ownDiskCountedBeforeSync(self) -> None:
        """
        The leader counts itself before its own disk is done.
        """

        def advanceCommit(leader: Leader) -> None:
            log = leader.raft.log
            index = agreed([log.lastIndex, *(progress.matchIndex for progress in leader.progress.values())])
            if log.term(index) == leader.raft.currentTerm:
                leader.raft.commit(index)

        self.patch(Leader, "_advanceCommit", advanceCommit)
        self.assertCaught(test_commit.LeaderTests, "test_ownDiskCountsWhenSynced")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_noNoop(self) -> None:
        """
        A leader does not open its term with a no-op.
        """
        self.patch(Leader, "start", lambda leader: None)
        self.assertCaught(test_commit.LeaderTests, "test_noop")
        self.assertCaught(test_persistence.RestartTests, "test_allCrash")

    def test_readBeforeNoop(self) -> None:
        """
        A new leader answers reads before its no-op is committed.
        """

        def read(leader: Leader, atLeast: int, token: Token) -> None:
            leader.reads.add(max(leader.raft.commitIndex, atLeast), token)

        self.patch(Leader, "read", read)
        self.assertCaught(test_reads.IndexTests, "test_waitsForNoop")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_cutWithoutConflict(self) -> None:
        """
        A follower replaces the end of its log by whatever comes, where nothing conflicts.
        """
        self.patch(Follower, "_missing", lambda follower, batch: batch)
        self.assertCaught(test_replication.FollowerTests, "test_overtakenMessage", "test_writesOnlyWhatItLacks")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_noConsistencyCheck(self) -> None:
        """
        A follower takes entries whatever its log holds before them.
        """
        self.patch(RaftLog, "matches", lambda log, index, term: index <= log.lastIndex)
        self.assertCaught(test_replication.FollowerTests, "test_consistencyCheck", "test_appends")

    def test_endOfLogConfirmed(self) -> None:
        """
        A follower confirms the end of its log, and not of what it was sent.
        """
        reply = Follower._reply

        def confirmEnd(
            follower: Follower, sender: int, token: Token, message: AppendEntries, success: bool, *rest: int
        ) -> None:
            conflict = rest[1:]
            reply(follower, sender, token, message, success, follower.raft.log.lastIndex if success else 0, *conflict)

        self.patch(Follower, "_reply", confirmEnd)
        self.assertCaught(test_replication.FollowerTests, "test_overtakenMessage", "test_tailBeyondHeartbeat")

    def test_commitWithoutLimit(self) -> None:
        """
        A follower takes the leader's commitIndex, limited by nothing but the end of its log.
        """
        appendEntries = Follower.appendEntries

        def unlimited(follower: Follower, sender: int, message: AppendEntries, token: Token) -> None:
            appendEntries(follower, sender, message, token)
            follower.raft.commit(min(message.leaderCommit, follower.raft.log.lastIndex))

        self.patch(Follower, "appendEntries", unlimited)
        self.assertCaught(test_commit.FollowerTests, "test_limitedToWhatIsVerified", "test_notFromRejectedMessage")

    def test_readWithoutQuorum(self) -> None:
        """
        A leader answers reads without asking anyone.
        """
        self.patch(Leader, "_confirmReads", lambda leader: leader.reads.confirm(leader.reads.round))
        self.assertCaught(test_reads.QuorumTests, "test_majorityAnswers", "test_cutOffLeader")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_readByEarlierAnswers(self) -> None:
        """
        Any answer counts for the reads that wait, to whatever message.
        """
        appendReply = Leader.appendReply

        def anyAnswer(leader: Leader, sender: int, reply: AppendEntriesReply) -> None:
            appendReply(leader, sender, reply._replace(readRound=leader.reads.round))

        self.patch(Leader, "appendReply", anyAnswer)
        self.assertCaught(test_reads.QuorumTests, "test_earlierMessagesDoNotCount")

    def test_writeOvertakesRead(self) -> None:
        """
        A write is sent without opening a round for the reads before it.
        """
        openRound = ReadQueue.openRound
        self.patch(ReadQueue, "openRound", lambda reads: reads.waitsForRound and openRound(reads))
        self.assertCaught(test_reads.IndexTests, "test_writeDuringRoundCannotOvertake", "test_randomInterleavings")

    def test_lengthBeforeTerm(self) -> None:
        """
        Logs are compared by their length first.
        """

        def isUpToDate(log: RaftLog, lastLogIndex: int, lastLogTerm: int) -> bool:
            return (lastLogIndex, lastLogTerm) >= (log.lastIndex, log.lastTerm)

        self.patch(RaftLog, "isUpToDate", isUpToDate)
        self.assertCaught(test_election.VoterTests, "test_upToDate")

    def test_matchIndexGoesBack(self) -> None:
        """
        A late answer lowers matchIndex.
        """
        matched = Progress.matched

        def back(progress: Progress, matchIndex: int) -> None:
            matched(progress, matchIndex)
            progress.matchIndex = matchIndex

        self.patch(Progress, "matched", back)
        self.assertCaught(test_replication.LeaderTests, "test_lateReplies")

    def test_voteOfOldTermCounted(self) -> None:
        """
        A vote that was given in an earlier election is counted.
        """

        def voteReply(candidate: Candidate, sender: int, reply: RequestVoteReply) -> None:
            if reply.granted and reply.preVote == candidate.preVote:
                candidate._granted(sender)

        self.patch(Candidate, "voteReply", voteReply)
        self.assertCaught(test_election.CandidateTests, "test_voteOfOldTerm")

    def test_preVoteCounted(self) -> None:
        """
        A pre-vote is counted as a vote.
        """

        def voteReply(candidate: Candidate, sender: int, reply: RequestVoteReply) -> None:
            if reply.granted and reply.term == candidate._term:
                candidate._granted(sender)

        self.patch(Candidate, "voteReply", voteReply)
        self.assertCaught(test_election.CandidateTests, "test_preVoteIsNoVote")

    def test_voteClearedWithinTerm(self) -> None:
        """
        A server that becomes a follower forgets its vote, within the same term too.
        """
        follow = Raft.follow

        def forgetful(raft: Raft, term: int, leaderId: int | None) -> None:
            follow(raft, term, leaderId)
            raft.votedFor = None

        self.patch(Raft, "follow", forgetful)
        self.assertCaught(test_election.VoterTests, "test_voteStaysInItsTerm")
        self.assertCaught(test_checkquorum.CheckQuorumTests, "test_keepsItsVote")

    def test_replacedEntriesCounted(self) -> None:
        """
        A finished write counts for entries that were replaced since.
        """
        self.patch(Raft, "truncate", lambda raft, index: raft.log.truncate(index))
        self.assertCaught(test_persistence.EntriesTests, "test_replacedEntries", "test_replacedBySameTerm")

    def test_appliedBeforeSync(self) -> None:
        """
        Committed entries are applied before they are on this server's own disk.
        """
        ready = Raft.ready

        def hasty(raft: Raft) -> Ready:
            stableIndex = raft.log.stableIndex
            raft.log.stableIndex = raft.log.lastIndex
            try:
                return ready(raft)
            finally:
                raft.log.stableIndex = stableIndex

        self.patch(Raft, "ready", hasty)
        self.assertCaught(test_persistence.EntriesTests, "test_appliedOnlyFromTheDisk")
        self.assertCaught(test_invariants.ScheduleTests, "test_randomSchedules")

    def test_preCandidateForgetsVote(self) -> None:
        """
        A pre-candidate gives its vote away without noting it.
        """
        requestVote = Raft._requestVote

        def forgetful(raft: Raft, sender: int, message: RequestVote, token: Token) -> None:
            isPreCandidate = isinstance(raft.role, Candidate) and raft.role.preVote
            requestVote(raft, sender, message, token)
            if isPreCandidate:
                raft.votedFor = None

        self.patch(Raft, "_requestVote", forgetful)
        self.assertCaught(test_election.VoterTests, "test_preCandidateRecordsItsVote")

    def test_noPreVote(self) -> None:
        """
        A server that times out begins a new term at once.
        """
        self.patch(Raft, "campaign", lambda raft: raft.stand())
        self.assertCaught(test_prevote.PreVoteTests, "test_partitionedServer")

    def test_halfIsAMajority(self) -> None:
        """
        Of an even number of servers, half are taken for a majority.
        """
        self.patch(replkv.raft.candidate, "majority", lambda members: (members + 1) // 2)
        self.assertCaught(test_election.CandidateTests, "test_majority")

    def test_deposedLeaderKeepsProposals(self) -> None:
        """
        What a leader had proposed when it was deposed is never written.
        """
        self.patch(Leader, "depose", lambda leader: leader.reads.drop())
        self.assertCaught(test_persistence.EntriesTests, "test_deposedLeaderWritesProposals", "test_deposedByEntries")

    def test_backsUpOneByOne(self) -> None:
        """
        A leader looks for the place where the logs agree one entry at a time.
        """
        self.patch(Leader, "_retryFrom", lambda leader, reply: reply.prevLogIndex)
        self.assertCaught(test_replication.ConflictTests, "test_backsUpByTerm")
