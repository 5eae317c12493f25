"""
Logs: an entry is named by its index and its term, nothing is removed without need, and what is taken for synced is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from replkv.raft.leader import Leader
from replkv.raft.outputs import Install, Persist
from replkv.testing import rare
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class _Written(NamedTuple):
    """
    What is known of an entry that some server has written.

    @ivar previous: the term of the entry before it.
    """

    data: bytes
    previous: int


class Logs:
    """
    Section 5.3 of the paper.
    """

    def __init__(self, counted: Counter[str]) -> None:
        self._rare = counted
        self._written: dict[tuple[int, int], _Written] = {}  # By index and term.

    def given(self, view: View, persists: Sequence[Persist | Install], committed: Sequence[int], lastTerm: int) -> None:
        """
        A server has its disk write. Index and term name an entry, and all entries before it: by induction, since each
        names the one before (log matching).

        @param committed: the terms of all entries that are committed.
        @param lastTerm: the last term that had a leader.
        """
        terms = view.terms
        mayGoBack = view.isDistrusted
        for persist in persists:
            if isinstance(persist, Install):
                self._install(view, persist, committed, mayGoBack)
                continue
            entries = persist.batch.entries
            if not entries:
                continue
            first = entries[0].index
            if first > len(terms) + 1:
                raise Violation(f"server {view.id} writes entry {first}, and its log ends with {len(terms)}")
            if first <= len(terms):
                self._cut(view, first, entries[0].term, committed)
            previous = terms[-1] if terms else 0
            for position, (index, term, data) in enumerate(entries, first):
                if index != position or term < previous:
                    raise Violation(f"server {view.id} writes entry {index} of term {term} after one of {previous}")
                written = _Written(data, previous)
                if self._written.setdefault((index, term), written) != written:
                    raise Violation(f"there are two entries {index} of term {term}: server {view.id} has another")
                terms.append(term)
                previous = term
            if view.leadingTerm == previous < lastTerm:
                self._rare[rare.REPLACED_LEADER_APPENDED] += 1

    def check(self, view: View) -> None:
        """
        A log in memory is what was given to the disk, and synced is what is on the disk. What was proposed may wait to
        be given, and then no peer has it either.
        """
        log, given = view.raft.log, len(view.terms)
        waits = log.lastIndex > given and isinstance(view.raft.role, Leader)
        if log.lastIndex != given and not (waits and log.term(given + 1) == view.raft.currentTerm):
            raise Violation(f"server {view.id} has entries up to {log.lastIndex}, and gave its disk {given}")
        stable = log.stableIndex
        if stable > len(view.terms):
            raise Violation(
                f"server {view.id} takes its log for synced up to {stable}, and it ends with {len(view.terms)}"
            )
        if stable != view.stableIndex and stable and not view.disk.has(stable, view.terms[stable - 1]):
            raise Violation(f"server {view.id} takes entry {stable} of term {view.terms[stable - 1]} for synced")

    def dataOf(self, index: int, term: int) -> bytes | None:
        """
        What this entry carries; C{None} where nobody was seen to write it.
        """
        known = self._written.get((index, term))
        return None if known is None else known.data

    def _install(self, view: View, install: Install, committed: Sequence[int], mayGoBack: bool) -> None:
        """
        A snapshot takes the place of what is committed, and of nothing that may have been acknowledged beyond it
        (section 7).
        """
        _, index, term, keepsLog = install
        if index > len(committed) or committed[index - 1] != term:
            raise Violation(f"server {view.id} installs a snapshot up to entry {index} of term {term}: not committed")
        if keepsLog != view.has(index, term):
            what = "keeps its log, which lacks" if keepsLog else "throws its log away, which has"
            raise Violation(f"server {view.id} {what} entry {index} of term {term}, where its snapshot ends")
        if index <= view.applied and not mayGoBack:
            raise Violation(f"server {view.id} goes back to a snapshot up to {index}, and has applied {view.applied}")
        if not keepsLog:
            self._rare[rare.LOG_REPLACED] += 1
            view.terms[:] = committed[:index]
        elif len(view.terms) > index:
            self._rare[rare.LOG_KEPT] += 1
        view.applied = index
        # It may have come to be distrusted again since.
        view.isDistrusted = view.raft.state.isDistrusted

    def _cut(self, view: View, first: int, term: int, committed: Sequence[int]) -> None:
        terms = view.terms
        if terms[first - 1] == term:
            raise Violation(f"server {view.id} removes entry {first} of term {term}, though there is no conflict")
        if first <= len(committed) and committed[first - 1] == terms[first - 1]:
            raise Violation(f"server {view.id} removes entry {first}, which is committed")
        if isinstance(view.raft.role, Leader) and view.raft.role is view.role:
            raise Violation(f"server {view.id} removes entry {first} and leads")
        if terms[first - 1] != terms[-1]:
            self._rare[rare.CONFLICT_OVER_TERMS] += 1
        del terms[first - 1 :]
