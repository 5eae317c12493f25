"""
Commitment: what is committed is on a majority of disks, stays for ever, and is the same for everyone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from replkv.raft.entry import Entry
from replkv.raft.leader import Leader
from replkv.raft.status import Status
from replkv.testing import rare
from replkv.testing.judges.folders import Folders
from replkv.testing.judges.logs import Logs
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Commits:
    """
    Section 5.4 of the paper.

    @ivar terms: the terms of all entries that were ever committed, by index from 1 on.
    """

    def __init__(self, logs: Logs, folders: Folders, counted: Counter[str]) -> None:
        self.terms: list[int] = []
        self._folders = folders
        self._logs = logs
        self._rare = counted
        self._committedIn: list[int] = []  # The terms of the leaders that committed them.
        self._applied: list[tuple[int, bytes]] = []
        self._digests: dict[int, bytes] = {}
        self._onMajority: dict[int, set[int]] = {}  # Index: terms of entries that were not committed by counting.

    def started(self, view: View) -> None:
        """
        What the state machine holds after a crash was committed.
        """
        if view.applied > len(self.terms):
            raise Violation(f"server {view.id} starts with entry {view.applied} applied, which is not committed")
        if view.applied and not view.has(view.applied, self.terms[view.applied - 1]):
            raise Violation(f"server {view.id} starts without entry {view.applied}, which it has applied")

    def elected(self, view: View) -> None:
        """
        A leader has all that was committed in earlier terms (leader completeness).
        """
        term = view.raft.currentTerm
        index = len(self.terms)
        while index and self._committedIn[index - 1] >= term:
            index -= 1
        if index and not view.has(index, self.terms[index - 1]):
            raise Violation(f"server {view.id} leads term {term} without entry {index}, which is committed")
        if len(view.terms) > len(self.terms) and view.terms[len(self.terms)] < term:
            self._rare[rare.INHERITED_UNCOMMITTED] += 1

    def check(self, view: View, views: Iterable[View]) -> None:
        """
        commitIndex never goes back, and what is new in it is committed.

        @param views: all servers.
        """
        raft = view.raft
        last = raft.commitIndex
        if last == view.commitIndex:
            return
        if last < view.commitIndex:
            raise Violation(f"server {view.id} goes back from commitIndex {view.commitIndex} to {last}")
        if last > len(view.terms):
            raise Violation(f"server {view.id} has commitIndex {last}, and its log ends with {len(view.terms)}")
        term = view.terms[last - 1]
        if last > len(self.terms):
            # It may have been deposed since, in the same turn.
            leadingTerm = raft.currentTerm if isinstance(raft.role, Leader) else view.leadingTerm
            self._commit(view, last, term, leadingTerm)
            for other in views:
                if other.leadingTerm > leadingTerm and not other.has(last, term):
                    raise Violation(f"entry {last} of term {term} is committed, and leader {other.id} does not have it")
        elif self.terms[last - 1] != term:
            raise Violation(
                f"server {view.id} commits entry {last} of term {term}, and it was committed with term "
                f"{self.terms[last - 1]}"
            )

    def leads(self, view: View, status: Status) -> None:
        """
        A leader has not committed anything of its term yet: see what it would, if it counted other entries.
        """
        matched = {peer: progress.matchIndex for peer, progress in status.progress.items()}
        index = view.agreed({view.id: view.raft.log.stableIndex, **matched})
        if index > max(len(self.terms), view.raft.commitIndex):
            term = view.terms[index - 1]
            known = self._onMajority.setdefault(index, set())
            if term < view.raft.currentTerm and term not in known:
                known.add(term)
                self._rare[rare.OLD_TERM_NOT_COUNTED] += 1

    def given(self, view: View, entries: list[Entry]) -> None:
        """
        A server has entries applied. All servers apply the same, without gaps, and nothing that their own disk does not
        hold (state machine safety).
        """
        if view.isDistrusted:
            raise Violation(f"server {view.id} applies entry {entries[0].index} to a state machine that is distrusted")
        for index, term, data in entries:
            view.applied += 1
            if index != view.applied:
                raise Violation(f"server {view.id} applies entry {index} as its entry {view.applied}")
            if index > len(self._applied):
                if self._logs.dataOf(index, term) not in (None, data):
                    raise Violation(f"server {view.id} applies an entry {index} of term {term} that nobody wrote")
                self._applied.append((term, data))
            elif self._applied[index - 1] != (term, data):
                raise Violation(f"server {view.id} applies another entry {index} than others did")
        if view.applied > min(view.raft.commitIndex, len(self.terms)):
            raise Violation(f"server {view.id} applies entry {view.applied}, which is not committed")
        if not view.disk.has(view.applied, entries[-1].term):
            raise Violation(f"server {view.id} applies entry {view.applied}, which is not on its disk")

    def applied(self, server: int, index: int, digest: bytes) -> None:
        """
        A server has applied all entries up to C{index}, and so has the state that is named by C{digest}.
        """
        if self._digests.setdefault(index, digest) != digest:
            raise Violation(f"server {server} has another state than others had when they had applied {index} entries")

    def _commit(self, view: View, last: int, term: int, leadingTerm: int) -> None:
        if not leadingTerm:
            raise Violation(f"server {view.id} follows and commits entry {last}, which no leader has committed")
        if term != leadingTerm:
            raise Violation(f"server {view.id} leads term {leadingTerm} and counts entry {last} of term {term}")
        if not view.isQuorum(lambda member: self._folders.holds(member, last, term)):
            members = view.configuration.members
            voters = view.configuration.voters
            held = sum(member.id in voters and self._folders.holds(member, last, term) for member in members)
            raise Violation(f"server {view.id} commits entry {last}, which is on {held} disks of {len(voters)}")
        for index in range(len(self.terms) + 1, last + 1):
            committed = view.terms[index - 1]
            if committed < term:
                self._rare[rare.OLD_TERM_COMMITTED] += 1
            if any(other != committed for other in self._onMajority.pop(index, ())):
                self._rare[rare.FIGURE_8] += 1
            self.terms.append(committed)
            self._committedIn.append(leadingTerm)
