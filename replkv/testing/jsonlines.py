"""
A history as JSON lines, one event a line: the form that other checkers read.

Every line has C{process}, C{type} (C{"invoke"}, C{"ok"}, C{"fail"}, C{"info"}), C{f} (the name of the command),
C{key}, C{value} and C{time}; and C{number}, which is the operation's. C{value} is what is stored, or what a read found.
The line on which an operation begins also has its C{connection}, its C{group} if it is one of several that one command
asks for, and the rest of its command: C{exptime}, C{noreply}, C{version}. The line of an answer also has what was
C{told}, C{version} and C{left}, and if it tells of flags, C{flags} and the C{grain} of C{left}.

Keys and values are text where they are printable ASCII, and C{{"hex": "..."}} otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, Final, cast

from replkv.commands.catalog import ARGUMENTS, COMMANDS
from replkv.commands.command import KeyCommand, ValueCommand
from replkv.commands.condition import Condition, Need
from replkv.commands.extend import ExtendCommand
from replkv.commands.lifetime import FOREVER, KEPT, Lifetime
from replkv.testing.history import Answer, Event, History, Operation, Status, Told

_KINDS: Final = {kind.WORD.decode("ascii"): kind for kind in COMMANDS if issubclass(kind, KeyCommand)}
_ENDS: Final = {status.value: status for status in Status}
_TOLD: Final = {told.value: told for told in Told}


def jsonLines(history: History) -> Iterator[str]:
    """
    Write a history.

    @return: the lines, without their ends.
    """
    return (json.dumps(_fields(event)) for event in history.events)


def readJsonLines(lines: Iterable[str]) -> History:
    """
    Read what L{jsonLines} wrote, or a part of it that has both lines of each operation.

    @raise ValueError: if it is something else. The message names the line.
    """
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        try:
            reader.read(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    return reader.history


def _fields(event: Event) -> dict[str, object]:
    operation = event.operation
    command = operation.command
    fields: dict[str, object] = {
        "number": operation.number,
        "process": operation.process,
        "type": event.type,
        "f": command.WORD.decode("ascii"),
        "key": _written(command.key),
        "value": _written(command.value) if isinstance(command, ValueCommand) else None,
        "time": event.time,
    }
    if event.type == "invoke":
        fields["connection"] = operation.connection
        if operation.group is not None:
            fields["group"] = operation.group
        fields |= {name: getattr(command, name) for name in ARGUMENTS[type(command)] if name not in fields}
        if isinstance(command, ExtendCommand):
            fields["most"] = command.most
    elif event.type == Status.OK.value and operation.answer is not None:
        told, version, value, left, grain, flags = operation.answer
        fields |= {"told": told.value, "version": version, "left": left}
        if flags is not None:
            fields |= {"grain": grain, "flags": flags}
        if not isinstance(command, ValueCommand):
            fields["value"] = _written(value)
    return fields


def _written(data: bytes | None) -> object:
    if data is None:
        return None
    if all(0x20 <= byte < 0x7F for byte in data):
        return data.decode("ascii")
    return {"hex": data.hex()}


class _Reader:
    """
    Puts a history together.
    """

    def __init__(self) -> None:
        self.history = History()
        self._last = -1
        self._underWay: dict[int, Operation] = {}  # By process.
        self._lost: set[int] = set()  # The processes that do nothing else.

    def read(self, line: str) -> None:
        """
        Read one event.
        """
        try:
            fields = _Fields(json.loads(line))
        except json.JSONDecodeError as error:
            raise ValueError(f"no JSON: {error}") from None
        kind = fields.text("type")
        if kind == "invoke":
            self._begin(fields)
        elif kind in _ENDS:
            self._end(fields, _ENDS[kind])
        else:
            raise ValueError(f"there is no type {kind!r}")

    def _begin(self, fields: _Fields) -> None:
        number, process = fields.integer("number"), fields.integer("process")
        if number <= self._last:
            raise ValueError(f"operation {number} comes after operation {self._last}")
        if process in self._underWay or process in self._lost:
            raise ValueError(f"process {process} has not ended what it did before")
        group = fields.integer("group") if fields.has("group") else None
        operation = Operation(number, process, fields.connection(), fields.command(), fields.time(), group=group)
        self._last = number
        self._underWay[process] = operation
        self.history.began(operation)

    def _end(self, fields: _Fields, status: Status) -> None:
        number, process, time = fields.integer("number"), fields.integer("process"), fields.time()
        operation = self._underWay.pop(process, None)
        if operation is None or operation.number != number:
            raise ValueError(f"process {process} has not begun operation {number}")
        if time < operation.invoked:
            raise ValueError(f"operation {number} ends before it begins")
        if status is Status.OK:
            self.history.answered(operation, fields.answer(operation.command), time)
        elif status is Status.FAILED:
            self.history.failed(operation, time)
        else:
            self.history.lost(operation, time)
            self._lost.add(process)


class _Fields:
    """
    The fields of one line.
    """

    def __init__(self, fields: object) -> None:
        if not isinstance(fields, dict):
            raise ValueError("a line is an object")
        self._fields = cast("dict[str, object]", fields)

    def text(self, name: str) -> str:
        """
        A text.
        """
        value = self._field(name)
        if not isinstance(value, str):
            raise ValueError(f"{name} is no text: {value!r:.80}")
        return value

    def integer(self, name: str) -> int:
        """
        A number that is not negative.
        """
        value = self._field(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} is no number from 0 up: {value!r:.80}")
        return value

    def time(self) -> float:
        """
        The time of the event.
        """
        return self._seconds("time")

    def connection(self) -> int | None:
        """
        The connection of an operation.
        """
        return self._optionalInteger("connection")

    def command(self) -> KeyCommand:
        """
        The command of an operation.
        """
        name = self.text("f")
        if name not in _KINDS:
            raise ValueError(f"there is no f {name!r}")
        kind = _KINDS[name]
        read: dict[type, Callable[[str], Any]] = {
            bytes: self._bytes,
            int: self.integer,
            bool: self._truth,
            Lifetime: self._lifetime,
            Condition: self._condition,
        }
        command = kind(**{argument: read[hint](argument) for argument, hint in ARGUMENTS[kind].items()})
        if isinstance(command, ExtendCommand):
            command.most = self.integer("most")
        return command

    def answer(self, command: KeyCommand) -> Answer:
        """
        The answer to a command.
        """
        told = self.text("told")
        if told not in _TOLD:
            raise ValueError(f"there is no told {told!r}")
        value = None
        if not isinstance(command, ValueCommand) and self._field("value") is not None:
            value = self._bytes("value")
        left = None if self._field("left") is None else self._seconds("left")
        answer = Answer(_TOLD[told], self._optionalInteger("version"), value, left)
        if not self.has("flags"):
            return answer
        return answer._replace(grain=self._seconds("grain"), flags=self.integer("flags"))

    def has(self, name: str) -> bool:
        """
        Whether there is such a field.
        """
        return name in self._fields

    def _optionalInteger(self, name: str) -> int | None:
        return None if self._field(name) is None else self.integer(name)

    def _seconds(self, name: str) -> float:
        value = self._field(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
            raise ValueError(f"{name} is no number of seconds: {value!r:.80}")
        return value

    def _lifetime(self, name: str) -> Lifetime:
        match self._field(name):
            case [None, True]:
                return KEPT
            case [None, False]:
                return FOREVER
            case [int(milliseconds), False] if milliseconds >= 0:
                return Lifetime(milliseconds)
        raise ValueError(f"{name} is no lifetime: {self._field(name)!r:.80}")

    def _condition(self, name: str) -> Condition:
        match self._field(name):
            case [int(need), int(version)] if need in list(Need) and version >= 0:
                return Condition(Need(need), version)
        raise ValueError(f"{name} is no condition: {self._field(name)!r:.80}")

    def _truth(self, name: str) -> bool:
        value = self._field(name)
        if not isinstance(value, bool):
            raise ValueError(f"{name} is neither true nor false: {value!r:.80}")
        return value

    def _bytes(self, name: str) -> bytes:
        value = self._field(name)
        try:
            if isinstance(value, str):
                return value.encode("ascii")
            if isinstance(value, dict) and isinstance(value.get("hex"), str):
                return bytes.fromhex(value["hex"])
        except ValueError:
            pass
        raise ValueError(f'{name} is neither ASCII text nor {{"hex": "..."}}: {value!r:.80}')

    def _field(self, name: str) -> object:
        if name not in self._fields:
            raise ValueError(f"{name} is missing")
        return self._fields[name]
