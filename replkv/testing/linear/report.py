"""
Operations in words, for whoever has to find out what went wrong.
"""

from __future__ import annotations

from math import isinf
from typing import Final

from replkv.commands.catalog import ARGUMENTS
from replkv.commands.command import KeyCommand, ValueCommand
from replkv.commands.condition import Condition
from replkv.commands.lifetime import Lifetime
from replkv.testing.history import Answer, Operation, Status

_VALUE_LENGTH: Final = 40


def describe(operation: Operation) -> str:
    """
    An operation in one line.
    """
    ended = "..." if isinf(operation.ended) else f"{operation.ended:.3f}"
    connection = "" if operation.connection is None else f" (connection {operation.connection})"
    who = f"process {operation.process}{connection}"
    return f"  {operation.invoked:.3f} - {ended} s  {who}: {_command(operation.command)} -> {resultOf(operation)}"


def shorten(value: bytes) -> str:
    """
    A value, or as much of it as a reader needs to tell it from others.
    """
    if len(value) <= _VALUE_LENGTH:
        return ascii(value)[1:]
    return f"{ascii(value[:_VALUE_LENGTH])[1:]}... ({len(value)} bytes)"


def _command(command: KeyCommand) -> str:
    words = [command.WORD.decode("ascii"), command.key.decode("ascii", "backslashreplace")]
    for name in [name for name in ARGUMENTS[type(command)] if name not in ("key", "value")]:
        argument = getattr(command, name)
        if isinstance(argument, Lifetime | Condition):
            words.append(f"{name} {tuple(argument)}")
        elif argument is not False:
            words.append(name if argument is True else str(argument))
    if isinstance(command, ValueCommand):
        words.append(shorten(command.value))
    return " ".join(words)


def resultOf(operation: Operation) -> str:
    """
    What came of an operation.
    """
    if operation.status is Status.UNKNOWN:
        return "unknown"
    if operation.status is Status.FAILED or operation.answer is None:
        return "not carried out"
    return _answer(operation.answer)


def _answer(answer: Answer) -> str:
    told = answer.told.value
    if answer.value is not None:
        told += f" {shorten(answer.value)}"
    if answer.version is not None:
        told += f", version {answer.version}"
    if answer.left is not None:
        told += f", {answer.left} s left" if answer.left else ", for ever"
    if answer.flags is not None:
        told += f", flags {answer.flags}"
    return told
