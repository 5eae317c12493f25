"""
What a simulated operator believes users to be, and what is to become of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from replkv.commands.grant import GrantRight
from replkv.commands.passwd import Passwd
from replkv.commands.revoke import RevokeRight
from replkv.commands.useradd import UserAdd
from replkv.commands.usercommand import UserCommand
from replkv.commands.userdel import UserDel
from replkv.testing.cluster.credentials import Credentials
from replkv.testing.users.record import Change, Fate, Given, Gone, Named, Right, Taken, What
from replkv.users import rights
from replkv.users.secret import SALT_BYTES, Cost, makeSecret

_CHEAP: Final = Cost(1, 1, 1)
"""
How long it takes to try a token is simulated, and should take no other time.
"""

_EVERYTHING: Final = Right("admin", b"")
_USUAL: Final = (Right("read", b""), Right("write", b""))

Step = tuple[UserCommand, What]
"""
A command, and what it makes of a user.
"""


@dataclass(eq=False)
class User:
    """
    A user, as the operator believes it to be.

    @ivar client: the place of the client that it is for; C{None} for the operator.
    @ivar due: the rights that it is to have before anything else comes of it.
    """

    name: bytes
    client: int | None
    isThere: bool = False
    token: bytes = b""
    rights: list[Right] = field(default_factory=list)
    due: list[Right] = field(default_factory=list)


class Accounts:
    """
    Where the operator does not know what came of a change, it leaves that user alone, and the client is to be another
    one: nothing about the first would be certain any more.

    @ivar root: the operator itself.
    @ivar left: the names that are yet to be deleted, the operator's last; C{None} as long as none is to be.
    """

    def __init__(self, keys: Sequence[bytes], credentials: Sequence[Credentials], burst: int, random: Random) -> None:
        """
        @param keys: what clients use.
        @param credentials: those of the clients, who are told there.
        @param burst: how many users are changed at once, at the most.
        """
        self.root = User(b"root", None, due=[_EVERYTHING])
        self.left: list[bytes] | None = None
        self._keys = keys
        self._credentials = credentials
        self._burst = burst
        self._random = random
        self._users = [User(b"client%d" % place, place, due=[*_USUAL]) for place in range(len(credentials))]
        self._names: list[bytes] = []  # All that were ever to be added.
        self._tokens = 0

    @property
    def areReady(self) -> bool:
        """
        Whether all are there, and have what they are to have at first.
        """
        return all(user.isThere and not user.due for user in [*self._users, self.root])

    @property
    def there(self) -> list[User]:
        """
        Those of the clients that are there.
        """
        return [user for user in self._users if user.isThere]

    def leave(self) -> None:
        """
        Have all users deleted.
        """
        self.left = [*reversed(self._names)]

    def next(self) -> list[Step]:
        """
        What is to be changed next.
        """
        if self.left is not None:
            return [_delete(name) for name in self.left]
        if not self.root.isThere:
            return [self._name(self.root, UserAdd)]
        for user in [*self._users, self.root]:
            if not user.isThere or user.due:
                named = [] if user.isThere else [self._name(user, UserAdd)]
                return named + [_give(user, right) for right in user.due]
        burst = self._random.randint(1, self._burst)
        changed = self._random.sample(self._users, min(burst, len(self._users)))
        return [self._change(user) for user in changed]

    def learn(self, change: Change) -> None:
        """
        It is known what came of a change, or will not be known any more.
        """
        if self.left is not None:
            if change.told.startswith("REFUSED"):
                # Somebody is there who was thought to be gone.
                self.leave()
            elif change.told in ("DELETED", "ERRNOTFOUND") and change.user in self.left:
                self.left.remove(change.user)
            return
        user = next((user for user in [self.root, *self._users] if user.name == change.user), None)
        if user is None:
            return
        if change.fate is Fate.DONE:
            self._note(user, change)
        elif change.fate is Fate.UNKNOWN and user.client is not None:
            name = b"client%d.%d" % (user.client, self._tokens)
            self._users[user.client] = User(name, user.client, due=[*_USUAL])

    def _change(self, user: User) -> Step:
        kind = self._random.random()
        if len(user.rights) < 2 or kind < 0.3:
            return _give(user, self._right())
        if kind < 0.7:
            right = self._random.choice(user.rights)
            return RevokeRight(user.name, rights.Right(right.word), right.prefix), Taken(right)
        if kind < 0.88:
            return self._name(user, Passwd)
        return _delete(user.name)

    def _name(self, user: User, kind: type[UserAdd] | type[Passwd]) -> Step:
        """
        Give a user a token that nobody ever had. But the operator's own is always the same.
        """
        self._names = [*dict.fromkeys([*self._names, user.name])]
        if user is not self.root or not user.token:
            self._tokens += 1
            user.token = b"token-%d" % self._tokens
        secret = makeSecret(user.token, bytes(SALT_BYTES), _CHEAP)
        return kind(user.name, secret), Named(user.token)

    def _right(self) -> Right:
        """
        Any right over all keys, or over some.
        """
        random = self._random
        key = random.choice(self._keys)
        prefix = random.choice([b"", b"", key, key, key[:-1]])
        words = ["read", "write", "read", "write", "admin"]
        # Only the operator may do everything.
        return Right(random.choice(words if prefix else words[:2]), prefix)

    def _note(self, user: User, change: Change) -> None:
        """
        A user is changed.
        """
        match change.what:
            case Named(token):
                user.isThere = True
                if user.client is not None:
                    self._credentials[user.client].give(user.name, token)
            case Gone():
                user.isThere, user.rights, user.due = False, [], [*_USUAL]
            case Given(right):
                user.rights = [*dict.fromkeys([*user.rights, right])]
                user.due = [due for due in user.due if due != right]
            case Taken(right):
                user.rights = [other for other in user.rights if other != right]


def _give(user: User, right: Right) -> Step:
    return GrantRight(user.name, rights.Right(right.word), right.prefix), Given(right)


def _delete(name: bytes) -> Step:
    return UserDel(name), Gone()
