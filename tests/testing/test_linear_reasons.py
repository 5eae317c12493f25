"""
Tests for what the linearizability checker says of a history that it rejects.
"""

from __future__ import annotations

from tests.testing.asked import delete, get, getm, put
from tests.testing.linear import LinearTestCase


class ReasonTests(LinearTestCase):
    """
    The message is for the person who has to find out why.
    """

    def test_contradiction(self) -> None:
        """
        Where the order of two is contradictory, these two are shown, with the reasons, and nothing else.
        """
        reason = self.rejected(
            put(0, 1, b"a", 3).on(7), get(1.5, 1.75, b"a"), put(2, 3, b"b", 5), getm(4, 5, b"a", 3), get(6, 7, b"b")
        )
        self.assertEqual(
            reason.splitlines(),
            [
                "key 'k' is not linearizable: each of these comes before the next, and the last before the first",
                "  2.000 - 3.000 s  process 0: set k 0 'b' -> stored, version 5",
                "    it had ended before this was asked:",
                "  4.000 - 5.000 s  process 0: getm k -> found 'a', version 3, for ever",
                "    it has version 3, this has version 5:",
            ],
        )

    def test_circle(self) -> None:
        """
        So it is where more than two contradict each other, unless there are two somewhere that do.
        """
        circle = [
            put(0, 0.5, b"a", 3),
            get(1, 9, b"b").on(7),
            getm(1, 9, b"a", 3).on(7),
            put(2, 3, b"c", 5),
            put(4, 5, b"b", 0).silent(),
        ]
        self.assertEqual(
            self.rejected(*circle).splitlines()[1:],
            [
                "  1.000 - 9.000 s  process 0 (connection 7): get k -> found 'b'",
                "    it was sent before this, on the same connection:",
                "  1.000 - 9.000 s  process 1 (connection 7): getm k -> found 'a', version 3, for ever",
                "    it has version 3, this has version 5:",
                "  2.000 - 3.000 s  process 2: set k 0 'c' -> stored, version 5",
                "    it had ended before this was asked:",
                "  4.000 - 5.000 s  process 2: set k 0 noreply 'b' -> carried out",
                "    it stored what this found:",
            ],
        )
        reason = self.rejected(*circle, put(10, 11, b"d", 9), put(12, 13, b"e", 8))
        self.assertEqual(len(reason.splitlines()), 5, reason)

    def test_endOfConnection(self) -> None:
        """
        What has an unknown outcome contradicts others by what came after it on its connection.
        """
        lost = put(0, 1, b"a", 0).lost().on(7)
        reason = self.rejected(
            lost, get(2, 3, None).about(b"x").on(7), get(4, 5, None), put(6, 7, b"b", 2), getm(8, 9, b"a", 3)
        )
        self.assertIn("    something that comes after it had been answered before this was asked:", reason)

    def test_end(self) -> None:
        """
        Otherwise, as much as can be put in order is told, and what cannot come next.
        """
        reason = self.rejected(
            put(0, 1, b"a", 3).on(7), get(2, 3, b"a"), delete(4, 5, False), put(4, 6, b"b", 9).lost(), get(8, 9, b"a")
        )
        self.assertEqual(
            reason.splitlines(),
            [
                "key 'k' is not linearizable: 2 of 4 operations can be put in order, and then it has 'a', version 3",
                "the last of them:",
                "  0.000 - 1.000 s  process 0 (connection 7): set k 0 'a' -> stored, version 3",
                "  2.000 - 3.000 s  process 0: get k -> found 'a'",
                "none of these can be the next:",
                "  4.000 - 5.000 s  process 0: delete k -> not found",
                "since it has to be there for:",
                "  8.000 - 9.000 s  process 0: get k -> found 'a'",
            ],
        )

    def test_kept(self) -> None:
        """
        What must not be gone yet is told with those that found it.
        """
        reason = self.rejected(put(0, 1, b"a", 3), put(2, 3, b"b" * 50, 0).silent(), get(4, 5, b"a"))
        self.assertEqual(
            reason.splitlines()[-4:],
            [
                "none of these can be the next:",
                f"  2.000 - 3.000 s  process 0: set k 0 noreply '{'b' * 40}'... (50 bytes) -> carried out",
                "since it has to be there for:",
                "  4.000 - 5.000 s  process 0: get k -> found 'a'",
            ],
        )

    def test_short(self) -> None:
        """
        However many operations there are, few of them are shown.
        """
        many = [get(2, 3, None) for _ in range(100)]
        reason = self.rejected(put(0, 1, b"a", 3), *many)
        self.assertLess(len(reason.splitlines()), 15)
        self.assertIn("  and 94 more", reason)
