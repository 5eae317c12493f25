"""
Tests for the users in the state machine.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.get import Get
from replkv.commands.grant import GrantRight
from replkv.commands.passwd import Passwd
from replkv.commands.results import Deleted, Done, NotFound, Refused, Stored
from replkv.commands.revoke import RevokeRight
from replkv.commands.set import Set
from replkv.commands.useradd import UserAdd
from replkv.commands.usercommand import UserCommand
from replkv.commands.userdel import UserDel
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import RottenRecord
from replkv.kv.users import USERS, UserTable
from replkv.kv.verification import verify
from replkv.users.rights import Right
from replkv.users.user import MAX_GRANTS, MAX_USERS, Login
from tests.kv.machinecase import MachineCase
from tests.users.people import secretOf, user

READ, WRITE, ADMIN = Right.READ, Right.WRITE, Right.ADMIN
SECRET = secretOf(b"t")


class UserCase(MachineCase):
    """
    A state machine that is told about users.
    """

    def tell(self, *commands: UserCommand) -> list[object]:
        """
        Apply commands.
        """
        return list(self.apply(*(command.encode(1) for command in commands)))

    def add(self, *names: bytes) -> None:
        """
        Add users.
        """
        self.assertEqual(self.tell(*(UserAdd(name, SECRET) for name in names)), [Done()] * len(names))

    def assertRefused(self, words: str, command: UserCommand) -> None:
        """
        A command is refused, and changes nothing.
        """
        before = self.kv.hash
        (result,) = self.tell(command)
        assert isinstance(result, Refused), result
        self.assertIn(words, result.reason)
        self.assertEqual(self.kv.hash, before)

    def may(self, name: bytes, right: Right, key: bytes) -> bool:
        """
        Whether a user has a right.
        """
        found = self.kv.users.find(name)
        return found is not None and found.may(right, key)


class CommandTests(UserCase):
    """
    Tests for what the commands do.
    """

    def test_add(self) -> None:
        """
        A user is added once, without rights. To add the same one again, with the same token, changes nothing; with
        another one, it is refused.
        """
        self.add(b"alice")
        before = self.kv.hash
        self.assertEqual(self.tell(UserAdd(b"alice", SECRET)), [Done()])
        self.assertEqual(self.kv.hash, before)
        self.assertRefused("alice already", UserAdd(b"alice", secretOf(b"u")))
        self.assertFalse(self.may(b"alice", READ, b"k"))

    def test_unknown(self) -> None:
        """
        Who is not there is not found.
        """
        commands = (
            UserDel(b"bob"),
            Passwd(b"bob", SECRET),
            GrantRight(b"bob", READ, b""),
            RevokeRight(b"bob", READ, b""),
        )
        self.assertEqual(self.tell(*commands), [NotFound()] * 4)

    def test_rights(self) -> None:
        """
        Rights are given and taken away, as often as one likes.
        """
        self.add(b"alice")
        give, take = GrantRight(b"alice", READ, b"a/"), RevokeRight(b"alice", READ, b"a/")
        self.assertEqual(self.tell(give, give), [Done(), Done()])
        self.assertTrue(self.may(b"alice", READ, b"a/k"))
        self.assertEqual(self.tell(take, take), [Done(), Done()])
        self.assertFalse(self.may(b"alice", READ, b"a/k"))

    def test_furtherRight(self) -> None:
        """
        A right is not said to be taken away that the user has by another one too.
        """
        self.add(b"alice")
        self.tell(GrantRight(b"alice", WRITE, b"a/"), GrantRight(b"alice", WRITE, b""))
        self.assertRefused("goes further, too", RevokeRight(b"alice", WRITE, b"a/"))
        self.assertRefused("goes further, too", RevokeRight(b"alice", WRITE, b"b/"))
        self.assertRefused("has it already", GrantRight(b"alice", WRITE, b"c/"))
        self.assertEqual(
            self.tell(RevokeRight(b"alice", WRITE, b""), RevokeRight(b"alice", WRITE, b"a/")), [Done(), Done()]
        )
        self.assertFalse(self.may(b"alice", WRITE, b"a/k"))

    def test_narrowerRight(self) -> None:
        """
        What was given over fewer keys stays when that over more is taken away.
        """
        self.add(b"alice")
        self.tell(
            GrantRight(b"alice", WRITE, b"a/"), GrantRight(b"alice", WRITE, b""), RevokeRight(b"alice", WRITE, b"")
        )
        self.assertTrue(self.may(b"alice", WRITE, b"a/k"))
        self.assertFalse(self.may(b"alice", WRITE, b"k"))

    def test_lastAdmin(self) -> None:
        """
        There is always somebody who may do everything, once there was; but the last user of all may go.
        """
        self.add(b"root", b"alice")
        self.tell(GrantRight(b"root", ADMIN, b""))
        self.assertTrue(self.kv.users.areHeeded)
        self.assertRefused("another user admin *", RevokeRight(b"root", ADMIN, b""))
        self.assertRefused("another user admin *", UserDel(b"root"))
        self.tell(GrantRight(b"alice", ADMIN, b""))
        self.assertEqual(self.tell(RevokeRight(b"root", ADMIN, b""), UserDel(b"root")), [Done(), Deleted()])
        self.assertTrue(self.kv.users.areHeeded)
        self.assertEqual(self.tell(UserDel(b"alice")), [Deleted()])
        self.assertFalse(self.kv.users.areHeeded)

    def test_adminOfSomeKeys(self) -> None:
        """
        As long as nobody may do everything, rights are not heeded.
        """
        self.add(b"alice")
        self.tell(GrantRight(b"alice", ADMIN, b"a/"))
        self.assertFalse(self.kv.users.areHeeded)
        self.assertTrue(self.kv.users.allow(None, Get(b"k")))

    def test_tooManyRights(self) -> None:
        """
        A user has so many rights and no more.
        """
        self.add(b"alice")
        self.tell(*(GrantRight(b"alice", READ, b"%d/" % number) for number in range(MAX_GRANTS)))
        self.assertRefused(f"{MAX_GRANTS} rights", GrantRight(b"alice", READ, b"one more"))
        self.assertEqual(self.tell(GrantRight(b"alice", READ, b"0/")), [Done()])

    def test_tooManyUsers(self) -> None:
        """
        There are so many users and no more; and they are all there when the machine is opened again.
        """
        self.add(*(b"u%d" % number for number in range(MAX_USERS)))
        self.assertRefused(f"{MAX_USERS} users", UserAdd(b"one-more", SECRET))
        self.assertEqual(StateMachine(self.engine).users.count, MAX_USERS)


class AllowTests(UserCase):
    """
    Tests for who is allowed to do what.
    """

    def setUp(self) -> None:
        """
        Somebody may do everything, and somebody a little.
        """
        super().setUp()
        self.add(b"root", b"alice")
        self.tell(GrantRight(b"root", ADMIN, b""), GrantRight(b"alice", READ, b"a/"))
        alice = self.kv.users.find(b"alice")
        assert alice is not None
        self.login = Login(b"alice", alice.since)

    def allowed(self, login: Login | None) -> bool:
        """
        Whether one may read a key of alice's.
        """
        return self.kv.users.allow(login, Get(b"a/k"))

    def test_logins(self) -> None:
        """
        Who has logged in may do what the user may, and nobody else.
        """
        self.assertTrue(self.allowed(self.login))
        self.assertTrue(self.allowed(Login(b"alice", None)))
        self.assertFalse(self.allowed(None))
        self.assertFalse(self.allowed(Login(b"bob", None)))
        self.assertFalse(self.allowed(Login(b"bob", self.login.since)))

    def test_otherToken(self) -> None:
        """
        With another token, one has to log in again; and rights stay.
        """
        self.tell(Passwd(b"alice", secretOf(b"u")))
        self.assertFalse(self.allowed(self.login))
        self.assertTrue(self.allowed(Login(b"alice", None)))

    def test_sameName(self) -> None:
        """
        Another user of the same name is another user.
        """
        self.tell(UserDel(b"alice"), UserAdd(b"alice", SECRET), GrantRight(b"alice", READ, b""))
        self.assertFalse(self.allowed(self.login))


class KeptTests(UserCase):
    """
    Tests for how users are kept.
    """

    def setUp(self) -> None:
        """
        There are users, keys, and a user that is gone.
        """
        super().setUp()
        self.add(b"root", b"alice", b"bob")
        self.tell(GrantRight(b"root", ADMIN, b""), GrantRight(b"alice", READ, b"a/"), UserDel(b"bob"))
        self.assertEqual(self.apply(Set(b"alice", 0, b"v", False).encode(1)), [Stored(self.kv.appliedIndex)])

    def test_again(self) -> None:
        """
        A machine goes on from what another one has left, users included.
        """
        again = StateMachine(self.engine)
        self.assertEqual(again.users.after(b"-", 10), self.kv.users.after(b"-", 10))
        self.assertEqual([each.name for each in again.users.after(b"-", 10)], [b"alice", b"root"])
        self.assertEqual((again.hash, again.keys), (self.kv.hash, 1))
        self.assertTrue(again.users.areHeeded)
        for machine in (self.kv, again):
            machine.apply([])
        self.tell(RevokeRight(b"alice", READ, b"a/"))
        self.assertEqual(StateMachine(self.engine).hash, self.kv.hash)

    def test_pages(self) -> None:
        """
        They are told of in the order of their names, a page after the other.
        """
        users = self.kv.users
        self.assertEqual([each.name for each in users.after(b"-", 1)], [b"alice"])
        self.assertEqual([each.name for each in users.after(b"alice", 1)], [b"root"])
        self.assertEqual([each.name for each in users.after(b"alicf", 5)], [b"root"])
        self.assertEqual(users.after(b"root", 1), [])

    def test_installed(self) -> None:
        """
        The users of a snapshot are in the place of those that there were.
        """
        other = StateMachine(MemoryEngine())
        other.install(self.engine)
        self.assertEqual(other.users.count, 2)
        self.kv.install(MemoryEngine())
        self.assertEqual((self.kv.users.count, self.kv.hash), (0, 0))

    def test_verified(self) -> None:
        """
        A store is what it says only if its users are, too.
        """
        self.assertEqual(verify(self.engine).hash, self.kv.hash)
        stored = self.engine.get(USERS + b"alice")
        assert stored is not None
        self.engine.write({USERS + b"alice": None})
        for read in (verify, StateMachine):
            with self.assertRaises(EngineError):
                read(self.engine)
        self.engine.write({USERS + b"alice": stored[:-1] + b"?"})
        with self.assertRaises(RottenRecord):
            verify(self.engine)
        with self.assertRaises(RottenRecord):
            StateMachine(self.engine)

    def test_noUser(self) -> None:
        """
        What is no user is not taken for one.
        """
        engine = MemoryEngine()
        changes: dict[bytes, bytes | None] = {}
        table = UserTable(engine, changes)
        table.put(user(b"alice", (READ, b"")))
        stored = changes[USERS + b"alice"]
        assert stored is not None
        with self.assertRaises(RottenRecord):
            UserTable(MemoryEngine({USERS + b"bob": stored}), {})

    def test_replayed(self) -> None:
        """
        However the entries are cut into calls, the users come to the same.
        """
        commands = [
            UserAdd(b"a", SECRET),
            GrantRight(b"a", ADMIN, b""),
            UserAdd(b"b", SECRET),
            GrantRight(b"b", READ, b"x"),
            Passwd(b"b", secretOf(b"u")),
            RevokeRight(b"b", READ, b"x"),
            UserDel(b"a"),
            UserDel(b"b"),
            UserDel(b"a"),
        ]
        hashes = set()
        for size in (1, 2, 9):
            self.setUpMachine()
            for first in range(0, len(commands), size):
                self.tell(*commands[first : first + size])
            hashes.add((self.kv.hash, tuple(sorted(self.engine.scan(b"", b"\xff", 100)))))
        self.assertEqual(len(hashes), 1)

    def setUpMachine(self) -> None:
        """
        Begin anew.
        """
        MachineCase.setUp(self)


class OtherStoresTests(SynchronousTestCase):
    """
    Tests for stores without users.
    """

    def test_none(self) -> None:
        """
        They have no users, and everybody may do everything.
        """
        users = StateMachine(MemoryEngine()).users
        self.assertEqual((users.count, users.admins, users.hash), (0, 0, 0))
        self.assertTrue(users.allow(None, Get(b"k")))
