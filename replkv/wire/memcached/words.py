"""
What memcached's protocol says to a client, and what its words mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from replkv.commands.layout import MAX_KEY_LENGTH
from replkv.commands.lifetime import FOREVER, OVER, Lifetime
from replkv.commands.results import NotAllowed, NotUpgraded, Redirected, Refused, Result
from replkv.times import FAR_FUTURE

ERROR: Final = b"ERROR\r\n"
BAD_FORMAT: Final = b"CLIENT_ERROR bad command line format\r\n"
BAD_CHUNK: Final = b"CLIENT_ERROR bad data chunk\r\n"
BAD_EXPTIME: Final = b"CLIENT_ERROR invalid exptime argument\r\n"
BAD_DELTA: Final = b"CLIENT_ERROR invalid numeric delta argument\r\n"
NOT_NUMBER: Final = b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
TOO_LARGE: Final = b"SERVER_ERROR object too large for cache\r\n"
LONG_LINE: Final = b"CLIENT_ERROR line too long\r\n"
MANY_KEYS: Final = b"CLIENT_ERROR too many keys\r\n"
NOT_LOGGED_IN: Final = b"CLIENT_ERROR unauthenticated\r\n"
NOT_READ: Final = b"SERVER_ERROR no answer from the cluster: nothing was read\r\n"
NOT_SURE: Final = b"SERVER_ERROR no answer from the cluster: it may have been done, or may yet be\r\n"
REFUSAL: Final = b"SERVER_ERROR busy: nothing was done\r\n"

VERSION: Final = b"VERSION 1.6.18\r\n"
"""
Clients look for the release of memcached whose commands they can use, and some cannot read what is not all numbers.
"""

UINT32: Final = 2**32 - 1
UINT64: Final = 2**64 - 1

MOST_BYTES: Final = 2**31 - 3
"""
As many bytes memcached can count, with the end of the line behind them. What is more is no length of anything.
"""

_MOST_DIGITS: Final = 20
_MOST_SECONDS_FROM_NOW: Final = 60 * 60 * 24 * 30

# libmemcached writes -1 as if it had 32 bits and no sign. As times, these are the last hours of 2106's first month.
_NEGATIVE: Final = range(2**32 - 2**16, 2**32)


class Terms(NamedTuple):
    """
    What the meaning of a line depends on.

    @ivar maxValueBytes: the longest value that is taken.
    @ivar now: tells the seconds since the epoch. An absolute time is made a relative one by it, and nothing else.
    """

    maxValueBytes: int
    now: Callable[[], float]


def isKey(word: bytes) -> bool:
    """
    Whether a word, in which there is no space, is a key.
    """
    return len(word) <= MAX_KEY_LENGTH and b"\0" not in word


def unsigned(word: bytes, most: int = UINT64) -> int | None:
    """
    Read a number.

    @return: C{None} if it is none, or more than C{most}.
    """
    if not word.isdigit() or len(word) > _MOST_DIGITS:
        return None
    number = int(word)
    return number if number <= most else None


def lifetime(word: bytes, terms: Terms) -> Lifetime | None:
    """
    Read for how long a key is to live: seconds from now, up to 30 days; or what is more, as a time since the epoch.
    What is negative is over.

    @return: C{None} if it is no number.
    """
    if word == b"0":
        return FOREVER
    seconds = unsigned(word.removeprefix(b"-"))
    if seconds is None:
        return None
    if word.startswith(b"-") or seconds in _NEGATIVE:
        return OVER if seconds else FOREVER
    if seconds <= _MOST_SECONDS_FROM_NOW:
        return Lifetime(seconds * 1000) if seconds else FOREVER
    left = int((seconds - terms.now()) * 1000)
    return Lifetime(min(left, FAR_FUTURE)) if left > 0 else OVER


def errorOf(result: Result, isRead: bool) -> bytes:
    """
    Tell what has gone wrong with a command that was written as it should be.

    @param isRead: whether it was one that changes nothing.
    """
    match result:
        case NotAllowed():
            return NOT_LOGGED_IN
        case Redirected():
            return b"SERVER_ERROR nothing was done: another server leads, ask port %d of %b\r\n" % (
                result.port,
                result.host.encode("ascii", "replace"),
            )
        case NotUpgraded():
            return b"SERVER_ERROR nothing was done: not all servers know this command yet\r\n"
        case Refused():
            return b"SERVER_ERROR nothing was done: %b\r\n" % result.reason.encode("ascii", "replace")
    return NOT_READ if isRead else NOT_SURE
