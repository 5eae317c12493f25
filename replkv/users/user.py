"""
A user, and who has proved to be one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from replkv.users.rights import EVERYTHING, Grant, Right
from replkv.users.secret import Secret

NAME_PATTERN: Final = rb"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
"""
How users are called.
"""

MAX_USERS: Final = 10_000
"""
How many there may be. All are kept in memory.
"""

MAX_GRANTS: Final = 32
"""
How many rights one may have.
"""

_NAME: Final = re.compile(NAME_PATTERN)


def isName(name: bytes) -> bool:
    """
    Whether a user may have this name.
    """
    return _NAME.fullmatch(name) is not None


def checkName(name: bytes) -> None:
    """
    Refuse a name that no user may have.

    @raise ValueError: if it is one.
    """
    if not isName(name):
        raise ValueError(f"no user is called {name!r:.100}")


@dataclass(frozen=True, slots=True)
class User:
    """
    A user.

    @ivar secret: what is kept of the token.
    @ivar since: the index of the entry that has given the user this token. With another token, who has proved to be
        the user by this one has to prove it again.
    @ivar grants: the rights, in the order in which they are told.
    """

    name: bytes
    secret: Secret = field(repr=False)
    since: int
    grants: tuple[Grant, ...] = ()
    _prefixes: dict[Right, tuple[bytes, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prefixes = {
            right: tuple(grant.prefix for grant in self.grants if grant.covers(right, grant.prefix)) for right in Right
        }
        object.__setattr__(self, "_prefixes", prefixes)

    def may(self, right: Right, scope: bytes) -> bool:
        """
        Whether the user has a right.

        @param scope: over a key, or all keys that begin so.
        """
        return scope.startswith(self._prefixes[right])

    @property
    def mayDoEverything(self) -> bool:
        """
        Whether there is nothing that the user may not do.
        """
        return EVERYTHING in self.grants

    def encode(self) -> bytes:
        """
        Make of it what is stored, but for the name, by which it is found.
        """
        stored = {
            "secret": self.secret.encode().decode("ascii"),
            "since": self.since,
            "grants": grantsAsJson(self.grants),
        }
        return json.dumps(stored, separators=(",", ":")).encode("ascii")

    @classmethod
    def decode(cls, name: bytes, stored: bytes) -> User:
        """
        Make it of what is stored.

        @raise ValueError: if this is no user.
        """
        try:
            found: Any = json.loads(stored)
            secret = Secret.decode(found["secret"].encode("ascii"))
            return cls(name, secret, int(found["since"]), grantsFromJson(found["grants"]))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"what is stored of the user {name!r} is none: {error!r}") from None


def grantsAsJson(grants: tuple[Grant, ...]) -> list[list[str]]:
    """
    Rights, as JSON can have them.
    """
    return [[grant.right.value, grant.prefix.decode("latin-1")] for grant in grants]


def grantsFromJson(told: Any) -> tuple[Grant, ...]:
    """
    What L{grantsAsJson} has made, as rights again.

    @raise AttributeError: if it is none of that; or C{TypeError}, or C{ValueError}.
    """
    return tuple(Grant(Right(right), prefix.encode("latin-1")) for right, prefix in told)


class Login(NamedTuple):
    """
    That somebody has proved to be a user.

    @ivar since: see L{User.since}; C{None} for who has a certificate with the user's name, to which tokens mean
        nothing.
    """

    name: bytes
    since: int | None

    def isOf(self, user: User) -> bool:
        """
        Whether it still counts.
        """
        return self.since is None or self.since == user.since
