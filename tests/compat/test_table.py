"""
Tests for L{tests.compat.table} and L{tests.compat.document}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.compat.document import BEGIN, END, withTable
from tests.compat.outcome import Outcome, State
from tests.compat.table import Row, tableOf


def passed(count: int) -> dict[str, State]:
    """
    So many tests that passed.
    """
    return {f"test_{number}": State.PASSED for number in range(count)}


class TableTests(SynchronousTestCase):
    """
    Tests for L{tableOf}.
    """

    def test_passed(self) -> None:
        """
        Each row has what passed where; where a suite was not run there is nothing.
        """
        expected = Outcome({**passed(2), "test_skipped": State.SKIPPED})
        rows = [Row("tooz 9.1.0", expected, {"follower": expected}), Row("load", Outcome(passed(1)), {})]
        lines = ["| passed | memcached 1.6 | leader | follower |", "| --- | --- | --- | --- |"]
        lines += ["| tooz 9.1.0 | 2 |  | 2 |", "| load | 1 |  |  |"]
        self.assertEqual(tableOf(rows, "memcached 1.6", ["leader", "follower"]), lines)
        self.assertFalse(any(row.lacking or row.isEmpty for row in rows))

    def test_unsure(self) -> None:
        """
        Who was unsure is told of, and is no failure.
        """
        row = Row("tooz", Outcome(passed(2)), {"follower": Outcome({**passed(1), "test_1": State.UNSURE})})
        self.assertEqual(tableOf([row], "memcached", ["follower"])[2:], ["| tooz | 2 | 1, 1 unsure |"])
        self.assertFalse(row.lacking)

    def test_failures(self) -> None:
        """
        Below it stands which tests failed, of many the first ones.
        """
        row = Row(
            "tooz", Outcome(passed(25)), {"leader": Outcome({"test_7": State.PASSED}), "follower": Outcome(passed(24))}
        )
        *_, empty, leader, follower = tableOf([row], "memcached", ["leader", "follower"])
        self.assertEqual((empty, follower), ("", "- tooz, follower: `test_24`"))
        self.assertTrue(leader.startswith("- tooz, leader: `test_0`, `test_1`, `test_10`, "), leader)
        self.assertTrue(leader.endswith(" and 4 more"), leader)
        self.assertEqual(set(row.lacking), {"leader", "follower"})

    def test_nothing(self) -> None:
        """
        A suite of which nothing passed at memcached either is told of: it was not even run.
        """
        row = Row("tooz", Outcome({"a": State.FAILED}), {"leader": Outcome({"a": State.FAILED})})
        self.assertEqual(tableOf([row], "memcached", ["leader"])[-2:], ["", "- tooz: nothing passed at memcached"])
        self.assertTrue(row.isEmpty)


class DocumentTests(SynchronousTestCase):
    """
    Tests for L{withTable}.
    """

    def test_written(self) -> None:
        """
        The lines come between the marks, in the place of others, and a second time nothing changes.
        """
        text = f"# Head\n\n{BEGIN}\nold\n{END}\n\nfoot\n"
        written = withTable(text, ["| a |", "| - |"])
        self.assertEqual(written, f"# Head\n\n{BEGIN}\n\n| a |\n| - |\n\n{END}\n\nfoot\n")
        self.assertEqual(withTable(written, ["| a |", "| - |"]), written)

    def test_noMarks(self) -> None:
        """
        Without the marks there is no place for it.
        """
        for text in ("text", f"text {BEGIN}", f"text {END}"):
            self.assertRaises(ValueError, withTable, text, [])
