"""
How a command is written: its word, and its arguments in the order of its class, between single spaces.

The key is written as it is, and a number in decimal. In the place of the value stands how many bytes it has, for it
follows the line as a block. What is true or false is its name, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter, call, itemgetter
from typing import Any, Final, NamedTuple

from replkv.commands.catalog import COMMANDS
from replkv.commands.command import Command, argumentsOf
from replkv.commands.usercommand import MAX_PREFIX_LENGTH
from replkv.users.rights import Right
from replkv.users.secret import MAX_TOKEN_BYTES, Secret
from replkv.users.secret import PATTERN as SECRET_PATTERN
from replkv.users.user import NAME_PATTERN

_UINT64_MAX: Final = 2**64 - 1


class _Argument(NamedTuple):
    """
    How an argument is written.

    @ivar usage: what people are told to write.
    @ivar pattern: what it matches, in one group. The space before it belongs to it.
    @ivar read: from what the group has to the argument.
    @ivar format: how it is written.
    @ivar shown: from the command to what is written so.
    """

    usage: str
    pattern: bytes
    read: Callable[[Any], Any]
    format: bytes
    shown: Callable[[Any], Any]


class Grammar:
    """
    How the commands of one class are written.

    @ivar usage: what people are told to write.
    @ivar numbytesPlace: which word of the line, from 0, is the number of bytes of the value; C{None} if it has none.
    """

    __slots__ = ("_format", "_hasKeyAlone", "_kind", "_pattern", "_readers", "_shown", "numbytesPlace", "usage")

    def __init__(self, kind: type[Command]) -> None:
        names = list(argumentsOf(kind))
        arguments = [_argument(name, hint) for name, hint in argumentsOf(kind).items()]
        self.usage = "".join([kind.WORD.decode("ascii"), *(argument.usage for argument in arguments)])
        self.numbytesPlace = names.index("value") + 1 if "value" in names else None
        self._kind: Callable[..., Command] = kind
        self._hasKeyAlone = names == ["key"]
        self._pattern = re.compile(kind.WORD + b"".join([argument.pattern for argument in arguments]))
        self._readers = [argument.read for argument in arguments]
        self._format = kind.WORD + b"".join([argument.format for argument in arguments]) + b"\r\n"
        self._shown = [argument.shown for argument in arguments]

    def read(self, line: bytes) -> tuple[Command, int | None] | None:
        """
        Read a line, without its end.

        @return: the command and how many bytes of its value follow, which it does not have yet; C{None} for no value.
            Or C{None}, if the line is not written as it should be.
        """
        match = self._pattern.fullmatch(line)
        if match is None:
            return None
        if self._hasKeyAlone:
            # So are most commands, and this takes half the time.
            return self._kind(match[1]), None
        groups = match.groups()
        try:
            command = self._kind(*map(call, self._readers, groups))
        except ValueError:
            return None
        place = self.numbytesPlace
        return command, None if place is None else int(groups[place - 1])

    def write(self, command: Command) -> bytes:
        """
        Write a command: its line, and its value block where it has one.
        """
        line = self._format % tuple([shown(command) for shown in self._shown])
        return line if self.numbytesPlace is None else b"%b%b\r\n" % (line, command.value)  # type: ignore[attr-defined]


_BY_NAME: Final = {
    "host": _Argument(
        " <host>",
        b" ([!-~]{1,255})",
        lambda host: host.decode("ascii"),
        b" %b",
        lambda command: command.host.encode("ascii"),
    ),
    "user": _Argument(" <user>", b" (%b)" % NAME_PATTERN, bytes, b" %b", attrgetter("user")),
    "after": _Argument(" <user>", b" (%b|-)" % NAME_PATTERN, bytes, b" %b", attrgetter("after")),
    "token": _Argument(" <token>", b" ([!-~]{1,%d})" % MAX_TOKEN_BYTES, bytes, b" %b", attrgetter("token")),
    "secret": _Argument(
        " <secret>", b" (%b)" % SECRET_PATTERN, Secret.decode, b" %b", lambda command: command.secret.encode()
    ),
    "right": _Argument(
        " <right>",
        b" (%b)" % b"|".join([right.value.encode("ascii") for right in Right]),
        lambda word: Right(word.decode("ascii")),
        b" %b",
        lambda command: command.right.value.encode("ascii"),
    ),
    "prefix": _Argument(" <prefix>*", rb" ([!-~]{0,%d})\*" % MAX_PREFIX_LENGTH, bytes, b" %b*", attrgetter("prefix")),
}
"""
Arguments that no command has in another form, by their names.
"""


def _argument(name: str, kind: type) -> _Argument:
    """
    How an argument of such a name and type is written.
    """
    if name == "key":
        return _Argument(" <key>", rb" ([!-~]{1,250})", bytes, b" %b", attrgetter(name))
    if name == "value":
        return _Argument(" <numbytes>", rb" ([0-9]+)", itemgetter(slice(0)), b" %d", lambda command: len(command.value))
    if name in _BY_NAME:
        return _BY_NAME[name]
    if kind is int:
        return _Argument(f" <{name}>", rb" ([0-9]+)", _number, b" %d", attrgetter(name))
    assert kind is bool, f"nobody has said how {name} is written"
    word = b" " + name.encode("ascii")
    isTrue = attrgetter(name)
    return _Argument(f" [{name}]", b"(%b)?" % word, bool, b"%b", lambda command: word if isTrue(command) else b"")


def _number(digits: bytes) -> int:
    """
    Read a number.

    @raise ValueError: if it has over 64 bits.
    """
    number = int(digits)
    if number > _UINT64_MAX:
        raise ValueError("more than 64 bits")
    return number


GRAMMARS: Final = {kind.WORD: Grammar(kind) for kind in COMMANDS}
"""
How each command is written, by its word.
"""
