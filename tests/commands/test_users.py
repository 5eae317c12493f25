"""
Tests for the commands about users, as they stand in the log, and whom they are allowed to.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import Command, LoggedCommand
from replkv.commands.condition import ABSENT
from replkv.commands.count import Count
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.extras import Help, Piece, Quit, Snapshot, Stats, Transfer, Version
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.grant import GrantRight
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER
from replkv.commands.logged import allSound, decode
from replkv.commands.passwd import Passwd
from replkv.commands.prepend import Prepend
from replkv.commands.replace import Replace
from replkv.commands.revoke import RevokeRight
from replkv.commands.scan import Scan
from replkv.commands.set import Set
from replkv.commands.steps import If, IfValue, StepDelete, StepGet, StepPut
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.commands.useradd import UserAdd
from replkv.commands.userdel import UserDel
from replkv.commands.users import Users
from replkv.users.rights import Right
from tests.users.people import secretOf, user

LOGGED: tuple[LoggedCommand, ...] = (
    UserAdd(b"alice", secretOf(b"t")),
    Passwd(b"alice", secretOf(b"u")),
    UserDel(b"alice"),
    GrantRight(b"alice", Right.READ, b""),
    GrantRight(b"alice", Right.ADMIN, b"app/"),
    RevokeRight(b"alice", Right.WRITE, b"x" * 250),
)


class LoggedTests(SynchronousTestCase):
    """
    Tests for how they stand in the log.
    """

    def test_decoded(self) -> None:
        """
        They are read as they were written, by servers that know them.
        """
        for command in LOGGED:
            data = command.encode(5)
            self.assertEqual(decode(data), (5, command))
            self.assertTrue(allSound([data]))
            self.assertFalse(allSound([data], version=3))
            with self.assertRaises(ValueError):
                decode(data, version=3)

    def test_refused(self) -> None:
        """
        What no server could carry out is refused before it stands in a log.
        """
        add, grant = UserAdd(b"alice", secretOf(b"t")).encode(5), GrantRight(b"alice", Right.READ, b"").encode(5)
        for data in (
            add[:-1],
            add.replace(b"alice", b"al ce"),
            grant.replace(b"alice", b"al\nce"),
            grant + b"x" * 251,
            GrantRight(b"alice", Right.READ, b"").encode(5).replace(b"\0\x05alice", b"\x07\x05alice"),
            UserDel(b"alice").encode(5) + b"x",
            bytes([99]) + bytes(8),
        ):
            self.assertFalse(allSound([data]), data)
            with self.assertRaises(ValueError, msg=str(data)):
                decode(data)


class AllowedTests(SynchronousTestCase):
    """
    Tests for whom commands are allowed to.
    """

    def assertAllowed(self, command: Command, *names: str) -> None:
        """
        These may have it done, and nobody else.
        """
        everybody = {
            "nobody": None,
            "none": user(b"none"),
            "reader": user(b"reader", (Right.READ, b"a/")),
            "writer": user(b"writer", (Right.WRITE, b"a/")),
            "admin": user(b"admin", (Right.ADMIN, b"a/")),
            "root": user(b"root", (Right.ADMIN, b"")),
        }
        allowed = {name for name, one in everybody.items() if command.isAllowedTo(one)}
        self.assertEqual(allowed, set(names), command)

    def test_keys(self) -> None:
        """
        Keys are read by who may read them, and written by who may write them.
        """
        for read in (Get(b"a/k"), Getm(b"a/k")):
            self.assertAllowed(read, "reader", "admin", "root")
        value = b"v"
        for write in (
            Set(b"a/k", 0, value, False),
            Cas(b"a/k", 0, 1, value, False),
            Add(b"a/k", 0, value, False),
            Replace(b"a/k", 0, value, False),
            Append(b"a/k", value, False),
            Prepend(b"a/k", value, False),
            Delete(b"a/k"),
            Cad(b"a/k", 1),
            Touch(b"a/k", 1),
            DeletePrefix(b"a/", 0),
            DeletePrefix(b"a/k", 0),
        ):
            self.assertAllowed(write, "writer", "admin", "root")
        for prefix in (b"", b"a"):
            for command in (DeletePrefix(prefix, 0), Scan(prefix, 1), Count(prefix)):
                self.assertAllowed(command, "root")
        for ranged in (Scan(b"a/", 1), Count(b"a/k", b"b")):
            self.assertAllowed(ranged, "reader", "admin", "root")
        # What they tell is what the key holds.
        for count in (Incr(b"a/k", 0), Decr(b"a/k", 0)):
            self.assertAllowed(count, "admin", "root")
            self.assertTrue(count.isAllowedTo(user(b"both", (Right.READ, b"a/"), (Right.WRITE, b"a/"))))
        self.assertAllowed(Get(b"b/k"), "root")
        self.assertAllowed(Delete(b"b/k"), "root")

    def test_transactions(self) -> None:
        """
        A transaction takes the right for each of its steps: to compare is to read.
        """
        reads = (If(b"a/k", ABSENT), IfValue(b"a/k", b""), StepGet(b"a/k"))
        writes = (StepPut(b"a/k", 0, FOREVER, b""), StepDelete(b"a/k"))
        for read in reads:
            self.assertAllowed(Txn((read,)), "reader", "admin", "root")
            self.assertAllowed(Txn((writes[0], read)), "admin", "root")
        self.assertAllowed(Txn(writes), "writer", "admin", "root")
        self.assertAllowed(Txn((*writes, StepDelete(b"b"))), "root")

    def test_operators(self) -> None:
        """
        What is done to all keys is done by who may do everything.
        """
        secret = secretOf(b"t")
        for command in (Transfer(1), Snapshot(0), Piece(1, 0, 0), Users(b"-"), UserDel(b"x"), UserAdd(b"x", secret)):
            self.assertAllowed(command, "root")

    def test_passwd(self) -> None:
        """
        A token is changed by the user too.
        """
        self.assertAllowed(Passwd(b"none", secretOf(b"t")), "none", "root")

    def test_rights(self) -> None:
        """
        Who is admin over some keys may give others rights over them.
        """
        for kind in (GrantRight, RevokeRight):
            self.assertAllowed(kind(b"x", Right.READ, b"a/b"), "admin", "root")
            self.assertAllowed(kind(b"x", Right.ADMIN, b"a/"), "admin", "root")
            self.assertAllowed(kind(b"x", Right.READ, b"a"), "root")

    def test_open(self) -> None:
        """
        Some are for everybody.
        """
        everybody = ("nobody", "none", "reader", "writer", "admin", "root")
        for command in (Help(), Stats(), Version(), Quit()):
            self.assertAllowed(command, *everybody)

    def test_words(self) -> None:
        """
        What other operators are told has nothing secret in it.
        """
        self.assertEqual(
            [str(command) for command in LOGGED[:4]],
            ["useradd alice", "passwd alice", "userdel alice", "grant alice read *"],
        )
        self.assertEqual(str(Transfer(2)), "transfer 2")
        self.assertNotIn("scrypt", repr(LOGGED[0]))
