"""
Tests for what is promised of versions.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.linear.versions import checkVersions
from replkv.testing.outcome import Violation
from tests.testing.asked import Asked, cas, delete, differs, get, getm, historyOf, put


class VersionTests(SynchronousTestCase):
    """
    Tests for L{checkVersions}.
    """

    def accepted(self, *asked: Asked) -> None:
        """
        Assert that the versions can be those of one store.
        """
        checkVersions(historyOf(*asked))

    def rejected(self, *asked: Asked) -> str:
        """
        Assert that they cannot.

        @return: the reason that is given.
        """
        return str(self.assertRaises(Violation, checkVersions, historyOf(*asked)))

    def test_fine(self) -> None:
        """
        Versions that grow, on two keys; and operations that tell of none.
        """
        self.accepted()
        self.accepted(
            put(0, 1, b"a", 3),
            put(2, 3, b"b", 7).about(b"x"),
            getm(4, 5, b"a", 3),
            cas(6, 7, 3, b"c", 8),
            get(8, 9, b"c"),
            delete(10, 11),
            differs(12, 13, 99).about(b"x"),
            put(14, 15, b"d", 0).lost(),
            put(14, 15, b"d", 0).silent(),
            getm(16, 17, b"d", 12),
        )

    def test_twice(self) -> None:
        """
        No two stores have one version, on one key or on two, however they overlap.
        """
        self.assertIn("given twice", self.rejected(put(0, 9, b"a", 3), put(0, 9, b"a", 3)))
        self.assertIn("given twice", self.rejected(put(0, 9, b"a", 3), put(0, 9, b"b", 3).about(b"x")))
        self.accepted(put(0, 9, b"a", 3), put(0, 9, b"a", 2))

    def test_twoKeys(self) -> None:
        """
        One version is not seen on two keys, whoever tells of it.
        """
        self.assertIn("two keys", self.rejected(getm(0, 1, b"a", 3), getm(0, 1, b"a", 3).about(b"x")))
        self.assertIn("two keys", self.rejected(put(0, 1, b"a", 3), getm(2, 3, b"a", 3).about(b"x")))
        self.assertIn("two keys", self.rejected(put(0, 1, b"a", 3), cas(2, 3, 3, b"b", 4).about(b"x")))

    def test_twoValues(self) -> None:
        """
        One version is not seen with two values.
        """
        self.assertIn("two values", self.rejected(put(0, 1, b"a", 3), getm(2, 3, b"b", 3)))
        self.assertIn("two values", self.rejected(getm(2, 3, b"a", 3), getm(2, 3, b"b", 3)))
        self.accepted(put(0, 1, b"a", 3), getm(2, 3, b"a", 3), getm(2, 3, b"a", 3), cas(4, 5, 3, b"b", 4))

    def test_storesGrow(self) -> None:
        """
        A store that was asked after another one was answered has the larger version, on whatever key. Of those that
        overlap, either may have.
        """
        self.rejected(put(0, 1, b"a", 3), put(2, 3, b"b", 2).about(b"x"))
        self.rejected(put(0, 1, b"a", 3), put(1, 9, b"b", 4), put(1.5, 2, b"c", 2))
        self.rejected(put(0, 1, b"a", 5), put(0, 2, b"b", 3), put(3, 4, b"c", 4))
        self.accepted(put(0, 1, b"a", 3), put(1, 3, b"b", 2).about(b"x"))
        self.accepted(put(0, 9, b"a", 5), put(2, 3, b"b", 2), put(4, 5, b"c", 3))

    def test_storesGrowPastReads(self) -> None:
        """
        Nor has it a version that was told before, by whatever.
        """
        self.rejected(getm(0, 1, b"a", 3), put(2, 3, b"b", 2).about(b"x"))
        self.rejected(getm(0, 1, b"a", 3), put(2, 3, b"a", 3))
        self.rejected(cas(0, 9, 7, b"a", 8), cas(0, 1, 5, b"b", 6).about(b"x"), put(2, 3, b"c", 5).about(b"y"))
        self.accepted(getm(0, 2, b"a", 3), put(2, 3, b"b", 2).about(b"x"))

    def test_connectionGrows(self) -> None:
        """
        Of two commands sent at once on one connection, the second stores the larger version.
        """
        self.rejected(put(0, 9, b"a", 3).on(1), put(0, 9, b"b", 2).about(b"x").on(1))
        self.rejected(getm(0, 9, b"a", 3).on(1), put(0, 9, b"b", 2).about(b"x").on(1))
        self.accepted(put(0, 9, b"a", 3).on(1), put(0, 9, b"b", 2).about(b"x").on(2))
        self.accepted(put(0, 9, b"a", 3).on(1), put(0, 9, b"b", 4).about(b"x").on(1))

    def test_readsDoNotGoBack(self) -> None:
        """
        A C{getm} that was asked after a version of its key was told does not tell a smaller one.
        """
        self.rejected(getm(0, 1, b"b", 4), getm(2, 3, b"a", 3))
        self.rejected(put(0, 1, b"b", 4), getm(2, 3, b"a", 3))
        self.accepted(getm(0, 1, b"b", 4), getm(1, 3, b"a", 3))
        self.accepted(getm(0, 1, b"b", 4), getm(2, 3, b"b", 4))
        self.accepted(getm(0, 1, b"b", 4), getm(2, 3, b"a", 3).about(b"x"))

    def test_reason(self) -> None:
        """
        The message has the two operations that do not go together, and no other.
        """
        reason = self.rejected(put(0, 1, b"a", 3), getm(0, 1, b"a", 3), put(2, 3, b"b", 8), getm(4, 5, b"a", 3))
        self.assertEqual(
            reason.splitlines(),
            [
                "version 3 was told after version 8",
                "  2.000 - 3.000 s  process 1: set k 0 'b' -> stored, version 8",
                "  4.000 - 5.000 s  process 1: getm k -> found 'a', version 3, for ever",
            ],
        )
