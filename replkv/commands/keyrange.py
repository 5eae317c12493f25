"""
What commands on the keys that begin with the same bytes have in common.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.command import ReadCommand
from replkv.commands.layout import MAX_KEY_LENGTH
from replkv.users.rights import Right
from replkv.users.user import User

MAX_PREFIX_BYTES: Final = MAX_KEY_LENGTH


def described(prefix: bytes) -> str:
    """
    The keys that begin so, in words for operators.
    """
    return repr(prefix)[2:-1] + "*"


def checkRange(prefix: bytes, after: bytes) -> None:
    """
    Refuse the beginning of keys, or the key after which they come, where no key can be so.

    @param after: empty for the beginning.
    @raise ValueError: if they are such.
    """
    if len(prefix) > MAX_PREFIX_BYTES or len(after) > MAX_KEY_LENGTH:
        raise ValueError(f"there are no keys that begin with {len(prefix)} bytes and come after one of {len(after)}")


class RangeReadCommand(ReadCommand):
    """
    A command that asks about keys that begin with the same bytes.

    @ivar prefix: how they begin, in up to 250 bytes.
    @ivar after: the keys after this one; empty for the first of them.
    """

    __slots__ = ()

    keys = None
    prefix: bytes
    after: bytes

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo<replkv.commands.command.Command.isAllowedTo>}. It takes the right over all keys that
        may begin so.
        """
        return user is not None and user.may(Right.READ, self.prefix)
