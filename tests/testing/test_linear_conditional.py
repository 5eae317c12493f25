"""
Tests for the linearizability checker on commands that depend on what there is, and on those that make another value of
it, on histories written by hand.
"""

from __future__ import annotations

from dataclasses import replace

from replkv.testing.history import Answer, Told
from tests.testing.asked import add, append, cad, delete, exchange, get, getm, incr, put
from tests.testing.linear import LinearTestCase


class ConditionalTests(LinearTestCase):
    """
    C{add}, C{replace} and C{cad}.
    """

    stored = put(0, 1, b"a", 1)

    def test_add(self) -> None:
        """
        One of two that are under way at once stores, and none stores over what there is.
        """
        self.accepted(add(0, 2, b"a", 1), add(0, 2, b"b", None), get(3, 4, b"a"))
        self.rejected(add(0, 2, b"a", 1), add(0, 2, b"b", 2))
        self.rejected(self.stored, add(2, 3, b"b", 2))
        self.rejected(add(0, 1, b"a", None))
        self.accepted(self.stored, delete(2, 3), add(4, 5, b"b", 2), get(6, 7, b"b"))
        self.accepted(put(0, 1, b"a", 1, exptime=5), add(7, 8, b"b", 2))
        self.rejected(put(0, 1, b"a", 1, exptime=5), add(3, 4, b"b", 2))

    def test_addLost(self) -> None:
        """
        What is not known to have been added may have been, and then there is a key.
        """
        lost = add(0, 1, b"a", 1).lost()
        self.accepted(lost, add(2, 3, b"b", None), get(4, 5, b"a"))
        self.accepted(lost, add(2, 3, b"b", 2))
        self.rejected(lost, add(2, 3, b"b", 2), get(4, 5, b"a"))
        self.accepted(self.stored, delete(1, 2).lost(), add(3, 4, b"b", 2).lost(), get(5, 6, b"b"))
        self.rejected(self.stored, lost, get(5, 6, b"b"))

    def test_silent(self) -> None:
        """
        Of one that was carried out without a reply, nobody knows whether there was a key.
        """
        self.accepted(self.stored, add(2, 3, b"b", 2).silent(), get(4, 5, b"a"))
        self.rejected(self.stored, add(2, 3, b"b", 2).silent(), get(4, 5, b"b"))
        self.accepted(add(0, 1, b"b", 2).silent(), get(4, 5, b"b"))
        self.rejected(add(0, 1, b"b", 2).silent(), get(4, 5, None))
        self.accepted(exchange(0, 1, b"b", 2).silent(), get(4, 5, None))
        self.rejected(self.stored, exchange(2, 3, b"b", 2).silent(), get(4, 5, b"a"))

    def test_replace(self) -> None:
        """
        One stores where there is a key, and there only.
        """
        self.accepted(self.stored, exchange(2, 3, b"b", 2), get(4, 5, b"b"))
        self.rejected(exchange(0, 1, b"b", 2))
        self.accepted(exchange(0, 1, b"b", None))
        self.rejected(self.stored, exchange(2, 3, b"b", None))
        self.rejected(self.stored, exchange(2, 3, b"b", 1))

    def test_cad(self) -> None:
        """
        One deletes the version that it names.
        """
        self.accepted(self.stored, cad(2, 3, 1), get(4, 5, None))
        self.rejected(self.stored, cad(2, 3, 2), get(4, 5, None))
        self.rejected(self.stored, cad(2, 3, 1), get(4, 5, b"a"))
        self.accepted(self.stored, cad(2, 3, 2, Told.WRONG_VERSION), get(4, 5, b"a"))
        self.rejected(self.stored, cad(2, 3, 1, Told.WRONG_VERSION))
        self.rejected(self.stored, cad(2, 3, 1, Told.NOT_FOUND))
        self.accepted(cad(2, 3, 1, Told.NOT_FOUND))
        self.accepted(self.stored, cad(2, 3, 1).lost(), get(4, 5, None))
        self.rejected(self.stored, cad(2, 3, 2).lost(), get(4, 5, None))


class ChangeTests(LinearTestCase):
    """
    C{append} and C{incr}.
    """

    nine = put(0, 1, b"9", 1, exptime=5)

    def test_append(self) -> None:
        """
        Each comes once, in the order that is known.
        """
        one, other = append(2, 3, b"x", 2), append(4, 5, b"y", 3)
        self.accepted(self.nine, one, other, getm(5.1, 5.3, b"9xy", 3, 1))
        self.rejected(self.nine, one, other, get(5.1, 5.3, b"9yx"))
        self.rejected(self.nine, one, other, get(5.1, 5.3, b"9x"))
        self.rejected(self.nine, one, get(3, 4, b"9xx"))
        self.accepted(self.nine, one.lost(), other, get(5.1, 5.3, b"9y"))
        self.accepted(self.nine, one.lost(), other, get(5.1, 5.3, b"9xy"))
        self.rejected(self.nine, one.lost(), other, get(5.1, 5.3, b"9xxy"))

    def test_tooLarge(self) -> None:
        """
        What would be too large is refused, and nothing else.
        """
        tooLarge = Answer(Told.TOO_LARGE)
        for most, isTooLarge in ((1, True), (2, False)):
            asked = append(2, 3, b"x", 2, most)
            judge = (self.rejected, self.accepted) if isTooLarge else (self.accepted, self.rejected)
            judge[0](self.nine, asked, get(4, 5, b"9x"))
            judge[1](self.nine, replace(asked, answer=tooLarge), get(4, 5, b"9"))

    def test_incr(self) -> None:
        """
        No number is told twice, whatever is not known of others.
        """
        self.accepted(self.nine, incr(2, 3, 1, 10, 2), incr(2, 3, 1, 11, 3), get(4, 5, b"11"))
        self.rejected(self.nine, incr(2, 3, 1, 10), incr(2, 3, 1, 10))
        self.accepted(self.nine, incr(2, 3, 1, 10).lost(), incr(3, 4, 1, 11), get(4, 5, b"11"))
        self.accepted(self.nine, incr(2, 3, 1, 10).lost(), incr(3, 4, 1, 10), get(4, 5, b"10"))
        self.rejected(self.nine, incr(2, 3, 1, 10).lost(), incr(3, 4, 1, 12))
        self.rejected(self.nine, incr(2, 3, 1, 11))
        self.accepted(put(0, 1, b"%d" % (2**64 - 1), 1), incr(2, 3, 1, 0))

    def test_noNumber(self) -> None:
        """
        What is no number is refused, and nothing else.
        """
        refused = replace(incr(2, 3, 1, 0), answer=Answer(Told.NO_NUMBER))
        self.accepted(put(0, 1, b"x", 1), refused)
        self.rejected(put(0, 1, b"x", 1), incr(2, 3, 1, 0))
        self.rejected(self.nine, refused)

    def test_expiry(self) -> None:
        """
        What was made of a value is gone when that would have been.
        """
        counted = incr(4, 4.5, 1, 10, 2)
        self.accepted(self.nine, counted, getm(5, 5.5, b"10", 2, 1))
        self.rejected(self.nine, counted, getm(5, 5.5, b"10", 2, 5))
        self.accepted(self.nine, counted, get(7, 8, None))
        self.rejected(self.nine, counted, get(7, 8, b"10"))
        self.rejected(put(0, 1, b"9", 1), counted, get(7, 8, None))
