"""
Bugs of cores, planted one by one: besides the simulator, tests of single parts notice them.
"""

from __future__ import annotations

from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.outputs import Ready
from replkv.raft.state import ServerState
from replkv.raft.view import RaftView
from tests.compiled import requireReplaceable
from tests.planted.planting import PlantingTests
from tests.raft import (
    test_applying,
    test_checkquorum,
    test_commit,
    test_election,
    test_handover,
    test_persistence,
    test_prevote,
    test_readback,
    test_reads,
    test_replication,
    test_slowdisk,
    test_snapshot,
)


class RaftMistakesTests(PlantingTests):
    """
    Every test here plants one bug.
    """

    def test_voteToldBeforeSync(self) -> None:
        """
        A vote is told before it is on the disk.
        """
        self.plant("a vote is told before its fsync")
        self.assertCaught(test_persistence.VoteTests, "test_voteIsSyncedFirst", "test_restartAfterVote")

    def test_ownVoteCountedBeforeSync(self) -> None:
        """
        A candidate counts its own vote before it is on its disk.
        """
        self.plant("a candidate counts its own vote before its fsync")
        self.assertCaught(test_persistence.VoteTests, "test_ownVoteIsSyncedFirst")

    def test_ackBeforeSync(self) -> None:
        """
        Entries are confirmed before they are on the disk.
        """
        self.plant("entries are acknowledged before their fsync")
        self.assertCaught(test_persistence.EntriesTests, "test_ackFollowsSync", "test_repeatedEntriesFollowSync")

    def test_oldTermsCounted(self) -> None:
        """
        Entries of older terms are committed by being counted.
        """
        self.plant("old-term entries are committed by counting")
        self.assertCaught(test_commit.LeaderTests, "test_oldTermsAreNotCounted")
        self.assertCaught(test_commit.Figure8Tests, "test_oldEntryIsReplaced")

    def test_ownDiskCountedBeforeSync(self) -> None:
        """
        The leader counts itself before its own disk is done.
        """
        self.plant("the leader's own disk counts before its fsync")
        self.assertCaught(test_commit.LeaderTests, "test_ownDiskCountsWhenSynced")

    def test_noNoop(self) -> None:
        """
        A leader does not open its term with a no-op.
        """
        self.plant("there is no no-op")
        self.assertCaught(test_commit.LeaderTests, "test_noop")
        self.assertCaught(test_persistence.RestartTests, "test_allCrash")

    def test_readBeforeNoop(self) -> None:
        """
        A new leader answers reads before its no-op is committed.
        """
        self.plant("a read is answered before the no-op")
        self.assertCaught(test_reads.IndexTests, "test_waitsForNoop")

    def test_cutWithoutConflict(self) -> None:
        """
        A follower replaces the end of its log by whatever comes, where nothing conflicts.
        """
        self.plant("the log is cut without a conflict")
        self.assertCaught(test_replication.FollowerTests, "test_overtakenMessage", "test_writesOnlyWhatItLacks")

    def test_noConsistencyCheck(self) -> None:
        """
        A follower takes entries whatever its log holds before them.
        """
        self.plant("entries are taken without the consistency check")
        self.assertCaught(test_replication.FollowerTests, "test_consistencyCheck", "test_appends")

    def test_endOfLogConfirmed(self) -> None:
        """
        A follower confirms the end of its log, and not of what it was sent.
        """
        self.plant("a follower acknowledges the end of its log")
        self.assertCaught(test_replication.FollowerTests, "test_overtakenMessage", "test_tailBeyondHeartbeat")

    def test_commitWithoutLimit(self) -> None:
        """
        A follower takes the leader's commitIndex, limited by nothing but the end of its log.
        """
        self.plant("a follower commits beyond what was verified")
        self.assertCaught(test_commit.FollowerTests, "test_limitedToWhatIsVerified", "test_notFromRejectedMessage")

    def test_readWithoutQuorum(self) -> None:
        """
        A leader answers reads without asking anyone.
        """
        self.plant("a read is answered without a quorum")
        self.assertCaught(test_reads.QuorumTests, "test_majorityAnswers", "test_cutOffLeader")

    def test_readByEarlierAnswers(self) -> None:
        """
        Any answer counts for the reads that wait, to whatever message.
        """
        self.plant("a read is confirmed by answers to earlier messages")
        self.assertCaught(test_reads.QuorumTests, "test_earlierMessagesDoNotCount")

    def test_writeOvertakesRead(self) -> None:
        """
        A write is sent without opening a round for the reads before it.
        """
        self.plant("a write overtakes the read before it")
        self.assertCaught(test_reads.IndexTests, "test_writeDuringRoundCannotOvertake", "test_randomInterleavings")

    def test_lengthBeforeTerm(self) -> None:
        """
        Logs are compared by their length first.
        """
        self.plant("logs are compared by length before term")
        self.assertCaught(test_election.VoterTests, "test_upToDate")

    def test_matchIndexGoesBack(self) -> None:
        """
        A late answer lowers matchIndex.
        """
        self.plant("matchIndex goes back on a late reply")
        self.assertCaught(test_replication.LeaderTests, "test_lateReplies")

    def test_voteOfOldTermCounted(self) -> None:
        """
        A vote that was given in an earlier election is counted.
        """
        self.plant("a vote reply of an old term is counted")
        self.assertCaught(test_election.CandidateTests, "test_voteOfOldTerm")

    def test_preVoteCounted(self) -> None:
        """
        A pre-vote is counted as a vote.
        """
        self.plant("a pre-vote is counted as a vote")
        self.assertCaught(test_election.CandidateTests, "test_preVoteIsNoVote")

    def test_voteClearedWithinTerm(self) -> None:
        """
        A server that becomes a follower forgets its vote, within the same term too.
        """
        self.plant("votedFor is cleared within a term")
        self.assertCaught(test_election.VoterTests, "test_voteStaysInItsTerm")
        self.assertCaught(test_checkquorum.CheckQuorumTests, "test_keepsItsVote")

    def test_replacedEntriesCounted(self) -> None:
        """
        A finished write counts for entries that were replaced since.
        """
        self.plant("a finished write counts for entries replaced since")
        self.assertCaught(test_persistence.EntriesTests, "test_replacedEntries", "test_replacedBySameTerm")

    def test_appliedBeforeSync(self) -> None:
        """
        Committed entries are applied before they are on this server's own disk.
        """
        self.plant("entries are applied beyond what the own disk holds")
        self.assertCaught(test_persistence.EntriesTests, "test_appliedOnlyFromTheDisk")

    def test_preCandidateForgetsVote(self) -> None:
        """
        A pre-candidate gives its vote away without noting it.
        """
        self.plant("a pre-candidate forgets the vote that it gives")
        self.assertCaught(test_election.VoterTests, "test_preCandidateRecordsItsVote")

    def test_noPreVote(self) -> None:
        """
        A server that times out begins a new term at once.
        """
        self.patch(Raft, "_campaign", lambda raft: raft._stand())
        self.assertCaught(test_prevote.PreVoteTests, "test_partitionedServer")

    def test_halfIsAMajority(self) -> None:
        """
        Of an even number of servers, half are taken for a majority.
        """
        self.plant("half of the votes are a majority")
        self.assertCaught(test_election.CandidateTests, "test_majority")

    def test_deposedLeaderKeepsProposals(self) -> None:
        """
        What a leader had proposed when it was deposed is never written.
        """
        self.plant("a deposed leader never writes what it had proposed")
        self.assertCaught(test_persistence.EntriesTests, "test_deposedLeaderWritesProposals", "test_deposedByEntries")

    def test_slowDiskLeadsOn(self) -> None:
        """
        A leader with a slow disk leads on for as long as that lasts.
        """
        self.plant("a leader with a slow disk leads on")
        self.assertCaught(test_slowdisk.LeaderTests, "test_handsOver", "test_stepsDown", "test_severalAtOnce")
        self.assertCaught(test_slowdisk.NetworkTests, "test_anotherLeads")

    def test_slowDisksDepose(self) -> None:
        """
        A leader steps down for its disk, though no other server has a faster one.
        """
        self.plant("a leader steps down where all disks are slow")
        self.assertCaught(test_slowdisk.LeaderTests, "test_allSlow")

    def test_hintBeyondLog(self) -> None:
        """
        A follower sends the leader to beyond the end of its log, and the leader goes there, again and again.
        """
        self.plant("a conflict hint beyond the log, which the leader follows")
        self.assertCaught(test_replication.ConflictTests, "test_figure7", "test_backsUpByTerm")

    def test_backsUpOneByOne(self) -> None:
        """
        A leader looks for the place where the logs agree one entry at a time.
        """
        self.plant("a leader backs up one entry at a time")
        self.assertCaught(test_replication.ConflictTests, "test_backsUpByTerm")

    def test_handsOverTooSoon(self) -> None:
        """
        A leader tells a peer to lead that lacks some of the log.
        """
        self.plant("a leader hands over to a server that lacks entries")
        self.assertCaught(test_handover.LeaderTests, "test_notBeforeItHasAll")

    def test_proposalsMeanwhile(self) -> None:
        """
        A leader that hands over takes proposals.
        """
        self.plant("a leader takes proposals while it hands over")
        self.assertCaught(test_handover.LeaderTests, "test_takesNothing", "test_failsInTime")

    def test_handsOverForEver(self) -> None:
        """
        A leader waits for who is to take over, and takes nothing new.
        """
        self.plant("a leader waits for ever for who is to take over")
        self.assertCaught(test_handover.LeaderTests, "test_failsInTime")

    def test_handOverOfOldTerm(self) -> None:
        """
        A server does what the leader of an earlier term wants.
        """
        self.plant("a server stands since the leader of an old term wants it")
        self.assertCaught(test_handover.TargetTests, "test_oldTerm")

    def test_anotherVote(self) -> None:
        """
        A voter votes for who is to take over though it has voted in that term.
        """
        self.plant("a voter votes once more for a hand-over")
        self.assertCaught(test_handover.VoterTests, "test_oneVote")

    def test_unappliedKept(self) -> None:
        """
        What is committed and not applied stays in memory.
        """
        self.plant("what is not applied stays in memory")
        self.assertCaught(test_readback.ReadBackTests, "test_usualLimits", "test_smallEntries", "test_distrusted")

    def test_otherPlaceApplied(self) -> None:
        """
        What was read is applied, though a snapshot has had the state machine go on elsewhere.
        """
        self.plant("what was read for another place is applied")
        self.assertCaught(test_readback.ReadBackTests, "test_late")

    def test_leftOut(self) -> None:
        """
        An entry that was read is not applied.
        """
        self.plant("an entry that was read is left out")
        self.assertCaught(test_readback.ReadBackTests, "test_smallEntries", "test_readyEntries")

    def test_unsyncedReleased(self) -> None:
        """
        What is committed and not yet on the own disk is released from memory. It is not applied before it is there, so
        a simulation has to meet a peer that lacks just this.
        """
        takeReady = ServerState.takeReady

        def releaseMore(state: ServerState, mayApply: bool) -> Ready:
            ready = takeReady(state, mayApply)
            state.log.forget(state.commitIndex)
            return ready

        self.patch(ServerState, "takeReady", releaseMore)
        self.assertCaught(test_readback.ReadBackTests, "test_uncommittedStays")

    def test_voteGoesWithSnapshot(self) -> None:
        """
        A term that begins in the turn of an install is taken to be on the disk once that is. In a simulation it takes
        a crash just then, and an election after it: one seed in thousands.
        """
        requireReplaceable(ServerState)
        persistVote = ServerState._persistVote
        install = ServerState.install

        def installAlone(state: ServerState, index: int, term: int, configuration: Configuration) -> None:
            self.patch(ServerState, "_persistVote", lambda state: None)
            install(state, index, term, configuration)
            self.patch(ServerState, "_persistVote", persistVote)

        self.patch(ServerState, "install", installAlone)
        self.assertCaught(test_snapshot.FollowerTests, "test_voteBefore")

    def test_leaderTakesItsTime(self) -> None:
        """
        A leader lets entries wait before they are applied, as a follower does.
        """
        self.patch(RaftView, "appliesNow", property(lambda raft: raft.state.isPressed))
        self.assertCaught(test_applying.ApplyingTests, "test_leader")
