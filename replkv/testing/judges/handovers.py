"""
Hand-overs: a leader has a peer lead in its place, and loses nothing by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from replkv.raft.leader import Leader
from replkv.raft.messages import RequestVote, TimeoutNow
from replkv.raft.outputs import Send
from replkv.testing import rare
from replkv.testing.judges.folders import Folders
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class _UnderWay:
    """
    A hand-over that a leader has begun.

    @ivar role: the leader's role: another one of the same server has begun nothing.
    @ivar target: who is to lead.
    @ivar lastIndex: the end of the leader's log when it was first seen to hand over.
    @ivar ticks: how many ticks the leader has counted since.
    """

    def __init__(self, view: View, target: int) -> None:
        self.role = view.raft.role
        self.target = target
        self.lastIndex = view.raft.log.lastIndex
        self.ticks = 0


class HandOvers:
    """
    Section 3.10 of Ongaro's thesis.
    """

    def __init__(self, folders: Folders, counted: Counter[str]) -> None:
        self._folders = folders
        self._rare = counted
        self._underWay: dict[int, _UnderWay] = {}  # By leader.
        self._told: set[tuple[int, int]] = set()  # Who was told to stand for election, and by the leader of which term.

    def started(self, view: View) -> None:
        """
        A server has started, and hands over to nobody.
        """
        self._underWay.pop(view.id, None)

    def ticked(self, view: View) -> None:
        """
        A server has counted a tick.

        @raise Violation: if it leads, and has taken no proposals for longer than an election timeout.
        """
        self._look(view)
        known = self._underWay.get(view.id)
        if known is not None:
            known.ticks += 1
            if known.ticks > view.raft.config.electionTicks:
                raise Violation(
                    f"leader {view.id} has handed over to server {known.target} for {known.ticks} ticks, in which it "
                    "took no proposals"
                )

    def check(self, view: View, sends: Sequence[Send]) -> None:
        """
        A server has done what was to be done.

        @raise Violation: if it has taken proposals, though it hands over; or if it tells a peer to lead that cannot.
        """
        self._look(view)
        known, log = self._underWay.get(view.id), view.raft.log
        if known is not None and log.lastIndex > known.lastIndex:
            raise Violation(
                f"leader {view.id} hands over to server {known.target}, and takes the proposal {log.lastIndex}"
            )
        for to, message, _ in sends:
            if isinstance(message, TimeoutNow):
                self._tells(view, to, message)

    def asks(self, view: View, message: RequestVote) -> None:
        """
        A server asks for votes.

        @raise Violation: if it says that the leader wants it to, and that is not so.
        """
        if message.handOver and (message.preVote or (view.id, message.term - 1) not in self._told):
            raise Violation(
                f"server {view.id} stands for election in term {message.term} as if the leader wanted it to, and none "
                f"of term {message.term - 1} does"
            )

    def _look(self, view: View) -> None:
        """
        See whether a hand-over has begun, or is over.
        """
        role, target = view.raft.role, view.raft.handsOverTo
        known = self._underWay.get(view.id)
        if known is not None and (known.role is not role or target != known.target):
            del self._underWay[view.id]
            if known.role is role:
                self._rare[rare.HAND_OVER_FAILED] += 1
        if isinstance(role, Leader) and target is not None and view.id not in self._underWay:
            self._underWay[view.id] = _UnderWay(view, target)

    def _tells(self, view: View, to: int, message: TimeoutNow) -> None:
        self._told.add((to, message.term))
        if not isinstance(view.raft.role, Leader) or view.raft.currentTerm != message.term:
            return  # What it had to say was said before it was deposed.
        last = view.raft.log.lastIndex
        if view.raft.commitIndex < last:
            raise Violation(f"leader {view.id} hands over to server {to}, and entry {last} is not committed")
        target, folders = view.configuration.member(to), self._folders
        isThere = target is not None and (
            folders.hasGoneOn(target, message.term) or folders.holds(target, last, view.raft.log.term(last))
        )
        if not isThere:
            raise Violation(f"leader {view.id} hands over to server {to}, which does not have entry {last}")
