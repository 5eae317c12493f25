"""
Tests for the linearizability checker's search: what it may not pass over, and that it ends.
"""

from __future__ import annotations

from dataclasses import replace

from replkv.testing.linear.search import Undecided, checkLinearizable
from replkv.testing.outcome import Violation
from tests.testing.asked import Asked, cas, delete, differs, get, historyOf, put, touch
from tests.testing.linear import EXACT, LinearTestCase


class ChoiceTests(LinearTestCase):
    """
    Of several operations of unknown outcome, each may be the one that explains what was seen.
    """

    stored = put(0, 1, b"a", 1)

    def test_different(self) -> None:
        """
        Those that differ in what they do are not taken for one another.
        """
        self.accepted(self.stored, cas(0, 1, 9, b"b", 0).lost(), cas(0, 1, 1, b"c", 0).lost(), differs(2, 3, 1))
        same = put(0, 1, b"a", 0).lost()
        self.accepted(put(0, 1, b"b", 0).lost(), same, same, get(2, 3, b"a"))
        long, short = put(0, 1, b"b", 0, exptime=99).lost(), put(0, 1, b"c", 0, exptime=1).lost()
        self.accepted(self.stored, long, short, get(2, 3, None))
        self.rejected(self.stored, long, long, get(2, 3, None))
        lost = put(0, 1, b"b", 0, exptime=5).lost()
        self.accepted(lost.on(1), lost, get(3, 4, None).about(b"x").on(1), delete(20, 21))
        self.rejected(lost.on(1), lost.on(1), get(3, 4, None).about(b"x").on(1), delete(20, 21))

    def test_soonestOver(self) -> None:
        """
        One that has to come before some other command is used where it can be.
        """
        lost = delete(0, 1).lost()
        twice = [get(2, 3, None), put(4, 5, b"b", 2), get(6, 7, b"b").on(1), get(8, 9, None)]
        self.accepted(self.stored, lost, lost.on(1), *twice)
        self.accepted(self.stored, lost.on(1), lost, *twice)
        self.rejected(self.stored, lost.on(1), lost.on(1), *twice)

    def test_inTime(self) -> None:
        """
        One that was asked too late, when the key had expired, does not stand for one that was asked in time, even if it
        has to come before some other command and the other one does not.
        """
        stored = put(0, 1, b"a", 1, exptime=5)
        for early, found in (touch(2, 3), b"a"), (cas(2, 3, 1, b"b", 0), b"b"):
            late = replace(early, invoked=10.0, ended=11.0)
            for ended in (get(12, 13, found).on(1), get(12, 13, found)):
                self.accepted(stored, early.lost(), late.lost().on(1), ended)
                self.accepted(stored, early.lost().on(1), late.lost(), ended)
                self.rejected(stored, late.lost().on(1), late.lost(), ended)

    def test_either(self) -> None:
        """
        Where each of two has to come before some other command, either may have to be used first.
        """
        lost = delete(0, 1).lost()
        twice = [get(2, 3, None), put(4, 5, b"b", 2), get(6, 7, b"b").on(2), get(8, 9, None), put(10, 11, b"c", 3)]
        self.accepted(self.stored, lost.on(1), lost.on(2), get(1, 20, b"c").on(1), *twice)
        self.rejected(self.stored, lost.on(2), lost.on(2), get(1, 20, b"c").on(1), *twice)

    def test_rulesOutNone(self) -> None:
        """
        One that rules out another one is not used where that one is needed.
        """
        lost, unseen = delete(0, 1).lost(), put(0, 1, b"b", 0).lost()
        seen = [get(2, 3, None), delete(4, 5)]
        self.accepted(self.stored, unseen.on(1), lost.on(1), lost, *seen)
        self.rejected(self.stored, unseen.on(1), lost.on(1), *seen)

    def test_notYet(self) -> None:
        """
        One that has to wait for another command does not keep others from being used.
        """
        lost = delete(0, 1).lost()
        seen = [get(2, 3, None), put(4, 5, b"b", 2)]
        self.accepted(self.stored, get(0, 20, b"b").on(1), lost.on(1), lost, *seen)
        self.rejected(self.stored, get(0, 20, b"b").on(1), lost.on(1), lost.on(1), *seen)

    def test_chain(self) -> None:
        """
        One that nobody has seen may rest on another one that nobody has seen.
        """
        first, second = put(0, 1, b"b", 0).lost(), cas(0, 1, 5, b"c", 0, exptime=1).lost()
        self.accepted(self.stored, first, second, get(2, 3, None))
        self.rejected(self.stored, second, get(2, 3, None))

    def test_readWaits(self) -> None:
        """
        A read that fits at once may still have to wait for one that was sent before it on its connection.
        """
        lost, again = delete(0, 1).lost(), put(4, 5, b"a", 2)
        self.accepted(self.stored, lost.on(1), get(0, 20, b"a").on(1), get(2, 3, None), again)
        self.rejected(self.stored, lost.on(1), get(0, 3, b"a").on(1), get(3.5, 4, None), again)


class EffortTests(LinearTestCase):
    """
    The search ends.
    """

    def crowd(self, count: int) -> list[Asked]:
        """
        Many stores at once of which nothing is known, and in the end a key that cannot be there.
        """
        stores = [put(0, 50, b"%d" % number, 0, exptime=number + 1).silent() for number in range(count)]
        return [*stores, *(differs(0, 50, number + 1) for number in range(count)), delete(60, 61), get(62, 63, b"0")]

    def test_undecided(self) -> None:
        """
        It is given up after so many steps.
        """
        error = self.assertRaises(Undecided, checkLinearizable, historyOf(*self.crowd(12)), EXACT, 500)
        self.assertIn("'k'", str(error))
        self.assertNotIsInstance(error, Violation)

    def test_otherKeyDecides(self) -> None:
        """
        That one key takes too long does not hide what is wrong with another one.
        """
        wrong = get(0, 1, b"a").about(b"x")
        self.assertIn("get x", self.rejected(*self.crowd(12), wrong, most=500))

    def test_long(self) -> None:
        """
        A long history, of which each operation overlaps many, takes few steps and no deep stack.
        """
        asked: list[Asked] = []
        for number in range(1, 301):
            asked += [
                put(number, number + 10, b"%d" % number, number),
                get(number + 5, number + 12, b"%d" % number),
                put(number, number + 1, b"-%d" % number, 0).lost(),
            ]
        self.accepted(*asked, most=1000)
        self.rejected(*asked, get(2000, 2001, None), most=1000)
