"""
How a leader has members come and go: chapter 4 of Ongaro's thesis.
"""

from __future__ import annotations

from collections.abc import Mapping

from replkv.raft.changes import CannotChange, NotNow, isOneStep, isReplaced
from replkv.raft.configuration import Configuration
from replkv.raft.learning import Learning
from replkv.raft.member import Kind
from replkv.raft.progress import Progress
from replkv.raft.state import ServerState


class Changing:
    """
    Says when there can be another configuration, and which learners are to be voters.
    """

    def __init__(self, state: ServerState, noopIndex: int) -> None:
        """
        @param noopIndex: index of the entry with which the leader opened its term.
        """
        self._state = state
        self._noopIndex = noopIndex
        self._learning: dict[int, Learning] = {}

    def check(self, configuration: Configuration) -> None:
        """
        Only one change at a time, and none before something of this term is committed: else two configurations that
        have no majority in common could both be committed, by leaders that do not know of each other (Ongaro, "bug in
        single-server membership changes", 2015).

        @raise NotNow: if there can be no other one yet.
        @raise CannotChange: if there can be no such configuration.
        """
        state = self._state
        if state.commitIndex < self._noopIndex:
            raise NotNow("this leader has just been elected, and nothing of its term is committed yet")
        if state.commitIndex < state.configurations.latestIndex:
            raise NotNow("another change of the members is under way")
        if not isOneStep(state.configuration, configuration):
            raise CannotChange("one voter can come or go at a time")

    def configured(
        self, before: Configuration, progress: Mapping[int, Progress], nextIndex: int
    ) -> dict[int, Progress]:
        """
        There is another configuration. Of a member that has another data folder than before, nothing is known.

        @param before: the last one.
        @param progress: what was known of its members.
        @param nextIndex: where to begin with who is new.
        @return: what is known of those that are members now.
        """
        state = self._state
        after, limits, last = state.configuration, state.config.limits, state.log.lastIndex
        known = {peer: progress.get(peer) for peer in state.peers if not isReplaced(before, after, peer)}
        learners = [member.id for member in after.members if member.kind in (Kind.LEARNER, Kind.ABSENT)]
        self._learning = {peer: self._learning.get(peer) or Learning(last) for peer in learners}
        return {peer: known.get(peer) or Progress(nextIndex, limits) for peer in state.peers}

    def tick(self) -> None:
        """
        One tick passed.
        """
        for learning in self._learning.values():
            learning.tick()

    def mayVote(self, peer: int, matchIndex: int) -> bool:
        """
        A peer has acknowledged entries.

        @param matchIndex: up to here it has the log.
        @return: whether it is a learner that keeps up, so that it is to be a voter.
        """
        learning, state = self._learning.get(peer), self._state
        return learning is not None and learning.keepsUp(matchIndex, state.log.lastIndex, state.config.electionTicks)
