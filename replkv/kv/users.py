"""
The users, as they change.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from replkv.commands.command import Command
from replkv.kv.engine import Engine, EngineError
from replkv.kv.record import decode, encode, hashOf, headOf
from replkv.kv.state import STATE, MachineState, readState
from replkv.raft.invariants import InvariantViolation
from replkv.users.user import MAX_USERS, Login, User

USERS: Final = b"u"
"""
The prefix of all users in the engine. A user stands there as the L{record<replkv.kv.record>} of a key does.
"""

_END: Final = b"v"
_MODULUS: Final = 2**64

_TOTAL: Final = b"n"
"""
Where it stands how many users there are, and the sum of their hashes, in 64 bits each, big-endian. A user of whom the
store has lost the record would be missed by nobody, and it may have been the one for whom all others have to log in.
"""

_NUMBERS: Final = struct.Struct(">QQ")


class UserTable:
    """
    The L{UserState<replkv.commands.state.UserState>} that commands are carried out on. All users are in memory, for
    they are asked for with each command of a client.

    @ivar admins: how many may do everything. As long as there is none, everybody may.
    @ivar hash: the sum of the hashes of all records, modulo 2**64.
    """

    __slots__ = ("_changes", "_hashes", "_users", "admins", "hash")

    def __init__(self, engine: Engine, changes: dict[bytes, bytes | None]) -> None:
        """
        @param changes: what changes is put there, to be written to the engine along with all else.
        @raise replkv.kv.record.RottenRecord: if the record of a user is not what was written.
        @raise EngineError: if the engine fails, or holds what this cannot have written.
        """
        self.admins = 0
        self.hash = 0
        self._changes = changes
        self._users: dict[bytes, User] = {}
        self._hashes: dict[bytes, int] = {}
        for name, stored in engine.scan(USERS, _END, MAX_USERS):
            _, _, kept = headOf(stored)
            self._keep(decodeUser(name, stored), kept)
        told = engine.get(_TOTAL)
        if told is not None and len(told) != _NUMBERS.size:
            raise EngineError(f"the store tells of its users in {len(told)} bytes, and not in {_NUMBERS.size}")
        count, total = (0, 0) if told is None else _NUMBERS.unpack(told)
        if (self.count, self.hash) != (count, total):
            raise EngineError(
                f"the store has {self.count} users with the hash {self.hash:016x}, and says that it has {count} with "
                f"the hash {total:016x}: they are not what was written"
            )

    @property
    def areHeeded(self) -> bool:
        """
        Whether it matters who asks: whether somebody may do everything, who can give others their rights.
        """
        return self.admins > 0

    @property
    def count(self) -> int:
        """
        See L{UserState.count<replkv.commands.state.UserState.count>}.
        """
        return len(self._users)

    def find(self, name: bytes) -> User | None:
        """
        See L{UserState.find<replkv.commands.state.UserState.find>}.
        """
        return self._users.get(name)

    def after(self, name: bytes, most: int) -> Sequence[User]:
        """
        The first users after a name, in the order of theirs.
        """
        names = sorted(self._users)
        first = bisect_right(names, name)
        return [self._users[each] for each in names[first : first + most]]

    def allow(self, login: Login | None, command: Command) -> bool:
        """
        Whether a command may be carried out.

        @param login: who has asked for it; C{None} for who has not proved to be anybody.
        """
        if not self.admins:
            return True
        user = None if login is None else self._users.get(login.name)
        return command.isAllowedTo(user if user is not None and login is not None and login.isOf(user) else None)

    def put(self, user: User) -> None:
        """
        See L{UserState.put<replkv.commands.state.UserState.put>}.
        """
        self._drop(user.name)
        stored = user.encode()
        added = hashOf(user.name, user.since, 0, stored)
        self._keep(user, added)
        self._changes[USERS + user.name] = encode((user.since, 0, added), stored)
        self._changes[_TOTAL] = _NUMBERS.pack(self.count, self.hash)

    def remove(self, name: bytes) -> None:
        """
        See L{UserState.remove<replkv.commands.state.UserState.remove>}.
        """
        if name not in self._users:
            raise InvariantViolation(f"the user {name!r} was not found")
        self._drop(name)
        self._changes[USERS + name] = None
        self._changes[_TOTAL] = _NUMBERS.pack(self.count, self.hash)

    def _keep(self, user: User, added: int) -> None:
        self._users[user.name] = user
        self._hashes[user.name] = added
        self.hash = (self.hash + added) % _MODULUS
        self.admins += user.mayDoEverything

    def _drop(self, name: bytes) -> None:
        before = self._users.pop(name, None)
        if before is not None:
            self.hash = (self.hash - self._hashes.pop(name)) % _MODULUS
            self.admins -= before.mayDoEverything


def forgetUsers(engine: Engine) -> MachineState:
    """
    Take all users out of a store, which is in use nowhere.

    @return: the state that it has then.
    @raise EngineError: if the engine fails, or holds what no state machine can have written.
    """
    changes: dict[bytes, bytes | None] = {}
    state, users = readState(engine), UserTable(engine, changes)
    left = state._replace(hash=(state.hash - users.hash) % _MODULUS)
    for user in users.after(b"", MAX_USERS):
        users.remove(user.name)
    changes[STATE] = left.encode()
    engine.write(changes)
    engine.flush()
    return left


def decodeUser(name: bytes, stored: bytes) -> User:
    """
    Make a user of what is stored.

    @param name: of the record in the engine.
    @raise replkv.kv.record.RottenRecord: if it is not what was written.
    @raise EngineError: if this is no user.
    """
    record = decode(name[len(USERS) :], stored)
    try:
        return User.decode(name[len(USERS) :], record.value)
    except ValueError as error:
        raise EngineError(f"the store has a user that is none: {error}") from None
