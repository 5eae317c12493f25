"""
Tests for L{replkv.testing.users.judge}, and for what is counted there.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.get import Get
from replkv.commands.set import Set
from replkv.testing import rare
from replkv.testing.history import Answer
from replkv.testing.history import Told as Says
from replkv.testing.outcome import Violation
from replkv.testing.users.counted import rareOfUsers
from replkv.testing.users.judge import checkUsers
from replkv.testing.users.record import Fate, Named
from tests.testing.users.told import GONE, NAMED, Told, gives, takes

GET = Get(b"k")
FOUND, NOTHING = Answer(Says.FOUND, None, b"v"), Answer(Says.NOT_FOUND)


def put(value: bytes) -> Set:
    """
    A command that stores a value.
    """
    return Set(b"k", 0, value, False)


class JudgeCase(SynchronousTestCase):
    """
    Root may do everything, and C{ann} may read from 1 s on, and is logged in.
    """

    def setUp(self) -> None:
        """
        Say so.
        """
        self.told = Told()
        self.root = self.told.root()
        self.told.change(NAMED, 0, 0.5, by=self.root)
        self.told.change(gives("read"), 0.5, 1, by=self.root)
        self.ann = self.told.login(1, 1.5)

    def accepted(self) -> None:
        """
        Nothing is wrong.
        """
        checkUsers(self.told.history)

    def rejected(self, wrong: str) -> str:
        """
        Something is.

        @return: what is said of it.
        """
        said = str(self.assertRaises(Violation, checkUsers, self.told.history))
        self.assertTrue(said.startswith(wrong), said)
        return said


class DoneTests(JudgeCase):
    """
    Tests for what was done.
    """

    def test_allowed(self) -> None:
        """
        A user has done what he may.
        """
        self.told.asked(GET, self.ann, 2, 3, NOTHING)
        self.accepted()

    def test_read(self) -> None:
        """
        One was told what he may not read.
        """
        self.told.change(takes("read"), 3, 4, by=self.root)
        self.told.asked(GET, self.ann, 3.5, 5, NOTHING)
        self.accepted()
        self.told.asked(GET, self.ann, 5, 6, NOTHING)
        said = self.rejected("something was done for a user who may not have it done: 5.000 - 6.000 s")
        self.assertIn("3.000 - 4.000 s: ann has no longer read *", said)

    def test_cas(self) -> None:
        """
        One was told something of a key that he may not write.
        """
        self.told.asked(Cas(b"k", 0, 1, b"v", False), self.ann, 5, 6, Answer(Says.WRONG_VERSION))
        self.rejected("something was done for a user who may not have it done")

    def test_nobody(self) -> None:
        """
        Something was done for who has not said who he is, or is not that.
        """
        for login in (None, self.told.login(2, 3, Fate.REFUSED, b"wrong"), self.told.login(2, 3, Fate.VAIN)):
            operation = self.told.asked(GET, login, 4, 5, NOTHING)
            self.rejected("something was done for nobody")
            self.told.history.operations.remove(operation)
        self.told.asked(GET, self.told.login(2, None), 4, 5, NOTHING)
        self.accepted()

    def test_otherToken(self) -> None:
        """
        A login is over when there is another token, or no such user; and it does not come back.
        """
        self.told.change(Named(b"other"), 3, 4, by=self.root)
        self.told.asked(GET, self.ann, 3.5, 5, NOTHING)
        self.accepted()
        self.told.asked(GET, self.ann, 5, 6, NOTHING)
        self.rejected("something was done for a login that is over")

    def test_notHeeded(self) -> None:
        """
        Anybody has anything done before somebody may do everything, and after that.
        """
        self.told.asked(put(b"v"), None, -1.5, 1, Answer(Says.STORED, 3))
        self.told.change(GONE, 7, 8, user=b"root", by=self.root)
        self.told.asked(put(b"w"), None, 7.5, 9, Answer(Says.STORED, 4))
        self.told.asked(put(b"x"), None, 9, 10, Answer(Says.STORED, 5))
        self.accepted()

    def test_unknown(self) -> None:
        """
        A write of which nobody was told anything was done when it is read.
        """
        self.told.asked(put(b"v"), self.ann, 2)
        self.accepted()
        self.told.asked(GET, self.ann, 5, 6, FOUND)
        self.rejected("something was done for a user who may not have it done: 2.000 - ...")
        self.told.change(gives("write"), 5.5, 7, by=self.root)
        self.accepted()

    def test_version(self) -> None:
        """
        A write that overlaps a change came after it, if it has a later version than what came after that.
        """
        self.told.change(gives("write"), 1, 2, by=self.root)
        taken = self.told.change(takes("write"), 3, 5, by=self.root)
        self.told.asked(put(b"v"), self.ann, 3.5, 6, Answer(Says.STORED, 9))
        self.accepted()
        taken.below = 8
        self.rejected("something was done for a user who may not have it done")

    def test_change(self) -> None:
        """
        Users are changed by who may do everything, rights by who has the same ones to give, and tokens by their users.
        """
        self.told.change(Named(b"other"), 2, 3, by=self.ann)
        self.accepted()
        self.told.change(gives("read"), 4, 5, by=self.ann, user=b"bob")
        self.rejected("something was done for a login that is over")

    def test_rightGiven(self) -> None:
        """
        Who may only read gives nothing.
        """
        given = self.told.change(gives("read", b"k"), 4, 5, by=self.ann, user=b"bob")
        self.rejected("something was done for a user who may not have it done")
        self.told.change(gives("admin", b"k"), 2, 3, by=self.root)
        self.accepted()
        given.what = GONE
        self.rejected("something was done for a user who may not have it done")


class RefusedTests(JudgeCase):
    """
    Tests for what was refused.
    """

    def test_right(self) -> None:
        """
        What a user may not do was refused, and what nobody asked.
        """
        self.told.refused(put(b"v"), self.ann, 2, 3)
        self.told.refused(GET, None, 2, 3)
        self.told.change(GONE, 2, 3, Fate.REFUSED, by=self.ann, user=b"bob")
        self.accepted()

    def test_wrong(self) -> None:
        """
        What he may do was refused.
        """
        self.told.refused(GET, self.ann, 2, 3)
        self.rejected("something was refused to a user who may have it done: 2.000 - 3.000 s")

    def test_unsure(self) -> None:
        """
        He may not have had it any more, or have had another token.
        """
        for what in (takes("read"), Named(b"other"), GONE):
            change = self.told.change(what, 1.7, None, by=self.root)
            operation = self.told.refused(GET, self.ann, 2, 3)
            self.accepted()
            self.told.users.changes.remove(change)
            self.rejected("something was refused to a user who may have it done")
            self.told.history.operations.remove(operation)

    def test_notHeeded(self) -> None:
        """
        Something was refused where everybody may do everything.
        """
        self.told.change(GONE, 7, 8, user=b"root", by=self.root)
        self.told.refused(put(b"v"), None, 7.5, 8.5)
        self.accepted()
        self.told.refused(put(b"w"), None, 9, 10)
        self.rejected("something was refused where everybody may do everything")

    def test_change(self) -> None:
        """
        The one who may do everything was refused something.
        """
        self.told.change(GONE, 2, 3, Fate.REFUSED, by=self.root, user=b"bob")
        self.rejected("something was refused to a user who may have it done")


class LoginTests(JudgeCase):
    """
    Tests for who was taken for a user.
    """

    def test_right(self) -> None:
        """
        Who had the token was, and who had not was not.
        """
        self.told.login(2, 3)
        self.told.login(2, 3, Fate.REFUSED, b"wrong")
        self.told.login(0, 0.7, Fate.REFUSED)
        self.accepted()

    def test_wrong(self) -> None:
        """
        Who had another token was.
        """
        self.told.login(2, 3, token=b"wrong")
        self.rejected("somebody was taken for a user with a token that this one never had")

    def test_refused(self) -> None:
        """
        Who had the token was not.
        """
        self.told.login(2, 3, Fate.REFUSED)
        self.rejected("a user was not taken for one: 2.000 - 3.000 s: auth ann token")

    def test_old(self) -> None:
        """
        A server may not know yet that there is another token; but not that there will be one.
        """
        self.told.change(Named(b"other"), 3, 4, by=self.root)
        self.told.login(5, 6)
        self.told.login(3, 3.5, token=b"other")
        self.accepted()
        self.told.login(2, 2.5, token=b"other")
        self.rejected("somebody was taken for a user with a token that this one never had")


class CountedTests(JudgeCase):
    """
    Tests for L{rareOfUsers}.
    """

    def test_counted(self) -> None:
        """
        What is refused is counted, by what for; and a right that is taken from somebody at work.
        """
        self.assertEqual(+rareOfUsers(self.told.history), {})
        self.told.refused(put(b"v"), self.ann, 2, 3)
        self.told.refused(put(b"v"), None, 2, 3)
        self.assertEqual(+rareOfUsers(self.told.history), {rare.USER_REFUSED: 1})
        self.told.change(Named(b"other"), 3, 4, by=self.root)
        self.told.refused(GET, self.ann, 5, 6)
        self.told.asked(GET, self.ann, 3.5, 4.5, NOTHING)
        self.assertEqual(
            rareOfUsers(self.told.history), {rare.USER_REFUSED: 1, rare.LOGIN_OVER: 1, rare.TAKEN_UNDER_WAY: 1}
        )
