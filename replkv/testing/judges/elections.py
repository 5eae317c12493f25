"""
Elections: one vote in a term, one leader in a term, and a majority behind it.
"""

from __future__ import annotations

from collections import Counter

from replkv.raft.leader import Leader
from replkv.raft.member import Kind, Member
from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.testing import rare
from replkv.testing.judges.contact import Contact
from replkv.testing.judges.folders import Folders
from replkv.testing.judges.handovers import HandOvers
from replkv.testing.judges.stability import Stability
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Elections:
    """
    Sections 5.2 and 5.4 of the paper.

    @ivar leaders: who led in each term.
    """

    def __init__(
        self,
        counted: Counter[str],
        folders: Folders,
        contact: Contact,
        stability: Stability,
        handOvers: HandOvers,
    ) -> None:
        self._folders = folders
        self._contact = contact
        self._stability = stability
        self._handOvers = handOvers
        self.leaders: dict[int, int] = {}
        self._rare = counted
        self._terms: dict[str, int] = {}  # The term that each data folder had when its server last told of it.
        self._votes: dict[tuple[str, int], int] = {}  # (the voter's folder, term): the candidate that was told of it
        self._stood: dict[int, dict[int, RequestVote]] = {}  # The candidates in each term, and what they asked.
        self._candidacies: dict[int, int] = {}  # The last term in which each server stood.
        self._split: set[int] = set()
        self._requests: dict[int, RequestVote] = {}  # The last that each server asked for.
        self._lastTerm = 0

    @property
    def lastTerm(self) -> int:
        """
        The last term that had a leader.
        """
        return self._lastTerm

    def started(self, view: View) -> None:
        """
        What was told before a crash, or was on the disk, is remembered after it.
        """
        known = self._terms.get(view.folder, 0)
        if view.term < known:
            raise Violation(f"server {view.id} starts in term {view.term}, and was in term {known} before")
        told = self._votes.get((view.folder, view.term))
        if told is not None and view.votedFor != told:
            raise Violation(
                f"server {view.id} starts with a vote for {view.votedFor} in term {view.term}, and told server {told} "
                "before that it had the vote"
            )

    def check(self, view: View) -> bool:
        """
        Terms never go back, votes never change within a term, and there is one leader in a term.

        @return: whether it has just been elected.
        """
        raft = view.raft
        term, candidate = raft.currentTerm, raft.votedFor
        if term != view.term or candidate != view.votedFor:
            self._vote(view, term, candidate)
        if raft.role is view.role:
            return False
        if view.leadingTerm:
            self._stepsDown(view)
        if not isinstance(raft.role, Leader):
            return False
        self._elected(view, term)
        return True

    def tells(self, view: View) -> None:
        """
        A server tells others of its term, which is on its disk.
        """
        self._terms[view.folder] = view.disk.term

    def asks(self, view: View, message: RequestVote) -> None:
        """
        A server asks for votes.
        """
        self._requests[view.id] = message
        self._handOvers.asks(view, message)
        self._stability.asks(message.term, message.handOver)
        if message.preVote:
            return
        term = message.term
        stood = self._stood.setdefault(term, {})
        if view.id not in stood:
            stood[view.id] = message
            before = self._candidacies.get(view.id, 0)
            self._candidacies[view.id] = term
            if before not in self.leaders and before not in self._split and len(self._stood.get(before, ())) > 1:
                self._split.add(before)
                self._rare[rare.SPLIT_VOTE] += 1
        self._told(view, term, view.id)

    def answers(self, view: View, to: int, message: RequestVoteReply) -> None:
        """
        A server grants or refuses its vote.
        """
        self._contact.answers(view, to, message)
        if message.granted and not message.preVote:
            if self._votes.get((view.folder, message.term)) == to:
                self._rare[rare.VOTE_REPEATED] += 1
            self._told(view, message.term, to)
        elif not message.granted and not view.raft.role.hasLeader and (view.folder, message.term) not in self._votes:
            request = self._requests.get(to)
            if request and request.lastLogIndex > len(view.terms) > 0 and request.lastLogTerm < view.terms[-1]:
                self._rare[rare.LONGER_LOG_REFUSED] += 1

    def _told(self, view: View, term: int, candidate: int) -> None:
        known = self._votes.setdefault((view.folder, term), candidate)
        if known != candidate:
            raise Violation(f"server {view.id} votes twice in term {term}: for {known}, and for {candidate}")

    def _vote(self, view: View, term: int, candidate: int | None) -> None:
        if term < view.term:
            raise Violation(f"server {view.id} goes back from term {view.term} to term {term}")
        if term == view.term and view.votedFor is not None:
            raise Violation(f"server {view.id} changes its vote in term {term} from {view.votedFor} to {candidate}")
        if candidate is not None and candidate != view.id:
            self._votesFor(view, term, candidate)

    def _votesFor(self, view: View, term: int, candidate: int) -> None:
        """
        A vote is for a candidate that has asked for it, and whose log is at least as up-to-date as the voter's
        (section 5.4.1). If the voter has entries of that term already, they came with its leader, after the vote.
        """
        request = self._stood.get(term, {}).get(candidate)
        if request is None:
            raise Violation(f"server {view.id} votes for {candidate} in term {term}, in which that does not stand")
        lastTerm = view.terms[-1] if view.terms else 0
        isBehind = (request.lastLogTerm, request.lastLogIndex) < (lastTerm, len(view.terms))
        if term > lastTerm and isBehind:
            raise Violation(f"server {view.id} votes for {candidate}, whose log is not as up-to-date as its own")

    def _stepsDown(self, view: View) -> None:
        if view.lastIndex > view.commitIndex:
            self._rare[rare.DEPOSED_WITH_UNCOMMITTED] += 1
        if view.raft.currentTerm == view.term:
            self._rare[rare.HANGING_DISK if view.raft.state.diskHangs else rare.LOST_QUORUM] += 1
        self._stability.deposed(view)

    def _elected(self, view: View, term: int) -> None:
        """
        It has the votes of a majority, its own as soon as it is on its disk.
        """
        if view.isDistrusted:
            raise Violation(f"server {view.id} is elected in term {term}, and its state machine is distrusted")
        if term in self.leaders:
            raise Violation(f"server {view.id} is elected in term {term}, and so was server {self.leaders[term]}")
        if not view.isQuorum(lambda member: self._hasVoted(view, member, term)):
            voters = [member for member in view.configuration.members if member.kind is Kind.VOTER]
            votes = sum(self._hasVoted(view, voter, term) for voter in voters)
            raise Violation(f"server {view.id} leads term {term} with {votes} votes of {len(voters)}")
        self.leaders[term] = view.id
        request = self._stood.get(term, {}).get(view.id)
        self._rare[rare.HANDED_OVER] += request is not None and request.handOver
        self._lastTerm = max(self._lastTerm, term)
        self._contact.elected(view)
        self._stability.elected(term)

    def _hasVoted(self, view: View, voter: Member, term: int) -> bool:
        """
        Whether a candidate has a voter's vote, as far as that is the word of the voter.
        """
        if voter.id == view.id:
            isDurable = (view.disk.term, view.disk.votedFor) == (term, view.id)
            return isDurable and self._folders.counts(voter, view.folder)
        return any(self._votes.get((folder, term)) == view.id for folder in self._folders.of(voter))
