"""
Contact: what a server may do depends on whom it has heard, and how many of its own ticks ago.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv.raft.leader import Leader
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
)
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Contact:
    """
    Sections 4.2.3, 6.2 and 9.6 of Ongaro's thesis: a leader that a majority does not answer leads no longer; who hears
    a leader takes part in no election, unless the leader wants it; a pre-vote changes nothing. Section 3.10: who is
    told to stand for election does so if it is its own leader that wants it.
    """

    def __init__(self) -> None:
        self._ticks: dict[int, int] = {}
        self._answers: dict[int, dict[int, int]] = {}  # Leader: at which of its ticks it last heard each peer.
        self._heard: dict[
            int, tuple[int, int]
        ] = {}  # Follower: the term of the leader that it heard, and at what tick.
        self._mayGrant: dict[int, dict[tuple[int, int], bool]] = {}  # Voter: for each candidate and term that asked.

    def started(self, view: View) -> None:
        """
        A server has started, and has heard nobody.
        """
        self._ticks[view.id] = 0
        self._answers[view.id] = {}
        self._heard.pop(view.id, None)
        self._mayGrant[view.id] = {}

    def elected(self, view: View) -> None:
        """
        A server begins to lead: those who voted for it were its majority.
        """
        self._answers[view.id] = dict.fromkeys(view.peers, self._ticks[view.id])

    def configured(self, view: View) -> None:
        """
        A server goes by another configuration: if it leads, it has as long again to hear a majority.
        """
        self._answers[view.id] = dict.fromkeys(self._answers[view.id], self._ticks[view.id])

    def ticked(self, view: View) -> None:
        """
        A server has counted a tick.

        @raise Violation: if it leads, and a majority has not answered it for two election timeouts. It looks once in
            each whether a majority has answered since the last look.
        """
        ticks = self._ticks[view.id] = self._ticks[view.id] + 1
        if not isinstance(view.raft.role, Leader) or not view.peers:
            self._answers[view.id] = {}
            return
        answers = self._answers[view.id]
        # Who has just become a member is not late yet.
        heard = {peer: answers.setdefault(peer, ticks) for peer in view.configuration.peersOf(view.id)}
        silent = ticks - view.agreed({view.id: ticks, **heard})
        if silent > 2 * view.raft.config.electionTicks:
            raise Violation(f"server {view.id} leads, and a majority has not answered it for {silent} ticks")

    def receives(self, view: View, sender: int, message: Message, take: Callable[[], None]) -> None:
        """
        A message comes to a server.

        @param take: has it taken in.
        @raise Violation: if it does to the server what it must not do.
        """
        term, votedFor = view.raft.currentTerm, view.raft.votedFor
        hears = isinstance(message, RequestVote) and not message.handOver and self._hearsLeader(view)
        take()
        match message:
            case RequestVote():
                if (hears or message.preVote) and (view.raft.currentTerm, view.raft.votedFor) != (term, votedFor):
                    what = "a pre-vote" if message.preVote else "an election, and hears a leader"
                    raise Violation(f"server {view.id} is asked by server {sender} about {what}, and changes its term")
                # What was granted before may leave later, when the disk is done.
                asked, mayGrant = (sender, message.term), self._mayGrant[view.id]
                mayGrant[asked] = mayGrant.get(asked, False) or not hears
            case TimeoutNow():
                if view.raft.currentTerm != term != message.term:
                    raise Violation(
                        f"server {view.id} is in term {term}, and stands for election as server {sender} tells it to, "
                        f"which led term {message.term}"
                    )
            case AppendEntries() | InstallSnapshot():
                if message.term == view.raft.currentTerm:
                    self._heard[view.id] = (message.term, self._ticks[view.id])
            case AppendEntriesReply() | InstallSnapshotReply():
                if message.term == view.raft.currentTerm and sender in self._answers[view.id]:
                    self._answers[view.id][sender] = self._ticks[view.id]

    def answers(self, view: View, to: int, message: RequestVoteReply) -> None:
        """
        A server answers whether it votes, or would vote, for another.

        @raise Violation: if it says yes, and heard a leader when it was asked.
        """
        if message.granted and not self._mayGrant[view.id].get((to, message.term), True):
            raise Violation(f"server {view.id} hears a leader, and wants server {to} to lead term {message.term}")

    def _hearsLeader(self, view: View) -> bool:
        if isinstance(view.raft.role, Leader):
            return True
        if view.id not in self._heard:
            return False
        term, tick = self._heard[view.id]
        return term == view.raft.currentTerm and self._ticks[view.id] - tick < view.raft.config.electionTicks
