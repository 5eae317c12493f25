"""
What clients asked and what they were told: the evidence on which a cluster is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import NamedTuple

from replkv.commands.command import KeyCommand
from replkv.testing.users.record import UserRecord


class Status(Enum):
    """
    How an operation ended. The values are the words of other checkers (Jepsen's).
    """

    OK = "ok"
    """
    It was answered.
    """

    FAILED = "fail"
    """
    It was certainly not carried out, and will not be.
    """

    UNKNOWN = "info"
    """
    It may have been carried out, or may yet be, or not.
    """


class Told(Enum):
    """
    What an answer says.
    """

    STORED = "stored"
    FOUND = "found"
    COUNTED = "counted"
    DELETED = "deleted"
    TOUCHED = "touched"
    NOT_FOUND = "not found"
    EXISTS = "exists"
    NO_NUMBER = "no number"
    TOO_LARGE = "too large"
    WRONG_VERSION = "wrong version"
    HELD = "held"
    """
    The key was as the command needs it, and nothing was done, since another key was not.
    """

    NOT_HELD = "not held"
    """
    The key was not as the command needs it.
    """

    LISTED = "listed"
    """
    There is such a key, with a version.
    """

    CLEARED = "cleared"
    """
    There is no such key any more, if there was one.
    """

    CARRIED_OUT = "carried out"
    """
    Of a command without reply: later replies of its connection show that it was carried out, and nothing else.
    """


class Answer(NamedTuple):
    """
    The answer to an operation.

    @ivar version: the version that the key got or has; C{None} where the answer does not say.
    @ivar value: the value that was found, or counted.
    @ivar left: the seconds that the key has left, rounded up; 0 for ever; C{None} where the answer does not say.
    @ivar grain: to so many seconds it is rounded.
    @ivar flags: the flags that were found; C{None} where the answer does not say.
    """

    told: Told
    version: int | None = None
    value: bytes | None = None
    left: float | None = None
    grain: float = 1.0
    flags: int | None = None


@dataclass(slots=True, eq=False)
class Operation:
    """
    Something that a client asked about a key. What is asked about several keys at once is an operation for each.

    @ivar number: counts the operations of a history, from 0.
    @ivar process: who asked; no process has two operations under way at once.
    @ivar connection: operations of one connection take effect in the order of their numbers; C{None} where that is
        not promised.
    @ivar command: what was asked.
    @ivar invoked: when it was asked, in seconds.
    @ivar ended: when its status was known; infinite where it is unknown, since it may take effect at any time.
    @ivar answer: of one that was answered, the answer.
    @ivar group: those of one command have the same: they take effect at one instant, or none does; C{None} for one that
        is alone.
    """

    number: int
    process: int
    connection: int | None
    command: KeyCommand
    invoked: float
    ended: float = inf
    status: Status = Status.UNKNOWN
    answer: Answer | None = None
    group: int | None = None


class Event(NamedTuple):
    """
    An operation began, or ended.

    @ivar type: C{"invoke"}, or the value of a L{Status}.
    @ivar time: in seconds.
    """

    type: str
    time: float
    operation: Operation


class History:
    """
    All operations of one run.

    @ivar operations: in the order in which they were asked.
    @ivar events: in the order in which they happened.
    @ivar users: what is known of those who asked.
    """

    def __init__(self) -> None:
        self.users = UserRecord()
        self.operations: list[Operation] = []
        self.events: list[Event] = []
        self._idle: list[int] = []
        self._processes = 0

    def invoke(self, command: KeyCommand, time: float, connection: int | None = None) -> Operation:
        """
        Something is asked.
        """
        operation = Operation(len(self.operations), self._process(), connection, command, time)
        self.began(operation)
        return operation

    def invokeTogether(
        self, commands: Sequence[KeyCommand], time: float, connection: int | None = None
    ) -> list[Operation]:
        """
        Something is asked about several keys at once.

        @param commands: what it comes to for each.
        """
        operations = [self.invoke(command, time, connection) for command in commands]
        for operation in operations:
            operation.group = operations[0].number
        return operations

    def began(self, operation: Operation) -> None:
        """
        Something is asked, that has its number and its process already: it comes from another record.
        """
        if operation.process in self._idle:
            self._idle.remove(operation.process)
        self._processes = max(self._processes, operation.process + 1)
        self.operations.append(operation)
        self.events.append(Event("invoke", operation.invoked, operation))

    def answered(self, operation: Operation, answer: Answer, time: float) -> None:
        """
        It was answered.
        """
        operation.answer = answer
        self._end(operation, Status.OK, time)

    def failed(self, operation: Operation, time: float) -> None:
        """
        It was certainly not carried out.
        """
        self._end(operation, Status.FAILED, time)

    def lost(self, operation: Operation, time: float) -> None:
        """
        What came of it will not be known any more. Its process does nothing else.
        """
        self.events.append(Event(Status.UNKNOWN.value, time, operation))

    def open(self) -> Iterator[Operation]:
        """
        The operations that have not ended and are not given up.
        """
        ended = {event.operation.number for event in self.events if event.type != "invoke"}
        return (operation for operation in self.operations if operation.number not in ended)

    def _end(self, operation: Operation, status: Status, time: float) -> None:
        operation.status = status
        operation.ended = time
        self._idle.append(operation.process)
        self.events.append(Event(status.value, time, operation))

    def _process(self) -> int:
        if self._idle:
            return self._idle.pop()
        self._processes += 1
        return self._processes - 1
