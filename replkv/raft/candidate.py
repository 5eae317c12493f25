"""
The candidate, and the pre-candidate that comes before it: section 5.2 of the paper, section 9.6 of Ongaro's thesis.
"""

from __future__ import annotations

from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.raft.roles import Role, RoleName, Transition
from replkv.raft.state import ServerState


class Candidate(Role):
    """
    Asks all servers for their vote; in an election, or before one.

    @ivar preVote: whether it only asks whether an election could be won. That changes neither its term nor its vote,
        so that a server that comes back from a partition disturbs nobody.
    @ivar handOver: whether it stands since the leader has told it to.
    """

    def __init__(self, state: ServerState, preVote: bool, handOver: bool = False) -> None:
        super().__init__(state)
        self.name = RoleName.PRE_CANDIDATE if preVote else RoleName.CANDIDATE
        self.preVote = preVote
        self.handOver = handOver
        self._elapsed = 0
        self._timeout = state.randomElectionTimeout()
        self._votes: set[int] = set()

    def start(self) -> Transition | None:
        """
        Ask for the votes, and count this server's own: a pre-vote at once, since it promises nothing, a vote when
        it is on the disk.
        """
        state = self.state
        request = RequestVote(
            term=self._term,
            lastLogIndex=state.log.lastIndex,
            lastLogTerm=state.log.lastTerm,
            preVote=self.preVote,
            handOver=self.handOver,
        )
        for voter in state.configuration.voters:
            if voter != state.config.id:
                state.send(voter, request)
        return self._granted(state.config.id) if self.preVote else None

    @property
    def restTicks(self) -> int:
        """
        See L{RaftView.restTicks<replkv.raft.view.RaftView.restTicks>}.
        """
        return max(1, self._timeout - self._elapsed - 1)

    def tick(self) -> Transition | None:
        """
        Begin again when the votes were split or lost (section 5.2).
        """
        self._elapsed += 1
        return Transition(RoleName.PRE_CANDIDATE) if self._elapsed >= self._timeout else None

    def persisted(self) -> Transition | None:
        """
        The server's own vote counts as soon as it could not be given twice.
        """
        if not self.preVote and self.state.voteIsDurable:
            return self._granted(self.state.config.id)
        return None

    def voteReply(self, sender: int, reply: RequestVoteReply) -> Transition | None:
        """
        Count a vote that was granted in this election, and not in the pre-vote before it.
        """
        if reply.granted and reply.preVote == self.preVote and reply.term == self._term:
            return self._granted(sender)
        return None

    @property
    def _term(self) -> int:
        return self.state.currentTerm + 1 if self.preVote else self.state.currentTerm

    def _granted(self, voter: int) -> Transition | None:
        self._votes.add(voter)
        if not self.state.configuration.isQuorum(self._votes):
            return None
        return Transition(RoleName.CANDIDATE if self.preVote else RoleName.LEADER)
