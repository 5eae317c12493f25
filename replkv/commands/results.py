"""
What came of a command, as values. They are compared by their class, too: C{Deleted()} is not C{NotFound()}.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Result:
    """
    What came of one command.
    """

    __slots__ = ()


@dataclass(slots=True)
class Stored(Result):
    """
    The value is stored.

    @ivar version: the key's new version.
    """

    version: int


@dataclass(slots=True)
class Counted(Result):
    """
    The number that a key holds is another one.

    @ivar version: the key's new version.
    @ivar number: the new number.
    """

    version: int
    number: int


@dataclass(slots=True)
class Found(Result):
    """
    The value of a key. The reply to C{get} tells no more than the value: who reads it there finds 0 for the others.

    @ivar version: the key's version, above 0.
    @ivar left: the seconds that the key has left, rounded up; 0 if it never expires.
    """

    version: int
    left: int
    value: bytes


class Item(NamedTuple):
    """
    All that a key holds.

    @ivar flags: the client's, of 32 bits.
    @ivar version: above 0.
    @ivar left: the milliseconds that the key has left; 0 if it never expires.
    """

    key: bytes
    flags: int
    version: int
    left: int
    value: bytes


@dataclass(slots=True)
class Items(Result):
    """
    What keys hold, those that are there.

    @ivar items: in the order in which they were asked for.
    """

    items: tuple[Item, ...]


class KeyInfo(NamedTuple):
    """
    A key that is there.

    @ivar version: above 0.
    @ivar size: of its value, in bytes.
    """

    key: bytes
    version: int
    size: int


@dataclass(slots=True)
class Keys(Result):
    """
    Which keys there are.

    @ivar keys: in their order.
    @ivar after: where there may be more, they come after this key; C{None} where there are none.
    """

    keys: tuple[KeyInfo, ...]
    after: bytes | None = None


@dataclass(slots=True)
class Total(Result):
    """
    How many keys there are.

    @ivar after: see L{Keys}.
    """

    count: int
    after: bytes | None = None


@dataclass(slots=True)
class Deleted(Result):
    """
    The key or the user was there, and no longer is.
    """


@dataclass(slots=True)
class Removed(Result):
    """
    Keys were there, and no longer are.

    @ivar count: how many.
    @ivar below: where there may be more, those with a version below this one are to go; else 0.
    @ivar after: where there may be more, they come after this key; C{None} where there are none.
    """

    count: int
    below: int = 0
    after: bytes | None = None


@dataclass(slots=True)
class Transacted(Result):
    """
    A transaction was carried out.

    @ivar answers: what came of its operations, in their order.
    """

    answers: tuple[Result, ...]


@dataclass(slots=True)
class Failed(Result):
    """
    A comparison of a transaction did not hold, and nothing was done.

    @ivar step: which of its steps that was, the first of them is 1.
    """

    step: int


@dataclass(slots=True)
class Touched(Result):
    """
    The key has another expiry.
    """


@dataclass(slots=True)
class Done(Result):
    """
    It is done, and there is no more to be said.
    """


@dataclass(slots=True)
class Already(Result):
    """
    It was done before, or it is so anyway: there was nothing to do.
    """


@dataclass(slots=True)
class NotFound(Result):
    """
    There is no such key, or no such user.
    """


@dataclass(slots=True)
class Exists(Result):
    """
    There is such a key already.
    """


@dataclass(slots=True)
class NotNumber(Result):
    """
    What the key holds is no number that can be counted on from.
    """


@dataclass(slots=True)
class TooLarge(Result):
    """
    The key's value would be larger than values may be.
    """


@dataclass(slots=True)
class VersionMismatch(Result):
    """
    The key has another version than the C{cas} or C{cad} names.
    """


@dataclass(slots=True)
class Redirected(Result):
    """
    The command was not carried out, and will not be: another server leads.

    @ivar host: where that one is.
    @ivar port: where it takes clients.
    """

    host: str
    port: int


@dataclass(slots=True)
class Unavailable(Result):
    """
    There is no result: a write may have been or may yet be carried out, a read was not.
    """


@dataclass(slots=True)
class NotUpgraded(Result):
    """
    The command was not carried out, and will not be: not all servers of the cluster are known to know it yet.
    """


@dataclass(slots=True)
class NotAllowed(Result):
    """
    The command was not carried out, and will not be: who has asked may not do that, or has not proved to be who may.
    """


@dataclass(slots=True)
class Refused(Result):
    """
    The command was not carried out, and will not be.

    @ivar reason: why, in words.
    """

    reason: str


@dataclass(slots=True)
class BadCommand(Result):
    """
    This was no command. Nothing was done.
    """


@dataclass(slots=True)
class Usage(Result):
    """
    The list of commands.
    """


@dataclass(slots=True)
class Statistics(Result):
    """
    How a server is.

    @ivar values: by name, in the order in which they are shown.
    """

    values: dict[str, str]


@dataclass(slots=True)
class Release(Result):
    """
    Which replkv a server is.

    @ivar version: such as C{1.2.3}.
    """

    version: str


@dataclass(slots=True)
class Leads(Result):
    """
    Who leads, after a C{transfer}.

    @ivar server: its id.
    """

    server: int


@dataclass(slots=True)
class NotTransferred(Result):
    """
    The leader leads on, though it was asked for a C{transfer}.

    @ivar reason: why, in words.
    """

    reason: str


@dataclass(slots=True)
class NoSnapshot(Result):
    """
    There is no such snapshot.

    @ivar reason: why, in words.
    """

    reason: str


@dataclass(slots=True)
class NotYet(Result):
    """
    The snapshot is being made: ask again.
    """


@dataclass(slots=True)
class Unrecognized(Result):
    """
    A line that is none of the other results: a server that says so is another, or a newer one.

    @ivar line: the line, without its end.
    """

    line: bytes


def sizeOf(result: Result) -> int:
    """
    How many bytes of values there are in it.
    """
    if isinstance(result, Found):
        return len(result.value)
    if isinstance(result, Items):
        return sum([len(item.value) for item in result.items])
    return sum(map(sizeOf, result.answers)) if isinstance(result, Transacted) else 0
