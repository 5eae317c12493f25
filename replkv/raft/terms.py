"""
The terms of all entries of a log, in memory that grows with the number of elections and not of entries.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from replkv.raft.invariants import InvariantViolation


class TermRuns:
    """
    The runs of entries of equal terms in a log. Terms never decrease along a log (the paper's section 5.3: they are
    appended by leaders of growing terms).
    """

    def __init__(self, runs: Sequence[tuple[int, int]] = ()) -> None:
        """
        @param runs: (first index, term) of each run, both ascending.
        """
        self._firsts = [first for first, _ in runs]
        self._terms = [term for _, term in runs]

    def append(self, index: int, term: int) -> None:
        """
        Note the term of the entry that now ends the log.
        """
        if not self._terms or self._terms[-1] != term:
            if self._terms and term < self._terms[-1]:
                raise InvariantViolation(f"term {term} after term {self._terms[-1]}")
            self._firsts.append(index)
            self._terms.append(term)

    def truncate(self, index: int) -> None:
        """
        Forget the terms from C{index} on.
        """
        keep = bisect_left(self._firsts, index)
        del self._firsts[keep:]
        del self._terms[keep:]

    def compact(self, index: int) -> None:
        """
        Forget the terms up to C{index}.
        """
        gone = bisect_right(self._firsts, index + 1) - 1
        if gone >= 0:
            del self._firsts[:gone]
            del self._terms[:gone]
            self._firsts[0] = index + 1

    def term(self, index: int) -> int:
        """
        The term of the entry at C{index}, which the log must hold.
        """
        return self._terms[bisect_right(self._firsts, index) - 1]

    def firstOf(self, index: int) -> int:
        """
        The first index of the run that holds C{index}.
        """
        return self._firsts[bisect_right(self._firsts, index) - 1]

    def lastUpTo(self, term: int, lastIndex: int) -> int:
        """
        The last index whose term is at most C{term}; one below the first entry where all terms are larger.

        @param lastIndex: the last index of the log.
        """
        run = bisect_right(self._terms, term)
        if run < len(self._firsts):
            return self._firsts[run] - 1
        return lastIndex
