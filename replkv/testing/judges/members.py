"""
Members: everyone goes by the last configuration of its log, and configurations follow each other one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from replkv.raft.configuration import Configuration
from replkv.raft.leader import Leader
from replkv.raft.member import Kind
from replkv.raft.membership import configurationsIn, decode, isConfiguration
from replkv.raft.outputs import Install, Persist
from replkv.testing import rare
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Members:
    """
    Section 6 of the paper; chapter 4 of Ongaro's thesis, with what he found out about it in 2015.
    """

    def __init__(self, counted: Counter[str]) -> None:
        self._rare = counted
        self._known: dict[tuple[int, int], Configuration] = {}  # By index and term of their entries.
        self._leaving: dict[int, int] = {}  # Of each leader, for how many ticks it leads without a vote.
        self._index: dict[int, int] = {}  # Of the configuration that each server was last seen to go by.

    def started(self, view: View) -> None:
        """
        A server has started: what its log has is in force.
        """
        self._index[view.id] = self._leaving[view.id] = 0
        self.look(view)

    def ticked(self, view: View) -> None:
        """
        A server has counted a tick.

        @raise Violation: if it leads on, though it has no vote any more, and that is committed.
        """
        raft, configurations = view.raft, view.raft.state.configurations
        isGone = view.id not in configurations.latest.voters and configurations.latestIndex <= raft.commitIndex
        ticks = self._leaving[view.id] + 1 if isGone and isinstance(raft.role, Leader) else 0
        self._leaving[view.id] = ticks
        if ticks > 2 * raft.config.electionTicks:
            raise Violation(f"server {view.id} is no voter, and leads on for {ticks} ticks")

    def given(self, persists: Sequence[Persist | Install]) -> None:
        """
        A server has its disk write.
        """
        for persist in persists:
            if isinstance(persist, Persist):
                for index, term, data in persist.batch.entries:
                    if isConfiguration(data):
                        self._known[index, term] = decode(data)

    def committed(self, terms: Sequence[int]) -> list[Configuration]:
        """
        The configurations that are committed, in order.

        @param terms: those of all entries that are committed.
        """
        found = [known for known in self._known if known[0] <= len(terms) and terms[known[0] - 1] == known[1]]
        return [self._known[known] for known in sorted(found)]

    def open(self, terms: Sequence[int]) -> list[Configuration]:
        """
        The configurations that may yet be committed.

        @param terms: as above.
        """
        return [configuration for (index, _), configuration in self._known.items() if index > len(terms)]

    def look(self, view: View) -> None:
        """
        What a server goes by is what its log says; or, where it leads, what its log is about to say.
        """
        raft, index = view.raft, view.raft.state.configurations.latestIndex
        if index <= len(view.terms):
            found = self._upTo(view, len(view.terms))
            if raft.state.configuration != found:
                raise Violation(
                    f"server {view.id} goes by {_told(raft.state.configuration)}, and its log says {_told(found)}"
                )
        view.configurationBefore, view.configuration = view.configuration, raft.state.configuration
        if view.configuration is not view.configurationBefore:
            for asked in view.reads.values():
                asked.configurations.append(view.configuration)

    def check(self, view: View, committed: Sequence[int]) -> bool:
        """
        What a leader has just put into its log is one step from what it went by before, which is committed, and so is
        something of the leader's own term.

        @param committed: the terms of all entries that are committed.
        @return: whether the server goes by another configuration than before.
        """
        raft, index = view.raft, view.raft.state.configurations.latestIndex
        before, self._index[view.id] = self._index[view.id], index
        self._rare[rare.CONFIGURATION_TAKEN_BACK] += index < before
        if index > before and isinstance(raft.role, Leader):
            own = [entry for entry in raft.log.recentAfter(before) if entry.term == raft.currentTerm]
            self._proposed(view, configurationsIn(own), committed)
        return index != before

    def _proposed(
        self, view: View, configurations: Sequence[tuple[int, Configuration]], committed: Sequence[int]
    ) -> None:
        """
        @param configurations: index and configuration of the entries that have one.
        """
        if not configurations:
            return
        first, _ = configurations[0]
        last, before = self._last(view, first - 1)[0], self._upTo(view, first - 1)
        for index, after in configurations:
            self._rare[rare.MEMBERS_CHANGED] += 1
            if last > len(committed):
                raise Violation(f"leader {view.id} changes the members, and the change before that is not committed")
            if view.raft.currentTerm not in committed:
                raise Violation(f"leader {view.id} changes the members before it has committed anything in its term")
            if len([member for member in after.members if member.kind is Kind.ABSENT]) > 1:
                raise Violation(f"leader {view.id} takes more than one vote by itself: {_told(after)}")
            self._rare[rare.SPARE_TOOK_OVER] += tookOver(before, after)
            if len({*before.voters} ^ {*after.voters}) > 1:
                raise Violation(f"leader {view.id} goes from {_told(before)} to {_told(after)}")
            last, before = index, after

    def _upTo(self, view: View, index: int) -> Configuration:
        """
        What is in force after an entry of a server's log.
        """
        return self._known.get(self._last(view, index), view.beginning)

    def _last(self, view: View, index: int) -> tuple[int, int]:
        """
        Index and term of the last configuration up to an entry of a server's log.
        """
        return max([known for known in self._known if known[0] <= index and view.has(*known)], default=(0, 0))


def tookOver(before: Configuration, after: Configuration) -> bool:
    """
    Whether a spare has the vote of one that is gone, as the autopilot does it.
    """
    isGone = any(member.kind is Kind.ABSENT and after.member(member.id) is None for member in before.members)
    spares = {member.id for member in before.members if member.kind is Kind.SPARE}
    return isGone and not spares.isdisjoint(after.voters)


def _told(configuration: Configuration) -> str:
    return ", ".join(f"{member.kind} {member.id}" for member in configuration.members)
