"""
How a command is written: its word, and its arguments in the order of its class, between single spaces.

The key is written as it is, and a number in decimal. In the place of the value stands how many bytes it has, for it
follows the line as a block. What is true or false is its name, or nothing. A line with one more word, C{base64}, has
its keys, and how keys begin, written in that: they may have any bytes then. Where a line may have one more key or one
less, such a last word is never a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import call
from typing import Any, Final

from replkv.commands.catalog import COMMANDS
from replkv.commands.command import Command, argumentsOf
from replkv.commands.steps import STEPS
from replkv.wire.arguments import BASE64, argumentOf, isPlain

_ENDING: Final = b" " + BASE64


class Grammar:
    """
    How the commands of one class are written.

    @ivar usage: what people are told to write.
    @ivar linesPlace: which word of the line, from 0, is the number of lines that follow, each with its block;
        C{None} if there are none.
    @ivar numbytesPlace: which word of the line, from 0, is the number of bytes of the value; C{None} if it has none.
    """

    __slots__ = ("_forms", "_inBase64", "_isPlain", "_kind", "_plain", "linesPlace", "numbytesPlace", "usage")

    def __init__(self, kind: type[Command]) -> None:
        arguments = argumentsOf(kind)
        names = list(arguments)
        self._kind: Callable[..., Command] = kind
        self._plain = _Form(kind.WORD, arguments, isInBase64=False)
        hasKeys = not {"key", "keys", "after"}.isdisjoint(names)
        self._inBase64 = _Form(kind.WORD, arguments, isInBase64=True) if hasKeys else self._plain
        self._isPlain: Callable[[Any], bool] = lambda command: True
        self._forms: tuple[_Form, ...] = (self._plain,)
        if "key" in names:
            self._isPlain = lambda command: isPlain(command.key)
            self._forms = (self._plain, self._inBase64)
        elif "keys" in names:
            # The last word is not taken for a key that is called so.
            self._isPlain = lambda command: command.keys[-1] != BASE64 and all(map(isPlain, command.keys))
            self._forms = (self._inBase64, self._plain)
        elif "after" in names:
            self._isPlain = lambda command: command.after != BASE64 and isPlain(b"*" + command.prefix + command.after)
            self._forms = (self._inBase64, self._plain)
        self.usage: str = self._plain.usage
        self.linesPlace = names.index("steps") + 1 if "steps" in names else None
        self.numbytesPlace = names.index("value") + 1 if "value" in names else None

    def read(self, line: bytes) -> tuple[Command, int | None] | None:
        """
        Read a line, without its end.

        @return: the command and how many bytes of its value follow, which it does not have yet; C{None} for no value.
            Or C{None}, if the line is not written as it should be.
        """
        for form in self._forms:
            match = form.pattern.fullmatch(line)
            if match is not None:
                break
        else:
            return None
        if form.hasKeyAlone:
            # So are most commands, and this takes half the time.
            return self._kind(match[1]), None
        groups = match.groups()
        try:
            command = self._kind(*map(call, form.readers, groups))
        except ValueError:
            return None
        place = self.numbytesPlace
        return command, None if place is None else int(groups[place - 1])

    def write(self, command: Command) -> bytes:
        """
        Write a command: its line, and its value block where it has one.
        """
        form = self._plain if self._isPlain(command) else self._inBase64
        line = form.format % tuple([shown(command) for shown in form.shown])
        return line if self.numbytesPlace is None else b"%b%b\r\n" % (line, command.value)  # type: ignore[attr-defined]


class _Form:
    """
    A way to write the commands of one class.

    @ivar hasKeyAlone: whether there is but a key, which is written as it is.
    """

    __slots__ = ("format", "hasKeyAlone", "pattern", "readers", "shown", "usage")

    def __init__(self, word: bytes, arguments: Mapping[str, type], isInBase64: bool) -> None:
        written = [argumentOf(name, kind, isInBase64) for name, kind in arguments.items()]
        ending = _ENDING if isInBase64 else b""
        self.usage = "".join([word.decode("ascii"), *(argument.usage for argument in written)])
        self.pattern = re.compile(word + b"".join([argument.pattern for argument in written]) + ending)
        self.readers = [argument.read for argument in written]
        self.format = word + b"".join([argument.format for argument in written]) + ending + b"\r\n"
        self.shown = [argument.shown for argument in written]
        self.hasKeyAlone = list(arguments) == ["key"] and not isInBase64


GRAMMARS: Final = {kind.WORD: Grammar(kind) for kind in COMMANDS}
"""
How each command is written, by its word.
"""

STEP_GRAMMARS: Final = {kind.WORD: Grammar(kind) for kind in STEPS}
"""
How each line of a transaction is written, by its word.
"""
