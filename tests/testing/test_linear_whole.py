"""
Tests for the linearizability checker, on what all keys have in common: versions, and the order of the whole store.
"""

from __future__ import annotations

from tests.testing.asked import cas, delete, differs, get, getm, misses, put, touch
from tests.testing.linear import WILD, LinearTestCase


class VersionTests(LinearTestCase):
    """
    Versions grow, and each value has one.
    """

    def test_grow(self) -> None:
        """
        A store has a larger version than the key ever had before, also where there is no key any more.
        """
        self.accepted(put(0, 5, b"a", 4), put(0, 5, b"b", 3), getm(6, 7, b"a", 4))
        self.rejected(put(0, 5, b"a", 4), put(0, 5, b"b", 3), getm(6, 7, b"b", 3))
        self.rejected(put(0, 1, b"a", 4), put(2, 3, b"b", 4))
        self.rejected(put(0, 1, b"a", 4), delete(2, 3), put(4, 5, b"b", 3))
        self.rejected(put(0, 1, b"a", 4), cas(2, 3, 4, b"b", 3))

    def test_told(self) -> None:
        """
        A version that was told stays, and is larger than all before it.
        """
        lost = put(2, 3, b"b", 0).lost()
        self.accepted(put(0, 1, b"a", 4), lost, getm(4, 5, b"b", 5), getm(6, 7, b"b", 5))
        self.rejected(put(0, 1, b"a", 4), lost, getm(4, 5, b"b", 3))
        self.rejected(put(0, 1, b"a", 4), lost, getm(4, 5, b"b", 5), put(6, 7, b"c", 5))
        self.assertIn("two versions", self.rejected(lost, getm(4, 5, b"b", 5), getm(6, 7, b"b", 6)))
        self.assertIn("two versions", self.rejected(put(2, 3, b"b", 4), getm(4, 5, b"b", 5)))
        self.accepted(lost, cas(4, 5, 8, b"c", 9), getm(6, 7, b"c", 9))
        self.rejected(lost, cas(4, 5, 8, b"c", 7))

    def test_room(self) -> None:
        """
        There is room between two versions for all that was stored in between.
        """
        silent = put(2, 3, b"b", 0).silent()
        self.accepted(put(0, 1, b"a", 4), silent, put(4, 5, b"c", 6))
        self.rejected(put(0, 1, b"a", 4), silent, put(4, 5, b"c", 5))
        self.rejected(put(0, 1, b"a", 4), silent, differs(4, 5, 5), put(6, 7, b"c", 6))
        self.accepted(put(0, 1, b"a", 4), silent, differs(4, 5, 5), put(6, 7, b"c", 7))
        self.accepted(put(0, 1, b"a", 4), silent, differs(4, 5, 7), differs(4, 5, 5), getm(6, 7, b"b", 6))
        self.rejected(put(0, 1, b"a", 4), silent, differs(4, 5, 7), cas(6, 7, 7, b"c", 9))
        self.accepted(put(0, 1, b"a", 4), silent, differs(4, 5, 7), cas(6, 7, 8, b"c", 9))

    def test_unknownCannotBeMet(self) -> None:
        """
        A version that is not larger than one before is not that of an unknown store.
        """
        lost = put(2, 3, b"b", 0).lost()
        self.rejected(put(0, 1, b"a", 4), lost, get(4, 5, b"b"), cas(6, 7, 3, b"c", 9))
        self.accepted(put(0, 1, b"a", 4), lost, get(4, 5, b"b"), cas(6, 7, 5, b"c", 9))
        self.accepted(put(0, 1, b"a", 4), lost, get(4, 5, b"b"), differs(6, 7, 3))


class WholeStoreTests(LinearTestCase):
    """
    The keys have one order together: versions are those of one log, whatever their keys.
    """

    def test_crossed(self) -> None:
        """
        Two clients that each store one key, and then miss that of the other, have met two stores.
        """
        crossed = (
            put(0, 9, b"a", 1).about(b"a").on(1),
            put(0, 9, b"b", 2).about(b"b").on(2),
            get(0, 9, None).about(b"b").on(1),
        )
        missed = get(0, 9, None).about(b"a").on(2)
        self.assertIn("no order of the whole store", self.rejected(*crossed, missed))
        self.accepted(*crossed, missed.on(3))
        self.accepted(*crossed, delete(0, 9).about(b"a"), missed)
        self.accepted(*crossed, delete(0, 9).lost().about(b"a"), missed)
        self.rejected(*crossed, delete(10, 11).about(b"a"), missed)

    def test_oldValue(self) -> None:
        """
        What was replaced by an earlier version than one that the client has seen is not found any more.
        """
        replaced = (put(0, 1, b"a", 1), put(0, 9, b"b", 2), put(0, 9, b"x", 3).about(b"x").on(1))
        self.rejected(*replaced, get(0, 9, b"a").on(1))
        self.accepted(*replaced, get(0, 9, b"b").on(1))
        self.accepted(*replaced, get(0, 9, b"a").on(2))

    def test_notYet(self) -> None:
        """
        What was given a later version than one that the client stored afterwards is not found yet.
        """
        stored = (put(0, 9, b"a", 2), put(0, 9, b"x", 1).about(b"x").on(1))
        self.rejected(get(0, 9, b"a").on(1), *stored)
        self.accepted(get(0, 9, b"a").on(2), *stored)

    def test_commandsThatNeedTheKey(self) -> None:
        """
        C{delete}, C{touch} and C{cas} meet what a read would have.
        """
        stored = (put(0, 9, b"a", 2), put(0, 9, b"x", 1).about(b"x").on(1))
        self.rejected(delete(0, 9).on(1), *stored)
        self.rejected(touch(0, 9).on(1), *stored)
        self.rejected(touch(0, 9).on(1), touch(0, 9), cas(0, 9, 1, b"b", 0).lost(), *stored)
        self.accepted(touch(0, 9).on(1), put(0, 9, b"b", 0).silent(), *stored)
        self.accepted(touch(0, 9, found=False).on(1), *stored)
        self.rejected(differs(0, 9, 7).on(1), *stored)
        self.accepted(misses(0, 9, 7).on(1), *stored)
        later = (put(0, 9, b"a", 1), put(0, 9, b"x", 2).about(b"x").on(1))
        self.rejected(*later, misses(0, 9, 7).on(1))
        self.rejected(*later, delete(0, 9, False).on(1))
        self.rejected(*later, touch(0, 9, found=False).on(1))
        self.accepted(*later, touch(0, 9).on(1))
        self.rejected(*later, differs(0, 9, 1).on(1))
        self.accepted(*later, differs(0, 9, 7).on(1))

    def test_swapped(self) -> None:
        """
        A key is neither deleted nor touched between a store and a C{cas} that met its version.
        """
        others = [put(0, 9, b"x", version).about(b"x").on(1) for version in (2, 3)]
        swapped = (put(0, 9, b"a", 1), cas(0, 9, 1, b"b", 4))
        for needs in (delete(0, 9), touch(0, 9)):
            self.rejected(*swapped, others[0], needs.on(1), others[1])
            self.accepted(*swapped, others[0], needs.on(2), others[1])

    def test_expired(self) -> None:
        """
        A key that may have expired may be missed anywhere after its store.
        """
        late = (put(0, 9, b"a", 1, exptime=1), put(0, 9, b"x", 2).about(b"x").on(1), get(0, 9, None).on(1))
        self.accepted(*late)
        self.accepted(*late, clocks=WILD)

    def test_foundLost(self) -> None:
        """
        A lost store that was found took effect before it was found, and so did all that was sent before it.
        """
        found = (put(0, 1, b"x", 1).about(b"x").lost().on(1), get(2, 3, b"x").about(b"x"))
        self.rejected(put(0, 9, b"a", 2).on(1), *found, get(4, 5, None))
        self.accepted(put(0, 9, b"a", 2).on(2), *found, get(4, 5, None))

    def test_circleOfWhatHasNoVersion(self) -> None:
        """
        What two clients have stored without a reply, and found of each other's before, is one circle.
        """
        circle = (
            get(0, 9, b"a").about(b"a").on(1),
            put(0, 9, b"b", 0).silent().about(b"b").on(1),
            get(0, 9, b"b").about(b"b").on(2),
            put(0, 9, b"a", 0).silent().about(b"a").on(2),
        )
        self.rejected(*circle)
        self.accepted(circle[0].on(3), *circle[1:])

    def test_swappedUnseen(self) -> None:
        """
        What a C{cas} replaced by a version that nobody was told may be deleted before the next one that was told.
        """
        lost = cas(0, 9, 1, b"b", 0).lost()
        self.accepted(put(0, 1, b"a", 1), lost, get(2, 3, b"b"), delete(4, 5), put(6, 7, b"c", 3))
