"""
Tests for the linearizability checker on keys that are touched, on histories written by hand.
"""

from __future__ import annotations

from tests.testing.asked import cas, delete, differs, get, getm, put, touch
from tests.testing.linear import LinearTestCase


class TouchTests(LinearTestCase):
    """
    A key that is touched keeps its value, and gets another version and another expiry.
    """

    stored = put(0, 1, b"a", 1, exptime=5)

    def test_value(self) -> None:
        """
        Its value stays, and no other one is found.
        """
        self.accepted(self.stored, touch(2, 3), get(4, 5, b"a"))
        self.rejected(self.stored, put(1, 2, b"b", 2), touch(3, 4), get(5, 6, b"a"))

    def test_version(self) -> None:
        """
        Its version is another one, and larger.
        """
        self.accepted(self.stored, touch(2, 3, 5), getm(4, 5, b"a", 2, 5))
        self.rejected(self.stored, touch(2, 3, 5), getm(4, 5, b"a", 1, 5))
        self.accepted(self.stored, getm(1, 2, b"a", 1, 5), touch(2, 3, 5), getm(4, 5, b"a", 7, 5))
        self.rejected(put(0, 1, b"a", 6), touch(2, 3), getm(4, 5, b"a", 5))
        self.rejected(self.stored, touch(2, 3, 5), cas(4, 5, 1, b"b", 3))
        self.accepted(self.stored, touch(2, 3, 5), differs(4, 5, 1))
        self.rejected(self.stored, getm(2, 3, b"a", 1, 5), getm(4, 5, b"a", 2, 5), touch(6, 7, 5))

    def test_expiry(self) -> None:
        """
        It lives as long as it is to live now, counted from the touch.
        """
        self.accepted(self.stored, touch(4, 4.5, 5), get(8, 9, b"a"))
        self.rejected(self.stored, touch(4, 4.5, 5), get(8, 8.8, None))
        self.rejected(self.stored, touch(4, 4.5, 5), get(9.7, 10, b"a"))
        self.accepted(self.stored, touch(2, 3), get(99, 100, b"a"))
        self.rejected(self.stored, touch(2, 3), get(99, 100, None))
        self.accepted(put(0, 1, b"a", 1), touch(2, 3, 5), get(99, 100, None))
        self.rejected(self.stored, touch(2, 3, 50), getm(4, 5, b"a", left=4))

    def test_notThere(self) -> None:
        """
        Only what is there is touched, and what is there is not missed.
        """
        self.accepted(self.stored, touch(7, 8, 5, found=False))
        self.rejected(self.stored, touch(7, 8, 5))
        self.rejected(self.stored, touch(2, 3, 5, found=False))
        self.rejected(touch(0, 1))
        self.rejected(self.stored, delete(2, 3), touch(4, 5))

    def test_lost(self) -> None:
        """
        Where the answer is lost, it may have been carried out, or not; once, and in time.
        """
        lost = touch(2, 3, 5).lost()
        for left in (3, 5):
            self.accepted(self.stored, lost, getm(3, 3.5, b"a", left=left))
        self.accepted(self.stored, lost, get(6.5, 7, None))
        self.accepted(self.stored, lost, get(7, 8, b"a"))
        self.rejected(self.stored, lost, get(7, 8, None), get(9, 10, b"a"))
        self.rejected(self.stored, touch(2, 3, 5).failed(), get(7, 8, b"a"))

    def test_lostAfterLost(self) -> None:
        """
        What was stored by one that is lost may have been touched by another.
        """
        twice = [put(0, 1, b"a", 1).lost(), put(0, 1, b"a", 2).lost()]
        self.accepted(*twice, touch(2, 3, 5).lost(), getm(4, 5, b"a", left=4))
        self.rejected(*twice, touch(2, 3, 5).failed(), getm(4, 5, b"a", left=4))
