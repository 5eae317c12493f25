"""
The candidate, and the pre-candidate that comes before it: section 5.2 of the paper, section 9.6 of Ongaro's thesis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.raft.roles import Role, RoleName

if TYPE_CHECKING:
    from replkv.raft.core import Raft


class Candidate(Role):
    """
    Asks all servers for their vote; in an election, or before one.

    @ivar preVote: whether it only asks whether an election could be won. That changes neither its term nor its vote,
        so that a server that comes back from a partition disturbs nobody.
    """

    def __init__(self, raft: Raft, preVote: bool) -> None:
        super().__init__(raft)
        self.name = RoleName.PRE_CANDIDATE if preVote else RoleName.CANDIDATE
        self.preVote = preVote
        self._elapsed = 0
        self._timeout = raft.randomElectionTimeout()
        self._votes: set[int] = set()

    def start(self) -> None:
        """
        Ask for the votes, and count this server's own: a pre-vote at once, since it promises nothing, a vote when
        it is on the disk.
        """
        raft = self.raft
        request = RequestVote(
            term=self._term, lastLogIndex=raft.log.lastIndex, lastLogTerm=raft.log.lastTerm, preVote=self.preVote
        )
        for peer in raft.peers:
            raft.send(peer, request)
        if self.preVote:
            self._granted(raft.config.id)

    def tick(self) -> None:
        """
        Begin again when the votes were split or lost (section 5.2).
        """
        self._elapsed += 1
        if self._elapsed >= self._timeout:
            self.raft.campaign()

    def persisted(self) -> None:
        """
        The server's own vote counts as soon as it could not be given twice.
        """
        if not self.preVote and self.raft.voteIsDurable:
            self._granted(self.raft.config.id)

    def voteReply(self, sender: int, reply: RequestVoteReply) -> None:
        """
        Count a vote that was granted in this election, and not in the pre-vote before it.
        """
        if reply.granted and reply.preVote == self.preVote and reply.term == self._term:
            self._granted(sender)

    @property
    def _term(self) -> int:
        return self.raft.currentTerm + 1 if self.preVote else self.raft.currentTerm

    def _granted(self, voter: int) -> None:
        self._votes.add(voter)
        if self.raft.configuration.isQuorum(self._votes):
            if self.preVote:
                self.raft.stand()
            else:
                self.raft.lead()
