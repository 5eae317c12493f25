"""
What the log says, without the data of its entries.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class LogOutline:
    """
    The state that a log's sections give when they are replayed in order. Its memory is per section and per run of
    equal terms, never per entry.

    It also holds on, in production too, to what Raft promises of a log: a breach is a damaged log or a programming
    error, and must not get any further.

    @ivar term: currentTerm.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar firstIndex: the index of the first entry, were there one.
    @ivar termRuns: the first index and the term of each run of entries with equal terms.
    """

    __slots__ = ("_firsts", "_places", "firstIndex", "lastIndex", "term", "termRuns", "votedFor")

    def __init__(self) -> None:
        self.term = 0
        self.votedFor: int | None = None
        self.firstIndex = 1
        self.lastIndex = 0
        self.termRuns: list[tuple[int, int]] = []
        self._firsts = array("Q")
        self._places = array("Q")

    def add(self, term: int, votedFor: int | None, first: int, terms: Sequence[int], place: int) -> None:
        """
        Replay a section.

        @param first: the index of its first entry.
        @param terms: the terms of its entries, of which there may be none.
        @param place: where it is stored, below 2**64.
        @raise ValueError: if it cannot follow what was replayed before.
        """
        if term < self.term:
            raise ValueError(f"the term goes down from {self.term} to {term}")
        if term == self.term and self.votedFor not in (None, votedFor):
            raise ValueError(f"the vote in term {term} changes from {self.votedFor} to {votedFor}")
        if terms:
            if terms[-1] > term:
                raise ValueError(f"there is an entry of term {terms[-1]} in term {term}")
            if not self.firstIndex <= first <= self.lastIndex + 1:
                raise ValueError(f"entry {first} does not follow a log from {self.firstIndex} to {self.lastIndex}")
            self._cut(first)
            self._extend(first, terms, place)
        self.term = term
        self.votedFor = votedFor

    def locate(self, index: int) -> tuple[int, int, int]:
        """
        Find the section that holds an entry.

        @return: the index of the section's first entry, the index of the last one that is still valid, and the
            place of the section.
        """
        section = bisect_right(self._firsts, index) - 1
        last = self._firsts[section + 1] - 1 if section + 1 < len(self._firsts) else self.lastIndex
        return self._firsts[section], last, self._places[section]

    def _cut(self, first: int) -> None:
        """
        Forget the entries from C{first} on.
        """
        if first <= self.lastIndex:
            section = bisect_left(self._firsts, first)
            del self._firsts[section:]
            del self._places[section:]
            del self.termRuns[bisect_left(self.termRuns, (first, 0)) :]
            self.lastIndex = first - 1

    def _extend(self, first: int, terms: Sequence[int], place: int) -> None:
        """
        Append entries.
        """
        runs = self.termRuns
        _, current = runs[-1] if runs else (0, 0)
        for offset, term in enumerate(terms):
            if term != current:
                if term < current:
                    raise ValueError(f"the term goes down from {current} to {term} at entry {first + offset}")
                runs.append((first + offset, term))
                current = term
        self._firsts.append(first)
        self._places.append(place)
        self.lastIndex = first + len(terms) - 1
