"""
Tests for L{replkv.testing.users.certainty}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.users.certainty import Certainty
from replkv.testing.users.record import Fate, Named
from tests.testing.users.told import GONE, NAMED, Told, gives, takes


class CertaintyCase(SynchronousTestCase):
    """
    Changes of the user C{ann}.
    """

    def setUp(self) -> None:
        """
        There are none.
        """
        self.told = Told()

    def has(
        self, since: float, until: float, word: str = "read", scope: bytes = b"k", version: int | None = None
    ) -> str:
        """
        Whether the user has a right.
        """
        certainty = Certainty(self.told.users.changes)
        surely = certainty.surelyHas(b"ann", word, scope, since, until)
        may = certainty.mayHave(b"ann", word, scope, since, until, version)
        self.assertTrue(may or not surely)
        return "surely" if surely else "maybe" if may else "never"

    def isNamed(self, since: float, until: float, token: bytes = b"token") -> str:
        """
        Whether there is such a user, with a token.
        """
        certainty = Certainty(self.told.users.changes)
        surely = certainty.surelyIs(b"ann", token, since, until)
        may = certainty.mayBe(b"ann", token, since, until)
        self.assertTrue(may or not surely)
        return "surely" if surely else "maybe" if may else "never"


class RightTests(CertaintyCase):
    """
    Tests for what a user may do.
    """

    def test_given(self) -> None:
        """
        A right is had from when it was given, which was at some moment before that was answered.
        """
        self.told.change(gives("read"), 2, 3)
        self.assertEqual(
            [self.has(0, 1), self.has(0, 2), self.has(2.5, 2.6), self.has(3.1, 9)],
            ["never", "maybe", "maybe", "surely"],
        )

    def test_taken(self) -> None:
        """
        And so it is lost.
        """
        self.told.change(gives("read"), 0, 1)
        self.told.change(takes("read"), 4, 5)
        found = [self.has(2, 3), self.has(2, 4), self.has(4.5, 9), self.has(5, 9), self.has(5.1, 9)]
        self.assertEqual(found, ["surely", "maybe", "maybe", "maybe", "never"])

    def test_gone(self) -> None:
        """
        Who is deleted has no right any more, and none again when there is a user of that name.
        """
        self.told.change(gives("read"), 0, 1)
        self.told.change(GONE, 2, 3)
        self.told.change(NAMED, 4, 5)
        self.assertEqual([self.has(1.1, 1.9), self.has(3.1, 9)], ["surely", "never"])

    def test_unknown(self) -> None:
        """
        What nobody knows of may have been done at any later time, and may never be.
        """
        self.told.change(gives("read"), 2, None)
        self.assertEqual([self.has(0, 1), self.has(50, 60)], ["never", "maybe"])
        self.told.change(takes("read"), 4, 5)
        self.assertEqual(self.has(50, 60), "maybe")
        self.told.change(gives("read"), 6, 7)
        self.assertEqual(self.has(50, 60), "surely")
        self.told.change(takes("read"), 8, None)
        self.assertEqual([self.has(7.5, 7.9), self.has(50, 60)], ["surely", "maybe"])

    def test_notDone(self) -> None:
        """
        What was not done changes nothing.
        """
        self.told.change(gives("read"), 0, 1, Fate.REFUSED)
        self.told.change(gives("read"), 0, 1, Fate.VAIN)
        self.assertEqual(self.has(2, 3), "never")
        self.told.change(gives("read"), 2, 3)
        self.told.change(takes("read"), 4, 5, Fate.VAIN)
        self.assertEqual(self.has(6, 7), "surely")

    def test_overlap(self) -> None:
        """
        Of two changes that overlap, either may be the last; but not on one connection.
        """
        self.told.change(gives("read"), 0, 3)
        self.told.change(takes("read"), 1, 2)
        self.assertEqual(self.has(5, 6), "maybe")
        for first, last in ((gives("read"), takes("read")), (takes("read"), gives("read"))):
            self.told = Told()
            self.told.change(first, 0, 3, connection=7)
            self.told.change(last, 0, 3, connection=7)
            self.assertEqual(self.has(5, 6), "surely" if last == gives("read") else "never")

    def test_unknownOnConnection(self) -> None:
        """
        What came of a change that nobody knows of, it came before what followed on its connection.
        """
        self.told.change(gives("read"), 0, None, connection=7)
        self.told.change(takes("read"), 1, 2, connection=7)
        self.assertEqual([self.has(0.5, 1.5), self.has(5, 6)], ["maybe", "never"])

    def test_covers(self) -> None:
        """
        A right covers the keys that begin so, and an administrator's every other one; over several keys, only one that
        goes as far.
        """
        self.told.change(gives("admin", b"k1"), 0, 1)
        self.assertEqual([self.has(2, 3, word, b"k12") for word in ("read", "write", "admin")], ["surely"] * 3)
        self.assertEqual([self.has(2, 3, "read", b"k2"), self.has(2, 3, "admin", b"")], ["never", "never"])
        self.told.change(gives("write"), 0, 1)
        self.assertEqual([self.has(2, 3, "write", b"k2"), self.has(2, 3, "read", b"k2")], ["surely", "never"])

    def test_two(self) -> None:
        """
        A right that is taken is had all the same by another one.
        """
        self.told.change(gives("read"), 0, 1)
        self.told.change(gives("read", b"k"), 0, 1)
        self.told.change(takes("read"), 2, 3)
        self.assertEqual([self.has(4, 5), self.has(4, 5, scope=b"other")], ["surely", "never"])

    def test_version(self) -> None:
        """
        What has a later version than what came after a change came after that, too.
        """
        self.told.change(gives("read"), 0, 1)
        self.told.change(takes("read"), 2, 3).below = 7
        self.assertEqual([self.has(2.5, 4, version=6), self.has(2.5, 4, version=8)], ["maybe", "never"])
        self.told.change(gives("read"), 3.5, 5)
        self.assertEqual(self.has(2.5, 4, version=8), "maybe")


class NameTests(CertaintyCase):
    """
    Tests for who a user is.
    """

    def test_token(self) -> None:
        """
        A user has a token until there is another one, or no such user.
        """
        self.told.change(NAMED, 1, 2)
        self.assertEqual([self.isNamed(0, 0.5), self.isNamed(1, 2), self.isNamed(3, 4)], ["never", "maybe", "surely"])
        self.assertEqual(self.isNamed(3, 4, b"other"), "never")
        self.told.change(Named(b"other"), 5, 6)
        self.assertEqual([self.isNamed(5, 9), self.isNamed(7, 9)], ["maybe", "never"])
        self.told.change(GONE, 10, 11)
        self.assertEqual([self.isNamed(7, 8, b"other"), self.isNamed(12, 13, b"other")], ["surely", "never"])

    def test_rights(self) -> None:
        """
        What a user may do makes no difference.
        """
        self.told.change(NAMED, 1, 2)
        self.told.change(gives("read"), 3, 4)
        self.told.change(takes("read"), 5, 6)
        self.assertEqual(self.isNamed(7, 8), "surely")


class HeededTests(CertaintyCase):
    """
    Tests for whether it matters who asks.
    """

    def test_heeded(self) -> None:
        """
        It does as long as somebody may do everything.
        """
        self.told.change(gives("admin", b"k"), 0, 1)
        self.told.change(gives("admin"), 2, 3, user=b"bob")
        self.told.change(GONE, 8, 9, user=b"bob")
        certainty = Certainty(self.told.users.changes)
        times = [(0.0, 1.5), (2.5, 2.7), (4.0, 5.0), (8.5, 9.0), (10.0, 11.0)]
        self.assertEqual([certainty.isHeeded(*time) for time in times], [False, False, True, False, False])
        self.assertEqual([certainty.mayBeHeeded(*time) for time in times], [False, True, True, True, False])
