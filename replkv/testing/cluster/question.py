"""
What a simulated client asks on a connection, and what a reply makes of it in the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replkv.commands.add import Add
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, ValueCommand
from replkv.commands.condition import Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.extend import ExtendCommand
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.put import Put
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    Found,
    Items,
    NotFound,
    NotNumber,
    Result,
    Stored,
    TooLarge,
    Touched,
    VersionMismatch,
)
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.testing.cluster.several import (
    MISSED,
    About,
    itemAnswer,
    partsOf,
    rangeAnswers,
    rangeParts,
    transactionAnswers,
)
from replkv.testing.history import Answer, History, Operation, Told
from replkv.wire.encoding import encodeCommand

Command = KeyCommand | Gets | Txn | About


class Question(NamedTuple):
    """
    A command that was sent.

    @ivar operations: what it is in the history: an operation for each key.
    """

    command: Command
    operations: Sequence[Operation]

    @property
    def isSilent(self) -> bool:
        """
        Whether no reply is wanted.
        """
        return isinstance(self.command, ValueCommand) and self.command.noreply

    def __str__(self) -> str:
        """
        As the story has it.
        """
        return f"{describe(self.command)}, operation {self.operations[0].number}"

    def answer(self, history: History, answers: Sequence[Answer | None], time: float) -> None:
        """
        It was answered.

        @param answers: to each operation; C{None} for one that was not carried out.
        """
        for operation, answer in zip(self.operations, answers, strict=True):
            if answer is None:
                history.failed(operation, time)
            else:
                history.answered(operation, answer, time)

    def fail(self, history: History, time: float) -> None:
        """
        It was certainly not carried out.
        """
        for operation in self.operations:
            history.failed(operation, time)

    def lose(self, history: History, time: float) -> None:
        """
        What came of it will not be known any more.
        """
        for operation in self.operations:
            history.lost(operation, time)

    def answersTo(self, reply: Result) -> Sequence[Answer | None] | None:
        """
        What a reply says of each operation, and C{None} for one that was not carried out. C{None} if it is no reply to
        this command.
        """
        command = self.command
        match command:
            case Gets():
                return _itemAnswers(command, reply)
            case Txn():
                return transactionAnswers(command, reply)
            case About():
                return rangeAnswers(command, reply)
        answer = answerOf(command, reply)
        return None if answer is None else [answer]


def ask(command: Command, history: History, time: float, connection: int | None = None) -> Question:
    """
    Take note in a history that a command is sent.
    """
    match command:
        case Gets():
            parts: Sequence[KeyCommand] = [Getm(key) for key in command.keys]
        case Txn():
            parts = partsOf(command)
        case About():
            parts = rangeParts(command)
        case _:
            return Question(command, [history.invoke(command, time, connection)])
    return Question(command, history.invokeTogether(parts, time, connection))


def encoded(command: Command) -> bytes:
    """
    A command as it is sent.
    """
    return encodeCommand(command.command if isinstance(command, About) else command)


def describe(command: Command) -> str:
    """
    A command as the story has it.
    """
    value = shown(command.value) if isinstance(command, ValueCommand) else ""
    lines, rest = encoded(command).split(b"\r\n"), isinstance(command, Txn)
    line = b" / ".join(lines if rest else lines[:1]).decode("ascii", "backslashreplace")
    return f"{line} {value}".rstrip()


def _itemAnswers(command: Gets, reply: Result) -> list[Answer] | None:
    if not isinstance(reply, Items):
        return None
    found = {item.key: itemAnswer(item) for item in reply.items}
    if [item.key for item in reply.items] != [key for key in command.keys if key in found]:
        return None
    return [found.get(key, MISSED) for key in command.keys]


def shown(value: bytes) -> str:
    """
    A value as the story has it.
    """
    return repr(value.rstrip(b"."))[2:-1]


def answerOf(command: KeyCommand, reply: Result) -> Answer | None:
    """
    What a reply says, unless it is none to this command.
    """
    match command, reply:
        case ValueCommand(), Stored(version):
            return Answer(Told.STORED, version)
        case ((Incr() | Decr()), Counted(version, number)):
            return Answer(Told.COUNTED, version, b"%d" % number)
        case ((Incr() | Decr()), NotNumber()):
            return Answer(Told.NO_NUMBER)
        case ExtendCommand(), TooLarge():
            return Answer(Told.TOO_LARGE)
        case ((Add() | Put(condition=(Need.ABSENT, _))), Exists()):
            return Answer(Told.EXISTS)
        case ((Cas() | Cad() | Put(condition=(Need.VERSION, _))), VersionMismatch()):
            return Answer(Told.WRONG_VERSION)
        case ((Delete() | Cad()), Deleted()):
            return Answer(Told.DELETED)
        case Gat(), Items((item,)) if item.key == command.key:
            return itemAnswer(item)
        case Gat(), _ if not isinstance(reply, NotFound):
            return None
        case ((Touch() | Expire()), Touched()):
            return Answer(Told.TOUCHED)
        # No version is 0: that is what a reply has that tells none.
        case Get(), Found(version=0):
            return Answer(Told.FOUND, None, reply.value)
        case Getm(), Found(version, left, value) if version:
            return Answer(Told.FOUND, version, value, left)
        case Put(condition=(Need.ANY | Need.ABSENT, _)), NotFound():
            return None
        case KeyCommand(), NotFound() if not isinstance(command, Set | Add):
            return MISSED
    return None
