"""
The values of one key, by number: what a change makes of each.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.append import Append
from replkv.commands.arithmetic import ArithmeticCommand
from replkv.commands.extend import ExtendCommand
from replkv.commands.incr import Incr

_LIMIT: Final = 2**64

UpdateCommand = ArithmeticCommand | ExtendCommand
"""
A command that makes another value of the one that its key has.
"""


class Values:
    """
    Numbers each value once.
    """

    def __init__(self) -> None:
        self._numbers: Final[dict[bytes, int]] = {}
        self._values: Final[list[bytes]] = []

    def number(self, value: bytes) -> int:
        """
        The number of a value; none is 0.
        """
        number = self._numbers.setdefault(value, len(self._values) + 1)
        if number > len(self._values):
            self._values.append(value)
        return number

    def value(self, number: int) -> bytes:
        """
        The value of that number.
        """
        return self._values[number - 1]


class Change:
    """
    What one command makes of any value.
    """

    def __init__(self, values: Values, command: UpdateCommand) -> None:
        self._values = values
        self._command = command

    def after(self, number: int) -> int | None:
        """
        @param number: of the value that the key has.
        @return: the number of the one that it has then; C{None} if the command refuses it.
        """
        made = _made(self._command, self._values.value(number))
        return None if made is None else self._values.number(made)


def _made(command: UpdateCommand, value: bytes) -> bytes | None:
    """
    What is promised of each: a judge does not ask the accused.
    """
    if isinstance(command, ExtendCommand):
        made = value + command.value if isinstance(command, Append) else command.value + value
        return made if len(made) <= command.most else None
    if not value.isdigit() or len(value) > len(str(_LIMIT)) or int(value) >= _LIMIT:
        return None
    number = int(value)
    return b"%d" % ((number + command.delta) % _LIMIT if isinstance(command, Incr) else max(0, number - command.delta))
