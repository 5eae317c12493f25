"""
Tests for the linearizability checker on keys that expire, on histories written by hand.
"""

from __future__ import annotations

from replkv.testing.linear.clocks import ClockBound
from tests.testing.asked import cas, delete, differs, get, getm, misses, put
from tests.testing.linear import EXACT, WILD, LinearTestCase

FOR_EVER = 2**64 - 1


class ExactExpiryTests(LinearTestCase):
    """
    Where clocks agree up to a tenth of a second, a key lives as long as it should.
    """

    stored = put(0, 1, b"a", 1, exptime=5)

    def test_found(self) -> None:
        """
        The key is found until its time is over, counted from the end of the store at the latest.
        """
        self.accepted(self.stored, get(6.05, 7, b"a"))
        self.rejected(self.stored, get(6.15, 7, b"a"))
        self.accepted(self.stored, get(0.5, 99, b"a"))
        self.accepted(self.stored, get(6.15, 7, b"a"), clocks=ClockBound.exact(0.2))

    def test_missed(self) -> None:
        """
        The key is not missed before its time is over, counted from the beginning of the store at the earliest.
        """
        self.rejected(self.stored, get(2, 4.85, None))
        self.accepted(self.stored, get(2, 4.95, None))
        self.accepted(self.stored, get(2, 4.85, None), clocks=ClockBound.exact(0.2))
        self.accepted(self.stored, get(0, 4.85, None))

    def test_gone(self) -> None:
        """
        A key that has expired does not come back.
        """
        self.accepted(self.stored, get(5, 5.5, None), get(5, 5.5, b"a"))
        self.rejected(self.stored, get(5, 5.2, None), get(5.3, 5.5, b"a"))
        self.accepted(self.stored, get(5, 5.2, None), get(5.3, 5.5, None), put(6, 7, b"a", 2), get(8, 9, b"a"))

    def test_allCommands(self) -> None:
        """
        An expired key is none, for all commands alike.
        """
        self.accepted(self.stored, delete(7, 8, False))
        self.accepted(self.stored, misses(7, 8, 1))
        self.rejected(self.stored, delete(7, 8))
        self.rejected(self.stored, differs(7, 8, 9))
        self.rejected(self.stored, cas(7, 8, 1, b"b", 2))
        self.accepted(self.stored, cas(4, 8, 1, b"b", 2), get(9, 10, b"b"))
        self.rejected(self.stored, delete(2, 3, False))
        self.rejected(self.stored, misses(2, 3, 1))
        silent = cas(7, 8, 1, b"b", 0).silent()
        self.accepted(self.stored, silent, get(9, 10, None))
        self.rejected(self.stored, silent, get(9, 10, b"b"))

    def test_storedAgain(self) -> None:
        """
        A key that is stored again lives as long as it is to live now.
        """
        self.accepted(self.stored, put(2, 3, b"b", 2, exptime=20), get(21, 22, b"b"))
        self.rejected(self.stored, put(2, 3, b"b", 2, exptime=20), get(21, 21.5, None))
        self.rejected(self.stored, put(2, 3, b"b", 2), get(99, 100, None))
        self.rejected(put(0, 1, b"a", 1), cas(2, 3, 1, b"b", 2, exptime=2), get(6, 7, b"b"))
        self.accepted(put(0, 1, b"a", 1), cas(2, 3, 1, b"b", 2, exptime=2), get(6, 7, None))

    def test_order(self) -> None:
        """
        What comes after a command that missed an expired key takes effect after the end of that key.
        """
        stored, missed = put(0, 0.5, b"a", 1, exptime=2), get(0.6, 3, None)
        self.accepted(stored, missed, put(0.7, 2, b"b", 2))
        self.rejected(stored, missed, put(0.7, 1.8, b"b", 2))
        self.accepted(stored, missed, put(0.7, 1.8, b"b", 2), get(4, 5, b"b"), delete(0.6, 1.8).lost())
        self.accepted(stored, missed, get(0.6, 1.8, b"a"), get(1.5, 2, None))
        self.rejected(stored, missed, get(0.6, 1.8, b"a"), get(1.5, 1.8, None))

    def test_unknown(self) -> None:
        """
        What has an unknown outcome may have been stored at any time until it was seen.
        """
        lost = put(0, 1, b"a", 1, exptime=5).lost()
        self.accepted(lost, get(50, 51, b"a"), get(56, 57, b"a"))
        self.rejected(lost, get(50, 51, b"a"), get(56.2, 57, b"a"))
        self.accepted(lost, get(2, 3, b"a"), get(4, 5, None))
        self.rejected(lost, get(2, 3, b"a"), get(4, 4.8, None))
        self.rejected(lost, get(2, 3, b"a"), get(4, 5, None), get(6, 7, b"a"))

    def test_unseen(self) -> None:
        """
        What nobody saw may also have ended what was there before.
        """
        lost = put(2, 3, b"b", 0, exptime=5).lost()
        self.accepted(put(0, 1, b"a", 1), lost, get(3, 4, b"a"), get(6, 7, None))
        self.rejected(put(0, 1, b"a", 1), lost, get(3, 4, b"a"), get(6, 6.8, None))

    def test_left(self) -> None:
        """
        The seconds that are left, rounded up, are those until the end.
        """
        for left, right in ((2, False), (3, True), (4, True), (5, True)):
            (self.accepted if right else self.rejected)(self.stored, getm(2, 2, b"a", 1, left))
        for left, right in ((1, False), (2, True), (4, True), (5, False)):
            (self.accepted if right else self.rejected)(self.stored, getm(2.2, 3, b"a", 1, left))

    def test_leftTellsTheEnd(self) -> None:
        """
        From the seconds that are left, it is known when the key was stored, and when it ends.
        """
        lost = put(0, 1, b"a", 1, exptime=100).lost()
        told = getm(70, 70, b"a", 1, 40)
        self.accepted(lost, told, get(110, 111, b"a"))
        self.rejected(lost, told, get(110.3, 111, b"a"))
        self.accepted(lost, told, get(100, 109, None))
        self.rejected(lost, told, get(100, 108.7, None))
        self.accepted(lost, told, getm(90, 90, b"a", 1, 20))
        self.rejected(lost, told, getm(90, 90, b"a", 1, 18))
        self.rejected(lost, told, getm(90, 90, b"a", 1, 22))
        self.rejected(lost, get(0, 3, b"a"), getm(10, 11, b"a", 1, 100))

    def test_farFuture(self) -> None:
        """
        A key may have as many seconds to live as there are; how many are left is known but at the end of time.
        """
        long = put(0, 1, b"a", 1, exptime=10**15)
        self.accepted(long, getm(2, 3, b"a", 1, 10**15 - 2))
        self.rejected(long, getm(2, 3, b"a", 1, 10**15 - 9))
        longest = put(0, 1, b"a", 1, exptime=FOR_EVER)
        self.accepted(longest, getm(2, 3, b"a", 1, 2**63 // 1000 - 17 * 10**8))
        self.accepted(longest, get(10**9, 10**9 + 1, b"a"))
        self.rejected(longest, getm(2, 3, b"a", 1, 0))
        self.rejected(longest, get(10**9, 10**9 + 1, None))


class AnyClockTests(LinearTestCase):
    """
    What is true of expiry wherever the clocks are.
    """

    stored = put(0, 1, b"a", 1, exptime=5)

    def test_anyTime(self) -> None:
        """
        Where clocks jump, a key that expires may do so at once, or never.
        """
        self.accepted(self.stored, get(2, 3, None), clocks=WILD)
        self.accepted(self.stored, get(99, 100, b"a"), delete(200, 201), clocks=WILD)
        self.accepted(self.stored, misses(2, 3, 1), clocks=WILD)

    def test_gone(self) -> None:
        """
        But it does not come back.
        """
        self.rejected(self.stored, get(2, 3, None), get(4, 5, b"a"), clocks=WILD)
        self.rejected(self.stored, get(2, 3, None), delete(4, 5), clocks=WILD)
        self.rejected(self.stored, get(2, 3, None), differs(4, 5, 9), clocks=WILD)
        self.accepted(self.stored, get(2, 3, None), put(4, 5, b"a", 2), get(6, 7, b"a"), clocks=WILD)

    def test_left(self) -> None:
        """
        A key that expires has at least one second left, and never more than it had.
        """
        for clocks in (EXACT, WILD):
            for left, right in ((0, False), (4, True), (5, True), (6, False)):
                (self.accepted if right else self.rejected)(self.stored, getm(1, 1, b"a", 1, left), clocks=clocks)
        self.accepted(self.stored, getm(2, 3, b"a", 1, 1), getm(4, 5, b"a", 1, 5), clocks=WILD)

    def test_forEver(self) -> None:
        """
        A key that does not expire does not, and says so.
        """
        for clocks in (EXACT, WILD):
            self.rejected(put(0, 1, b"a", 1), get(99, 100, None), clocks=clocks)
            self.accepted(put(0, 1, b"a", 1), getm(99, 100, b"a", 1, 0), clocks=clocks)
            self.rejected(put(0, 1, b"a", 1), getm(2, 3, b"a", 1, 1), clocks=clocks)
