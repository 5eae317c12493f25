"""
The log as the core sees it, against a naive model: a list of entries.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.entry import Entry
from replkv.raft.invariants import InvariantViolation
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.log import ENTRY_OVERHEAD, RaftLog
from replkv.raft.quorum import agreed, majority
from replkv.raft.terms import TermRuns
from tests.raft.network import entriesOf

TERMS = st.lists(st.integers(1, 6), max_size=20).map(sorted)
# Append an entry whose term is larger by so much; or cut so many entries off (negative).
CHANGES = st.lists(st.integers(-5, 3), max_size=40)


def logOf(*terms: int, firstIndex: int = 1, prevTerm: int = 0, limits: RaftLimits = RAFT_LIMITS) -> RaftLog:
    """
    A log that was recovered with these terms.
    """
    indexes = range(firstIndex, firstIndex + len(terms))
    entries = [Entry(index, term, b"data") for index, term in zip(indexes, terms, strict=True)]
    runs = [
        (index, term)
        for place, (index, term) in enumerate(zip(indexes, terms, strict=True))
        if term not in terms[:place]
    ]
    return RaftLog(runs, firstIndex + len(terms) - 1, entries, firstIndex, prevTerm, limits)


class TermRunsTests(SynchronousTestCase):
    """
    L{TermRuns}.
    """

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(CHANGES)
    def test_model(self, changes: list[int]) -> None:
        """
        After any changes, all answers are those of a plain list of terms.
        """
        runs = TermRuns()
        model: list[int] = []
        for change in changes:
            if change < 0:
                del model[max(0, len(model) + change) :]
                runs.truncate(len(model) + 1)
            else:
                model.append((model[-1] if model else 1) + change)
                runs.append(len(model), model[-1])
        for index, term in enumerate(model, 1):
            self.assertEqual(runs.term(index), term)
            self.assertEqual(runs.firstOf(index), model.index(term) + 1)
        for term in range(1, 10):
            self.assertEqual(runs.lastUpTo(term, len(model)), sum(one <= term for one in model))

    def test_termsNeverDecrease(self) -> None:
        """
        A term smaller than the last one is a broken protocol.
        """
        runs = TermRuns([(1, 5)])
        self.assertRaises(InvariantViolation, runs.append, 2, 4)


class RaftLogTests(SynchronousTestCase):
    """
    L{RaftLog}.
    """

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(TERMS, CHANGES)
    def test_model(self, terms: list[int], changes: list[int]) -> None:
        """
        After any changes of a recovered log, it holds what a plain list holds.
        """
        model = entriesOf(*terms)
        log = RaftLog([(terms.index(term) + 1, term) for term in sorted(set(terms))], len(terms), model)
        stable = len(model)
        for change in changes:
            if change < 0:
                del model[max(0, len(model) + change) :]
                log.truncate(len(model) + 1)
                stable = min(stable, len(model))
            else:
                term = (model[-1].term if model else 1) + change
                model.append(Entry(len(model) + 1, term, b"new"))
                log.append(model[-1])
        self.assertEqual((log.lastIndex, log.stableIndex, log.inMemory), (len(model), stable, 1))
        self.assertEqual(log.lastTerm, model[-1].term if model else 0)
        self.assertEqual(log.entries(1, log.lastIndex), model)
        for index in range(len(model) + 3):
            for term in range(10):
                held = index == term == 0 or (0 < index <= len(model) and model[index - 1].term == term)
                self.assertEqual(log.matches(index, term), held)

    @settings(derandomize=True, deadline=None, max_examples=500)
    @given(TERMS, st.lists(st.tuples(st.sampled_from(("append", "cut", "compact", "restart")), st.integers(0, 5))))
    def test_compactionModel(self, terms: list[int], changes: list[tuple[str, int]]) -> None:
        """
        After any changes, those included that take its beginning away, a log holds what a plain list holds of the
        entries that are left, and answers what it would have answered about them with all.
        """
        model = entriesOf(*terms)
        first = 1
        log = RaftLog([(terms.index(term) + 1, term) for term in sorted(set(terms))], len(terms), model)
        for kind, amount in changes:
            lastTerm = model[-1].term if model else 0
            if kind == "append":
                model.append(Entry(len(model) + 1, max(1, lastTerm + amount), b"new"))
                log.append(model[-1])
            elif kind == "cut":
                del model[max(first - 1, len(model) - amount) :]
                log.truncate(len(model) + 1)
            elif kind == "compact":
                first = max(first, min(len(model), first - 1 + amount) + 1)
                log.compact(first - 1)
            else:
                model += [Entry(len(model) + 1, lastTerm + 1, b"elsewhere") for _ in range(amount + 1)]
                first = len(model) + 1
                log.restart(len(model), lastTerm + 1)
                self.assertEqual(log.stableIndex, 0)
        self.assertEqual((log.firstIndex, log.lastIndex, log.inMemory), (first, len(model), first))
        self.assertEqual(log.lastTerm, model[-1].term if model else 0)
        self.assertEqual(log.entries(first, log.lastIndex), model[first - 1 :])
        for index in range(max(1, first - 1), len(model) + 1):
            self.assertTrue(log.matches(index, model[index - 1].term))
            self.assertFalse(log.matches(index, model[index - 1].term + 1))
        for index in (first - 2, len(model) + 1):
            self.assertRaises(IndexError, log.term, index)
        left = [entry.term for entry in model[first - 1 :]]
        for index, term in enumerate(left, first):
            self.assertEqual(log.conflict(index), (first + left.index(term), term))
        for term in range(40):
            self.assertEqual(log.lastIndexUpToTerm(term), first - 1 + sum(one <= term for one in left))

    def test_compactedMemory(self) -> None:
        """
        What is compacted takes no memory: neither entries nor terms are kept.
        """
        log = logOf(*range(1, 101), limits=RaftLimits(cacheBytes=1 << 30))
        log.compact(90)
        self.assertEqual(log.inMemory, 91)
        self.assertEqual(len(log._terms._firsts), 10)
        log.compact(50)
        self.assertEqual(log.firstIndex, 91)

    def test_outside(self) -> None:
        """
        The log knows no terms of entries that it does not hold, but that of the one before its first.
        """
        log = logOf(3, 4, firstIndex=8, prevTerm=2)
        self.assertEqual([log.term(index) for index in (7, 8, 9)], [2, 3, 4])
        for index in (6, 10):
            self.assertRaises(IndexError, log.term, index)
            self.assertFalse(log.matches(index, 2))
        self.assertTrue(log.matches(7, 2))

    def test_appendWithoutGap(self) -> None:
        """
        Only the next entry can be appended.
        """
        log = logOf(1, 1)
        for index in (2, 4):
            self.assertRaises(InvariantViolation, log.append, Entry(index, 1, b""))

    def test_conflict(self) -> None:
        """
        What a leader is told: the first index of the conflicting term, or the end of a log that is too short.
        """
        log = logOf(1, 2, 2, 2, 3)
        self.assertEqual([log.conflict(index) for index in (1, 3, 5, 6, 99)], [(1, 1), (2, 2), (5, 3), (6, 0), (6, 0)])

    def test_batchLimits(self) -> None:
        """
        A batch has at least one entry, and no more bytes than its limit unless it is one.
        """
        log = RaftLog(limits=RaftLimits(batchBytes=10))
        for index, size in enumerate((10, 11, 4, 4, 4, 0, 0), 1):
            log.append(Entry(index, 1, bytes(size)))
        ends = [log.batch(first, log.lastIndex).entries[-1].index for first in range(1, 8)]
        self.assertEqual(ends, [1, 2, 4, 7, 7, 7, 7])

    def test_batchEntries(self) -> None:
        """
        Nor has it more entries than it may have, however short they are.
        """
        log = RaftLog(limits=RaftLimits(batchEntries=3))
        for index in range(1, 8):
            log.append(Entry(index, 1, b""))
        self.assertEqual([len(log.batch(first, log.lastIndex)) for first in range(1, 8)], [3, 3, 3, 3, 3, 2, 1])

    def test_bytes(self) -> None:
        """
        What entries take is known, as far as they are in memory.
        """
        log = logOf(1, 1, 2, 2, limits=RaftLimits(cacheBytes=0))
        each = 4 + ENTRY_OVERHEAD
        self.assertEqual([log.bytesBetween(after, 3) for after in (0, 1, 3, 9)], [3 * each, 2 * each, 0, 0])
        log.forget(2)
        self.assertEqual((log.bytes, log.bytesBetween(0, 9), log.bytesBetween(0, 2)), (2 * each, 2 * each, 0))

    def test_recovered(self) -> None:
        """
        What was recovered from the disk is known, until it is replaced.
        """
        log = logOf(1, 1, 2)
        self.assertEqual(log.recoveredIndex, 3)
        log.truncate(3)
        log.append(Entry(3, 3, b""))
        self.assertEqual(log.recoveredIndex, 2)
        log.restart(9, 3)
        self.assertEqual(log.recoveredIndex, 0)

    def test_batchIsShared(self) -> None:
        """
        Asked again, the log gives the same batch, until it changes.
        """
        log = logOf(1, 1)
        batch = log.batch(1, log.lastIndex)
        self.assertIs(log.batch(1, log.lastIndex), batch)
        log.append(Entry(3, 1, b""))
        self.assertEqual(len(log.batch(1, log.lastIndex)), 3)
        log.truncate(2)
        self.assertEqual(len(log.batch(1, log.lastIndex)), 1)

    def test_forget(self) -> None:
        """
        Memory over the cache's is given back, from the first entry on, but never of what is not applied yet; the
        terms stay known.
        """
        log = logOf(1, 1, 2, 2, limits=RaftLimits(cacheBytes=0))
        log.forget(2)
        self.assertEqual((log.inMemory, log.entries(3, 4)), (3, [Entry(3, 2, b"data"), Entry(4, 2, b"data")]))
        self.assertEqual([log.term(index) for index in range(1, 5)], [1, 1, 2, 2])
        self.assertRaises(InvariantViolation, log.batch, 2, 4)
        log.forget(99)
        self.assertEqual((log.inMemory, log.lastIndex), (5, 4))
        log.append(Entry(5, 2, b"more"))
        self.assertEqual(log.batch(5, log.lastIndex).entries, (Entry(5, 2, b"more"),))

    def test_forgetsOnlyOverTheLimit(self) -> None:
        """
        Within the cache's size, all is kept, also after entries were cut off.
        """
        log = RaftLog(limits=RaftLimits(cacheBytes=10_000))
        for index in range(1, 40):
            log.append(Entry(index, 1, bytes(300)))
        log.truncate(20)
        log.forget(19)
        self.assertEqual(log.inMemory, 1)
        for index in range(20, 40):
            log.append(Entry(index, 1, bytes(300)))
        log.forget(39)
        self.assertEqual(log.inMemory, 25)


class QuorumTests(SynchronousTestCase):
    """
    Majorities.
    """

    def test_majority(self) -> None:
        """
        More than half.
        """
        self.assertEqual([majority(members) for members in range(1, 8)], [1, 2, 2, 3, 3, 4, 4])

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
    def test_agreed(self, values: list[int]) -> None:
        """
        A majority has reached the value, and none has reached a larger one.
        """
        value = agreed(values)
        self.assertGreater(2 * sum(one >= value for one in values), len(values))
        self.assertLessEqual(2 * sum(one > value for one in values), len(values))
