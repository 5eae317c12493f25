"""
Tests for L{replkv.users.user} and L{replkv.users.rights}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.users.rights import Grant, Right
from replkv.users.user import Login, User, checkName
from tests.users.people import secretOf, user

READ, WRITE, ADMIN = Right.READ, Right.WRITE, Right.ADMIN


class RightTests(SynchronousTestCase):
    """
    Tests for what users may do.
    """

    def test_none(self) -> None:
        """
        Who has no rights may do nothing.
        """
        alice = user(b"alice")
        self.assertFalse(any(alice.may(right, scope) for right in Right for scope in (b"", b"k")))
        self.assertFalse(alice.mayDoEverything)

    def test_prefix(self) -> None:
        """
        A right holds for the keys that begin so, and for no others.
        """
        alice = user(b"alice", (READ, b"app/"), (READ, b"x"))
        self.assertTrue(alice.may(READ, b"app/"))
        self.assertTrue(alice.may(READ, b"app/k"))
        self.assertTrue(alice.may(READ, b"xy"))
        for key in (b"", b"app", b"apq/", b"k", b"k/app/"):
            self.assertFalse(alice.may(READ, key), key)

    def test_apart(self) -> None:
        """
        Who may read may not write, and the other way round.
        """
        reader, writer = user(b"r", (READ, b"")), user(b"w", (WRITE, b""))
        self.assertTrue(reader.may(READ, b"k"))
        self.assertFalse(reader.may(WRITE, b"k"))
        self.assertTrue(writer.may(WRITE, b"k"))
        self.assertFalse(writer.may(READ, b"k"))
        self.assertFalse(reader.may(ADMIN, b"") or writer.may(ADMIN, b""))

    def test_admin(self) -> None:
        """
        An admin may read and write. Only one over all keys may do everything.
        """
        some, every = user(b"some", (ADMIN, b"app/")), user(b"every", (ADMIN, b""))
        self.assertTrue(all(some.may(right, b"app/k") for right in Right))
        self.assertFalse(any(some.may(right, b"k") for right in Right))
        self.assertFalse(some.mayDoEverything)
        self.assertTrue(all(every.may(right, b"") for right in Right))
        self.assertTrue(every.mayDoEverything)

    def test_covers(self) -> None:
        """
        A right goes as far as another one, or it does not.
        """
        self.assertTrue(Grant(ADMIN, b"a").covers(WRITE, b"ab"))
        self.assertTrue(Grant(READ, b"a").covers(READ, b"a"))
        self.assertFalse(Grant(READ, b"a").covers(READ, b""))
        self.assertFalse(Grant(READ, b"a").covers(WRITE, b"a"))
        self.assertEqual(str(Grant(READ, b"a/")), "read a/*")


class UserTests(SynchronousTestCase):
    """
    Tests for how users are kept.
    """

    def test_stored(self) -> None:
        """
        What is stored of a user is the user, whatever bytes the rights are about.
        """
        alice = User(b"alice", secretOf(b"t"), 17, (Grant(READ, b'\xff\0"a'), Grant(ADMIN, b"")))
        self.assertEqual(User.decode(b"alice", alice.encode()), alice)

    def test_notStored(self) -> None:
        """
        Anything else is none.
        """
        for stored in (b"", b"[]", b"{}", b"\xff", b'{"secret":"x","since":1,"grants":[]}', b"null"):
            with self.assertRaises(ValueError, msg=str(stored)):
                User.decode(b"alice", stored)

    def test_secretIsNotShown(self) -> None:
        """
        Nothing of a token is in a line that tells of a user.
        """
        self.assertNotIn("Secret", repr(user(b"alice")))

    def test_names(self) -> None:
        """
        Names are such as can be typed, and told in a log.
        """
        for name in (b"a", b"alice@example.org", b"svc-1_x", b"0" * 64):
            checkName(name)
        for name in (b"", b"-", b".a", b"a b", b"a\n", b"\xe4", b"0" * 65, b"a*"):
            with self.assertRaises(ValueError, msg=str(name)):
                checkName(name)

    def test_login(self) -> None:
        """
        A login counts for as long as the token does; one by a certificate counts for any.
        """
        alice = user(b"alice")
        self.assertTrue(Login(b"alice", 1).isOf(alice))
        self.assertFalse(Login(b"alice", 2).isOf(alice))
        self.assertTrue(Login(b"alice", None).isOf(alice))
