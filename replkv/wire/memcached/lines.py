"""
The lines of the text protocol, without their value blocks: what each of them asks for.

Words are separated by any number of spaces. C{noreply} is looked for before anything else that may be wrong with a line
that has as many words as it should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from replkv.commands.append import Append
from replkv.commands.command import Command
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.extras import Quit
from replkv.commands.incr import Incr
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.results import (
    Deleted,
    Exists,
    NotFound,
    NotNumber,
    Result,
    Stored,
    TooLarge,
    Touched,
    VersionMismatch,
)
from replkv.wire.memcached.ask import Count, Plain, Told
from replkv.wire.memcached.lookup import Lookup, Single, Touching
from replkv.wire.memcached.words import (
    BAD_DELTA,
    BAD_EXPTIME,
    BAD_FORMAT,
    ERROR,
    MANY_KEYS,
    MOST_BYTES,
    NOT_NUMBER,
    TOO_LARGE,
    UINT32,
    VERSION,
    Terms,
    isKey,
    lifetime,
    unsigned,
)

NOREPLY: Final = b"noreply"

MAX_KEYS: Final = 16 * 1024
"""
How many keys a line may have.
"""

_DELETE_USAGE: Final = b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"
_LEAST_MEGABYTES: Final = 8

_NOT_STORED: Final = b"NOT_STORED\r\n"
_NOT_FOUND: Final = b"NOT_FOUND\r\n"

_STORES: Final[Mapping[type[Result], bytes]] = {
    Stored: b"STORED\r\n",
    Exists: _NOT_STORED,
    NotFound: _NOT_STORED,
    TooLarge: TOO_LARGE,
}
_COMPARES: Final[Mapping[type[Result], bytes]] = {
    Stored: b"STORED\r\n",
    VersionMismatch: b"EXISTS\r\n",
    NotFound: _NOT_FOUND,
}
_DELETES: Final[Mapping[type[Result], bytes]] = {Deleted: b"DELETED\r\n", NotFound: _NOT_FOUND}
_TOUCHES: Final[Mapping[type[Result], bytes]] = {Touched: b"TOUCHED\r\n", NotFound: _NOT_FOUND}
_COUNTS: Final[Mapping[type[Result], bytes]] = {NotNumber: NOT_NUMBER, NotFound: _NOT_FOUND}
_TOO_LARGE: Final[Mapping[type[Result], bytes]] = {Deleted: TOO_LARGE, NotFound: TOO_LARGE}

Reader = Callable[[Sequence[bytes], Terms], Command]
"""
From the words of a line to what it asks for.
"""


def told(reply: bytes, isQuiet: bool = False) -> Told:
    """
    What answers a line at once.
    """
    return Told(False, b"" if isQuiet else reply)


def tooLarge(key: bytes, isSet: bool, isQuiet: bool) -> Command:
    """
    What is done about a value that is too large. Who sets it has no more use for the one that is there: what is left
    would be taken for the new one.
    """
    return Plain(Delete(key), _TOO_LARGE, isQuiet) if isSet else told(TOO_LARGE, isQuiet)


def _store(words: Sequence[bytes], terms: Terms, condition: Condition) -> Command:
    """
    C{set}, C{add} or C{replace}.
    """
    if not 5 <= len(words) <= 6:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY
    key = words[1]
    flags, lives, size = unsigned(words[2], UINT32), lifetime(words[3], terms), unsigned(words[4], MOST_BYTES)
    if flags is None or lives is None or size is None or not isKey(key):
        return told(BAD_FORMAT, isQuiet)
    if size > terms.maxValueBytes:
        return tooLarge(key, condition is ANY, isQuiet)
    return Plain(Put(key, flags, lives, condition, b"", False), _STORES, isQuiet)


def _cas(words: Sequence[bytes], terms: Terms) -> Command:
    if not 6 <= len(words) <= 7:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY
    key = words[1]
    flags, lives, size = unsigned(words[2], UINT32), lifetime(words[3], terms), unsigned(words[4], MOST_BYTES)
    version = unsigned(words[5])
    if flags is None or lives is None or size is None or version is None or not isKey(key):
        return told(BAD_FORMAT, isQuiet)
    if size > terms.maxValueBytes:
        return told(TOO_LARGE, isQuiet)
    return Plain(Put(key, flags, lives, Condition(Need.VERSION, version), b"", False), _COMPARES, isQuiet)


def _extend(words: Sequence[bytes], terms: Terms, kind: type[Append] | type[Prepend]) -> Command:
    """
    C{append} or C{prepend}, whose flags and lifetime count for nothing.
    """
    if not 5 <= len(words) <= 6:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY
    key, size = words[1], unsigned(words[4], MOST_BYTES)
    if unsigned(words[2], UINT32) is None or lifetime(words[3], terms) is None or size is None or not isKey(key):
        return told(BAD_FORMAT, isQuiet)
    if size > terms.maxValueBytes:
        return told(TOO_LARGE, isQuiet)
    return Plain(kind(key, b"", False, most=terms.maxValueBytes), _STORES, isQuiet)


def _get(words: Sequence[bytes], terms: Terms, hasVersion: bool = False) -> Command:
    if len(words) == 2:
        key = words[1]
        return Single(key, hasVersion) if isKey(key) else told(BAD_FORMAT)
    if len(words) < 2:
        return told(ERROR)
    keys = words[1:]
    if len(keys) > MAX_KEYS:
        return told(MANY_KEYS)
    if not all(map(isKey, keys)):
        return told(BAD_FORMAT)
    return Lookup(keys, hasVersion, terms.maxValueBytes)


def _gat(words: Sequence[bytes], terms: Terms, hasVersion: bool) -> Command:
    if len(words) < 2:
        return told(ERROR)
    lives, keys = lifetime(words[1], terms), words[2:]
    if lives is None:
        return told(BAD_EXPTIME)
    if not keys:
        return told(b"END\r\n")
    if len(keys) > MAX_KEYS:
        return told(MANY_KEYS)
    if not all(map(isKey, keys)):
        return told(BAD_FORMAT)
    return Touching(keys[0], lives, hasVersion, b" ".join(keys[1:]))


def _count(words: Sequence[bytes], terms: Terms, kind: type[Incr] | type[Decr]) -> Command:
    """
    C{incr} or C{decr}.
    """
    if not 3 <= len(words) <= 4:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY
    if not isKey(words[1]):
        return told(BAD_FORMAT, isQuiet)
    delta = unsigned(words[2])
    return told(BAD_DELTA, isQuiet) if delta is None else Count(kind(words[1], delta), _COUNTS, isQuiet)


def _delete(words: Sequence[bytes], terms: Terms) -> Command:
    """
    Once, the line had a number of seconds, which may still be there if it is 0.
    """
    if not 2 <= len(words) <= 4:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY and len(words) > 2
    given = words[2 : len(words) - isQuiet]
    if given not in ([], [b"0"]):
        return told(_DELETE_USAGE, isQuiet)
    return Plain(Delete(words[1]), _DELETES, isQuiet) if isKey(words[1]) else told(BAD_FORMAT, isQuiet)


def _touch(words: Sequence[bytes], terms: Terms) -> Command:
    if not 3 <= len(words) <= 4:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY
    if not isKey(words[1]):
        return told(BAD_FORMAT, isQuiet)
    lives = lifetime(words[2], terms)
    return told(BAD_EXPTIME, isQuiet) if lives is None else Plain(Expire(words[1], lives), _TOUCHES, isQuiet)


def _verbosity(words: Sequence[bytes], terms: Terms) -> Command:
    """
    It is of no effect.
    """
    isQuiet = words[-1] == NOREPLY
    if not 2 <= len(words) <= 3:
        return told(ERROR)
    if unsigned(words[1]) is None and not isQuiet:
        return told(ERROR if len(words) > 2 else BAD_FORMAT)
    return told(b"OK\r\n", isQuiet)


def _cacheMemlimit(words: Sequence[bytes], terms: Terms) -> Command:
    """
    It is of no effect, as nothing is dropped for lack of memory.
    """
    megabytes = unsigned(words[1]) if 2 <= len(words) <= 3 else None
    if megabytes is None:
        return told(ERROR)
    isQuiet = words[-1] == NOREPLY
    if megabytes < _LEAST_MEGABYTES:
        return told(b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n", isQuiet)
    return told(b"OK\r\n", isQuiet)


STORING: Final[Mapping[bytes, Reader]] = {
    b"set": partial(_store, condition=ANY),
    b"add": partial(_store, condition=ABSENT),
    b"replace": partial(_store, condition=PRESENT),
    b"append": partial(_extend, kind=Append),
    b"prepend": partial(_extend, kind=Prepend),
    b"cas": _cas,
}
"""
The lines that a value block follows.
"""

NUMBYTES_PLACE: Final = 4
"""
Which of their words, from 0, says how many bytes that has.
"""

OTHERS: Final[Mapping[bytes, Reader]] = {
    b"get": _get,
    b"gets": partial(_get, hasVersion=True),
    b"gat": partial(_gat, hasVersion=False),
    b"gats": partial(_gat, hasVersion=True),
    b"incr": partial(_count, kind=Incr),
    b"decr": partial(_count, kind=Decr),
    b"delete": _delete,
    b"touch": _touch,
    b"version": lambda words, terms: told(VERSION),
    b"verbosity": _verbosity,
    b"cache_memlimit": _cacheMemlimit,
    b"shutdown": lambda words, terms: told(b"ERROR: shutdown not enabled\r\n"),
    b"quit": lambda words, terms: Quit(),
}
"""
The other ones, but for those of L{replkv.wire.memcached.stats} and L{replkv.wire.memcached.flush}.
"""

LONG: Final = (b"get", b"gets", b"gat", b"gats")
"""
Those that may name many keys.
"""
