"""
What servers reply, as a program is given it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from replkv.client.arguments import KeyLike
from replkv.client.errors import (
    AlreadyExists,
    CommandError,
    NotANumber,
    NotFound,
    NotUpgraded,
    OutcomeUnknown,
    Refused,
    Unavailable,
    VersionMismatch,
)
from replkv.commands import results
from replkv.commands.results import Result
from replkv.wire.replies import lineOf

_TO_UPGRADE: Final = "not all servers of the cluster know this command yet: upgrade all of them"


class Found(NamedTuple):
    """
    A key's value and what belongs to it.

    @ivar exptime: the seconds that it has left; 0 if it does not expire.
    """

    value: bytes
    version: int
    exptime: int


class Item(NamedTuple):
    """
    All that a key holds.

    @ivar flags: the program's, of 32 bits.
    @ivar left: the seconds that it has left, to the millisecond; 0 if it does not expire.
    """

    value: bytes
    version: int
    flags: int
    left: float


def value(reply: Result) -> bytes | None:
    """
    The value of a key; C{None} if there is no such key.
    """
    there = found(reply)
    return None if there is None else there.value


def found(reply: Result) -> Found | None:
    """
    The same, with what belongs to it.
    """
    if isinstance(reply, results.Found):
        return Found(reply.value, reply.version, reply.left)
    if isinstance(reply, results.NotFound):
        return None
    raise notRead(reply)


def items(reply: Result, asked: Mapping[bytes, KeyLike]) -> dict[KeyLike, Item]:
    """
    What keys hold.

    @param asked: the keys, and what the program calls them.
    """
    if isinstance(reply, results.Items) and all(one.key in asked for one in reply.items):
        return {asked[one.key]: _item(one) for one in reply.items}
    raise notRead(reply)


def item(reply: Result) -> Item | None:
    """
    What the one key holds that was given another lifetime.
    """
    if isinstance(reply, results.NotFound):
        return None
    if isinstance(reply, results.Items) and len(reply.items) == 1:
        return _item(reply.items[0])
    raise notWritten(reply)


def _item(one: results.Item) -> Item:
    return Item(one.value, one.version, one.flags, one.left / 1000)


def version(reply: Result) -> int:
    """
    The version that a write has given its key.
    """
    if isinstance(reply, results.Stored):
        return reply.version
    raise notWritten(reply)


def number(reply: Result) -> int:
    """
    The number that a key holds now.
    """
    if isinstance(reply, results.Counted):
        return reply.number
    raise notWritten(reply)


def wasThere(reply: Result, done: type[Result]) -> bool:
    """
    Whether there was what was to be changed.

    @param done: the result if it was.
    """
    if isinstance(reply, done):
        return True
    if isinstance(reply, results.NotFound):
        return False
    raise notWritten(reply)


def done(reply: Result, user: str) -> None:
    """
    Make sure that something was done to a user.
    """
    if isinstance(reply, results.NotFound):
        raise NotFound(f"there is no user {user}")
    makeSureOfUpgrade(reply)
    if not isinstance(reply, results.Done):
        raise refusal(reply) or OutcomeUnknown(f"no reply to a change of a user: {lineOf(reply)[:80]!r}")


def wasToDo(reply: Result) -> bool:
    """
    Whether there was something to do about a member, which is done.
    """
    if isinstance(reply, results.Already):
        return False
    makeSureOfUpgrade(reply)
    if not isinstance(reply, results.Done):
        raise refusal(reply) or OutcomeUnknown(f"no reply to a change of members: {lineOf(reply)[:80]!r}")
    return True


def makeSureOfUpgrade(reply: Result) -> None:
    """
    Make sure that a command was understood of which all was checked: otherwise, whoever leads is of an earlier version.
    """
    if isinstance(reply, results.BadCommand):
        raise NotUpgraded(_TO_UPGRADE)


def notRead(reply: Result) -> Exception:
    """
    The error that a reply to a read tells of; or that it is none.
    """
    return refusal(reply) or Unavailable(f"no reply to a read: {lineOf(reply)[:80]!r}")


def notWritten(reply: Result) -> Exception:
    """
    The error that a reply to a write tells of; or that it is none, so that nobody knows what came of that.
    """
    return refusal(reply) or OutcomeUnknown(f"no reply to a write: {lineOf(reply)[:80]!r}")


def refusal(reply: Result) -> Exception | None:
    """
    The error that a reply tells of.
    """
    if isinstance(reply, results.NotFound):
        return NotFound("no such key")
    if isinstance(reply, results.Exists):
        return AlreadyExists("there is such a key already")
    if isinstance(reply, results.NotNumber):
        return NotANumber("what the key holds is no number")
    if isinstance(reply, results.TooLarge):
        return CommandError("the value would be larger than the servers allow, or the values together")
    if isinstance(reply, results.VersionMismatch):
        return VersionMismatch("the key has another version")
    if isinstance(reply, results.BadCommand):
        return CommandError("the server refuses the command as malformed, or its value as too large")
    if isinstance(reply, results.NotUpgraded):
        return NotUpgraded(_TO_UPGRADE)
    if isinstance(reply, results.Refused):
        return Refused(reply.reason)
    return None
