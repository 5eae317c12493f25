"""
Tests for the stretches without records: L{replkv.kv.gaps}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.gaps import Gaps
from replkv.kv.limits import MachineLimits

NAMES = [b"%c%c" % (first, second) for first in b"abcd" for second in b"abcd"]

_names = st.sampled_from(NAMES)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _names, _names, st.integers(0, 5)),
        st.tuples(st.just("fill"), _names, _names, st.just(0)),
    ),
    max_size=30,
)


class GapsTests(SynchronousTestCase):
    """
    Tests for L{Gaps}.
    """

    def setUp(self) -> None:
        """
        Remember two stretches in which three records are gone.
        """
        self.gaps = Gaps(MachineLimits(gaps=2, leastGone=3))

    def test_around(self) -> None:
        """
        Who goes through records goes around.
        """
        self.assertEqual(self.gaps.around(b"a", b"z"), [(b"a", b"z")])
        self.gaps.add(b"c", b"e", 3)
        self.gaps.add(b"g", b"i", 3)
        self.assertEqual(self.gaps.around(b"a", b"z"), [(b"a", b"c"), (b"e", b"g"), (b"i", b"z")])
        self.assertEqual(self.gaps.around(b"c", b"i"), [(b"e", b"g")])
        self.assertEqual(self.gaps.around(b"d", b"h"), [(b"e", b"g")])
        self.assertEqual(self.gaps.around(b"c", b"d"), [])
        self.assertEqual(self.gaps.around(b"e", b"g"), [(b"e", b"g")])

    def test_together(self) -> None:
        """
        Those that touch are one.
        """
        self.gaps.add(b"c", b"e", 3)
        self.gaps.add(b"e", b"g", 1)
        self.gaps.add(b"b", b"d", 1)
        self.gaps.add(b"x", b"z", 3)
        self.assertEqual(self.gaps.around(b"a", b"z"), [(b"a", b"b"), (b"g", b"x")])

    def test_least(self) -> None:
        """
        Those in which few are gone are not worth it; of too many, the ones with the fewest go.
        """
        self.gaps.add(b"c", b"e", 2)
        self.gaps.add(b"c", b"c", 9)
        self.assertEqual(self.gaps.around(b"a", b"z"), [(b"a", b"z")])
        for start, stop, gone in ((b"c", b"d", 5), (b"e", b"f", 4), (b"g", b"h", 6)):
            self.gaps.add(start, stop, gone)
        self.assertEqual(self.gaps.around(b"a", b"z"), [(b"a", b"c"), (b"d", b"g"), (b"h", b"z")])

    def test_fill(self) -> None:
        """
        Where there is a record again, nobody goes around it.
        """
        self.gaps.add(b"c", b"e", 3)
        self.gaps.fill(b"d")
        self.assertEqual(self.gaps.around(b"c", b"e"), [(b"d", b"d\0")])
        self.gaps.fill(b"c")
        self.gaps.fill(b"e")
        self.assertEqual(self.gaps.around(b"c", b"e"), [(b"c", b"c\0"), (b"d", b"d\0")])

    @settings(derandomize=True, deadline=None, max_examples=300)
    @given(_steps, _names, _names)
    def test_never(self, steps: list[tuple[str, bytes, bytes, int]], start: bytes, stop: bytes) -> None:
        """
        Whatever was added and filled, no record is ever gone around, and what is gone through is in order.
        """
        gaps = Gaps(MachineLimits(gaps=3, leastGone=2))
        there = set(NAMES)
        for what, first, last, gone in steps:
            if what == "fill":
                there.add(first)
                gaps.fill(first)
            else:
                there -= {name for name in NAMES if first <= name < last}
                gaps.add(first, last, gone)
            found = gaps.around(start, stop)
            edges = [edge for stretch in found for edge in stretch]
            self.assertEqual(edges, sorted(set(edges)) if edges else [])
            for name in there:
                if start <= name < stop:
                    self.assertTrue(any(low <= name < high for low, high in found), name)
