"""
What the log says, without the data of its entries.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from replkv.storage.segmentindex import SegmentIndex


class Span:
    """
    Where the log stood when one of its segments was begun.

    @ivar number: the segment's number.
    @ivar lastIndex: the last index of the log.
    @ivar term: currentTerm.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar end: where the frames of the segment before it end.
    @ivar isReachedOver: whether this segment, or a later one, has entries that replaced others from before it. Replayed
        without those, it would not follow.
    """

    __slots__ = ("end", "isReachedOver", "lastIndex", "number", "term", "votedFor")

    def __init__(self, number: int, lastIndex: int, term: int, votedFor: int | None, end: int) -> None:
        self.number = number
        self.lastIndex = lastIndex
        self.term = term
        self.votedFor = votedFor
        self.end = end
        self.isReachedOver = False


class LogOutline:
    """
    The state that a log's sections give when they are replayed in order. Its memory is 16 bytes for each section that
    has entries, which on the disk has 44 at least, and some for each run of equal terms and each segment; never per
    entry.

    It also holds on, in production too, to what Raft promises of a log: a breach is a damaged log or a programming
    error, and must not get any further.

    @ivar term: currentTerm.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar firstIndex: the index of the first entry, were there one.
    @ivar prevTerm: the term of the entry before it; 0 if there was none.
    @ivar termRuns: the first index and the term of each run of entries with equal terms.
    @ivar spans: where the log stood at the beginning of each of its segments, in order.
    """

    __slots__ = (
        "_firsts",
        "_places",
        "firstIndex",
        "lastIndex",
        "prevTerm",
        "spans",
        "term",
        "termRuns",
        "votedFor",
    )

    def __init__(self, firstIndex: int = 1, prevTerm: int = 0, term: int = 0, votedFor: int | None = None) -> None:
        self.term = term
        self.votedFor = votedFor
        self.firstIndex = firstIndex
        self.prevTerm = prevTerm
        self.lastIndex = firstIndex - 1
        self.termRuns: list[tuple[int, int]] = []
        self.spans: list[Span] = []
        self._firsts = array("Q")
        self._places = array("Q")

    def begin(self, number: int, previousEnd: int) -> None:
        """
        A segment begins: the next sections are in it.

        @param previousEnd: where the frames of the segment before it end.
        """
        self.spans.append(Span(number, self.lastIndex, self.term, self.votedFor, previousEnd))

    def add(self, term: int, votedFor: int | None, first: int, terms: Sequence[int], place: int) -> None:
        """
        Replay a section.

        @param first: the index of its first entry.
        @param terms: the terms of its entries, of which there may be none.
        @param place: where it is stored, below 2**64.
        @raise ValueError: if it cannot follow what was replayed before.
        """
        self._checkTurn(term, votedFor, terms[-1] if terms else 0)
        if terms:
            self._cut(first)
            current = 0
            for offset, each in enumerate(terms):
                if each != current:
                    self._run(first + offset, each)
                    current = each
            self._firsts.append(first)
            self._places.append(place)
            self.lastIndex = first + len(terms) - 1
        self.term = term
        self.votedFor = votedFor

    def join(self, index: SegmentIndex) -> None:
        """
        Replay what a segment's index says of its sections.

        @raise ValueError: if it cannot follow what was replayed before.
        """
        self._checkTurn(index.term, index.votedFor, index.termRuns[-1][1] if index.termRuns else 0)
        if index.firsts:
            self._cut(index.firsts[0])
            for first, term in index.termRuns:
                self._run(first, term)
            self._firsts.extend(index.firsts)
            self._places.extend(index.places)
            self.lastIndex = index.lastIndex
        self.term = index.term
        self.votedFor = index.votedFor

    def index(self, lastFrame: int, end: int, checksum: int) -> SegmentIndex:
        """
        Make the index of the segment that was begun last: see L{SegmentIndex}.
        """
        # The section that reaches back the furthest has removed all those behind it, and is there with all that
        # followed: the segment's sections are the last ones, without a gap.
        start = bisect_left(self._places, self.spans[-1].number << 32)
        firsts = self._firsts[start:]
        runs = self.runsFrom(firsts[0]) if firsts else []
        return SegmentIndex(
            lastFrame,
            end,
            checksum,
            self.term,
            self.votedFor,
            self.lastIndex,
            runs,
            firsts,
            self._places[start:],
        )

    def locate(self, index: int) -> tuple[int, int, int]:
        """
        Find the section that holds an entry.

        @return: the index of the section's first entry, the index of the last one that is still valid, and the
            place of the section.
        """
        section = bisect_right(self._firsts, index) - 1
        last = self._firsts[section + 1] - 1 if section + 1 < len(self._firsts) else self.lastIndex
        return self._firsts[section], last, self._places[section]

    @property
    def lastTerm(self) -> int:
        """
        The term of the last entry.
        """
        return self.termAt(self.lastIndex)

    def termAt(self, index: int) -> int:
        """
        The term of an entry, or of the one before the first.
        """
        if index < self.firstIndex:
            return self.prevTerm
        _, term = self.termRuns[bisect_left(self.termRuns, (index + 1, 0)) - 1]
        return term

    def runsFrom(self, index: int) -> list[tuple[int, int]]:
        """
        The runs of entries with equal terms from C{index} on, or none if that is past the end.
        """
        if index > self.lastIndex:
            return []
        later = bisect_left(self.termRuns, (index + 1, 0))
        return [(index, self.termAt(index)), *self.termRuns[later:]]

    def beginning(self, index: int, retained: int, end: int) -> Span | None:
        """
        Find the last segment with which the log can begin, so that what goes is but entries up to C{index}.

        @param retained: how many bytes of segments must be left, at least.
        @param end: where the frames of the last segment end.
        @return: C{None} if that is the first segment there is.
        """
        size = 0
        for span in reversed(self.spans[1:]):
            size += end
            end = span.end
            if span.lastIndex <= index and size >= retained and not span.isReachedOver:
                return span
        return None

    def forget(self, span: Span) -> None:
        """
        Have the log begin with the segment that is C{span}, which L{beginning} has found.
        """
        prevTerm, runs = self.termAt(span.lastIndex), self.runsFrom(span.lastIndex + 1)
        self.firstIndex, self.prevTerm, self.termRuns = span.lastIndex + 1, prevTerm, runs
        sections = bisect_left(self._places, span.number << 32)
        del self._firsts[:sections]
        del self._places[:sections]
        del self.spans[: self.spans.index(span)]

    def _checkTurn(self, term: int, votedFor: int | None, lastTerm: int) -> None:
        """
        Refuse a term and a vote that cannot follow.

        @param lastTerm: the term of the last entry that comes with them.
        """
        if term < self.term:
            raise ValueError(f"the term goes down from {self.term} to {term}")
        if term == self.term and self.votedFor not in (None, votedFor):
            raise ValueError(f"the vote in term {term} changes from {self.votedFor} to {votedFor}")
        if lastTerm > term:
            raise ValueError(f"there is an entry of term {lastTerm} in term {term}")

    def _cut(self, first: int) -> None:
        """
        Forget the entries from C{first} on, which others replace or follow.
        """
        if not self.firstIndex <= first <= self.lastIndex + 1:
            raise ValueError(f"entry {first} does not follow a log from {self.firstIndex} to {self.lastIndex}")
        if first <= self.lastIndex:
            section = bisect_left(self._firsts, first)
            del self._firsts[section:]
            del self._places[section:]
            del self.termRuns[bisect_left(self.termRuns, (first, 0)) :]
            self.lastIndex = first - 1
            for span in reversed(self.spans):
                if span.lastIndex < first:
                    break
                span.isReachedOver = True

    def _run(self, first: int, term: int) -> None:
        """
        Entries of C{term} follow from C{first} on.
        """
        current = self.termRuns[-1][1] if self.termRuns else self.prevTerm
        if term < current:
            raise ValueError(f"the term goes down from {current} to {term} at entry {first}")
        if term > current or not self.termRuns:
            self.termRuns.append((first, term))
