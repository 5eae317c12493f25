"""
What the commands about users have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from replkv.commands.command import AdminCommand, LoggedCommand
from replkv.commands.layout import MAX_KEY_LENGTH
from replkv.users.rights import Grant, Right
from replkv.users.secret import Secret
from replkv.users.user import User, checkName

MAX_PREFIX_LENGTH: Final = MAX_KEY_LENGTH
"""
How long the beginning of keys may be over which a right is given.
"""

_RIGHTS: Final = (Right.READ, Right.WRITE, Right.ADMIN)
"""
Their places are their numbers in the log.
"""


@dataclass(slots=True)
class UserCommand(AdminCommand, LoggedCommand):
    """
    A command that changes a user. In the log, the name is in the place of the key.

    @ivar user: the name.
    """

    SINCE: ClassVar[int] = 4

    user: bytes

    def __str__(self) -> str:
        """
        See L{AdminCommand.__str__}.
        """
        return f"{self.WORD.decode('ascii')} {self.user.decode('ascii')}"


@dataclass(slots=True)
class RightsCommand(UserCommand):
    """
    A command that changes one of a user's rights. In the log, the prefix is in the place of the value.

    @ivar prefix: over the keys that begin so.
    """

    right: Right
    prefix: bytes

    @property
    def grant(self) -> Grant:
        """
        The right that is meant.
        """
        return Grant(self.right, self.prefix)

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}. Who is admin over some keys may let
        others have rights over them.
        """
        return user is not None and user.may(Right.ADMIN, self.prefix)

    def __str__(self) -> str:
        """
        See L{AdminCommand.__str__}.
        """
        # The class that super() stands for is the one before slots made another of it.
        return f"{UserCommand.__str__(self)} {self.grant}"

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.user, _RIGHTS.index(self.right)) + self.prefix

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, RightsCommand]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp, right), name, prefix = cls.LAYOUT.unpack(data)
        checkName(name)
        if right >= len(_RIGHTS) or len(prefix) > MAX_PREFIX_LENGTH:
            raise ValueError(f"there is no right {right} over a prefix of {len(prefix)} bytes")
        return stamp, cls(name, _RIGHTS[right], prefix)


@dataclass(slots=True)
class SecretCommand(UserCommand):
    """
    A command that gives a user a token. In the log, what is kept of it is in the place of the value.

    @ivar secret: what is kept of the token.
    """

    secret: Secret = field(repr=False)

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode<replkv.commands.command.LoggedCommand.encode>}.
        """
        return self.LAYOUT.pack(stamp, self.user) + self.secret.encode()

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, SecretCommand]:
        """
        See L{LoggedCommand.decode<replkv.commands.command.LoggedCommand.decode>}.
        """
        (stamp,), name, secret = cls.LAYOUT.unpack(data)
        checkName(name)
        return stamp, cls(name, Secret.decode(secret))


def spareAdmin(what: str) -> str:
    """
    Say why the only user who may do everything has to stay so.

    @param what: what was asked for, in the infinitive.
    """
    return f"nobody else may do everything, so nobody could undo it: to {what}, give another user admin * first"
