"""
How each argument of a command is written.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.gets import MAX_KEYS
from replkv.commands.layout import MAX_KEY_LENGTH
from replkv.commands.lifetime import FOREVER, KEPT, Lifetime
from replkv.commands.put import MAX_FLAGS
from replkv.commands.scan import MAX_LIMIT
from replkv.commands.steps import Step
from replkv.commands.txn import MAX_STEPS
from replkv.commands.usercommand import MAX_PREFIX_LENGTH
from replkv.users.rights import Right
from replkv.users.secret import MAX_TOKEN_BYTES, Secret
from replkv.users.secret import PATTERN as SECRET_PATTERN
from replkv.users.user import NAME_PATTERN

UINT64_MAX: Final = 2**64 - 1

BASE64: Final = b"base64"
"""
The word in which a line ends whose keys are written in base64 (RFC 4648, section 4).
"""

_MOST_ENCODED: Final = 4 * -(-MAX_KEY_LENGTH // 3)
_PLAIN_KEY: Final = re.compile(rb"[!-~]+")


class Argument(NamedTuple):
    """
    How an argument is written.

    @ivar usage: what people are told to write.
    @ivar pattern: what it matches, in one group. The space before it belongs to it.
    @ivar read: from what the group has to the argument. It raises C{ValueError} if that is none.
    @ivar format: how it is written.
    @ivar shown: from the command to what is written so.
    """

    usage: str
    pattern: bytes
    read: Callable[[Any], Any]
    format: bytes
    shown: Callable[[Any], Any]


def isPlain(key: bytes) -> bool:
    """
    Whether a key can be written as it is.
    """
    return _PLAIN_KEY.fullmatch(key) is not None


def writeBase64(key: bytes) -> bytes:
    """
    Write a key in base64.
    """
    return b2a_base64(key, newline=False)


def readBase64(word: bytes) -> bytes:
    """
    Read a key that is written in base64.

    @raise ValueError: if it is none, or not written as L{writeBase64} does: a key has but one spelling.
    """
    key = a2b_base64(word, strict_mode=True)
    if not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise ValueError(f"a key has 1 to {MAX_KEY_LENGTH} bytes")
    # Python takes one = too many, and bits that are left over.
    if writeBase64(key) != word:
        raise ValueError("this is not how it is written in base64")
    return key


def _number(digits: bytes) -> int:
    """
    Read a number.

    @raise ValueError: if it has over 64 bits.
    """
    number = int(digits)
    if number > UINT64_MAX:
        raise ValueError("more than 64 bits")
    return number


def _limit(digits: bytes) -> int:
    limit = int(digits)
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"a page has 1 to {MAX_LIMIT} keys")
    return limit


def _steps(digits: bytes) -> tuple[Step, ...]:
    if not 1 <= int(digits) <= MAX_STEPS:
        raise ValueError(f"a transaction has 1 to {MAX_STEPS} lines")
    return ()  # They follow the line.


def _flags(digits: bytes) -> int:
    flags = int(digits)
    if flags > MAX_FLAGS:
        raise ValueError("more than 32 bits")
    return flags


def _lifetime(word: bytes) -> Lifetime:
    if word == b"keep":
        return KEPT
    if word.endswith(b"ms"):
        return Lifetime(_number(word[:-2]))
    seconds = _number(word)
    return Lifetime(min(seconds * 1000, UINT64_MAX)) if seconds else FOREVER


def _shownLifetime(lifetime: Lifetime) -> bytes:
    if lifetime.isKept:
        return b"keep"
    return b"0" if lifetime.milliseconds is None else b"%dms" % lifetime.milliseconds


_CONDITIONS: Final = {b"any": ANY, b"absent": ABSENT, b"present": PRESENT}
_NEEDS: Final = {condition.need: word for word, condition in _CONDITIONS.items()}


def _condition(word: bytes) -> Condition:
    return _CONDITIONS.get(word) or Condition(Need.VERSION, _number(word))


def _shownCondition(condition: Condition) -> bytes:
    return _NEEDS.get(condition.need) or b"%d" % condition.version


def _joined(keys: Sequence[bytes]) -> bytes:
    return b"".join([b" %b" % key for key in keys])


_BY_NAME: Final = {
    "key": Argument(" <key>", rb" ([!-~]{1,%d})" % MAX_KEY_LENGTH, bytes, b" %b", attrgetter("key")),
    "keys": Argument(
        " <key> ...",
        rb"((?: [!-~]{1,%d}){1,%d})" % (MAX_KEY_LENGTH, MAX_KEYS),
        lambda words: tuple(words.split()),
        b"%b",
        lambda command: _joined(command.keys),
    ),
    "value": Argument(" <numbytes>", rb" ([0-9]+)", itemgetter(slice(0)), b" %d", lambda command: len(command.value)),
    "flags": Argument(" <flags>", rb" ([0-9]+)", _flags, b" %d", attrgetter("flags")),
    "lifetime": Argument(
        " <lifetime>",
        rb" ([0-9]+(?:ms)?|keep)",
        _lifetime,
        b" %b",
        lambda command: _shownLifetime(command.lifetime),
    ),
    "condition": Argument(
        " <condition>",
        rb" ([0-9]+|%b)" % b"|".join(_CONDITIONS),
        _condition,
        b" %b",
        lambda command: _shownCondition(command.condition),
    ),
    "expected": Argument(
        " <condition>",
        rb" ([0-9]+|absent|present)",
        _condition,
        b" %b",
        lambda command: _shownCondition(command.expected),
    ),
    "steps": Argument(" <n>", rb" ([0-9]+)", _steps, b" %d", lambda command: len(command.steps)),
    "host": Argument(
        " <host>",
        b" ([!-~]{1,255})",
        lambda host: host.decode("ascii"),
        b" %b",
        lambda command: command.host.encode("ascii"),
    ),
    "user": Argument(" <user>", b" (%b)" % NAME_PATTERN, bytes, b" %b", attrgetter("user")),
    "afterUser": Argument(" <user>", b" (%b|-)" % NAME_PATTERN, bytes, b" %b", attrgetter("afterUser")),
    "token": Argument(" <token>", b" ([!-~]{1,%d})" % MAX_TOKEN_BYTES, bytes, b" %b", attrgetter("token")),
    "secret": Argument(
        " <secret>", b" (%b)" % SECRET_PATTERN, Secret.decode, b" %b", lambda command: command.secret.encode()
    ),
    "right": Argument(
        " <right>",
        b" (%b)" % b"|".join([right.value.encode("ascii") for right in Right]),
        lambda word: Right(word.decode("ascii")),
        b" %b",
        lambda command: command.right.value.encode("ascii"),
    ),
    "prefix": Argument(" <prefix>*", rb" ([!-~]{0,%d})\*" % MAX_PREFIX_LENGTH, bytes, b" %b*", attrgetter("prefix")),
    "limit": Argument(" <limit>", rb" ([0-9]+)", _limit, b" %d", attrgetter("limit")),
    "after": Argument(
        " [<after>]",
        rb"( [!-~]{1,%d})?" % MAX_KEY_LENGTH,
        lambda word: word[1:] if word else b"",
        b"%b",
        lambda command: _joined([command.after] if command.after else []),
    ),
}
"""
Arguments that no command has in another form, by their names.
"""

_IN_BASE64: Final = {
    "key": Argument(
        " <key>", rb" ([^ ]{1,%d})" % _MOST_ENCODED, readBase64, b" %b", lambda command: writeBase64(command.key)
    ),
    "keys": Argument(
        " <key> ...",
        rb"((?: [^ ]{1,%d}){1,%d})" % (_MOST_ENCODED, MAX_KEYS),
        lambda words: tuple(map(readBase64, words.split())),
        b"%b",
        lambda command: _joined([writeBase64(key) for key in command.keys]),
    ),
    "prefix": Argument(
        " <prefix>*",
        rb" ([^ ]{0,%d})\*" % _MOST_ENCODED,
        lambda word: readBase64(word) if word else b"",
        b" %b*",
        lambda command: writeBase64(command.prefix),
    ),
    "after": Argument(
        " [<after>]",
        rb"( [^ ]{1,%d})?" % _MOST_ENCODED,
        lambda word: readBase64(word[1:]) if word else b"",
        b"%b",
        lambda command: _joined([writeBase64(command.after)] if command.after else []),
    ),
}
"""
Those that are written in another way on a line that ends in L{BASE64}.
"""


def argumentOf(name: str, kind: type, isInBase64: bool = False) -> Argument:
    """
    How an argument of such a name and type is written.
    """
    if isInBase64 and name in _IN_BASE64:
        return _IN_BASE64[name]
    if name in _BY_NAME:
        return _BY_NAME[name]
    if kind is int:
        return Argument(f" <{name}>", rb" ([0-9]+)", _number, b" %d", attrgetter(name))
    assert kind is bool, f"nobody has said how {name} is written"
    word = b" " + name.encode("ascii")
    isTrue = attrgetter(name)
    return Argument(f" [{name}]", b"(%b)?" % word, bool, b"%b", lambda command: word if isTrue(command) else b"")
