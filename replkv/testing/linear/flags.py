"""
What is promised of flags: they are those that were stored with the value.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from replkv.commands.command import StoreCommand
from replkv.commands.put import Put
from replkv.testing.history import History, Operation, Status
from replkv.testing.linear.report import describe
from replkv.testing.linear.values import UpdateCommand
from replkv.testing.outcome import Violation

_NONE: Final = 0


def checkFlags(history: History) -> None:
    """
    See whether all flags that were found are such as somebody may have stored with the value; or with any value of the
    key, where its values are made of each other.

    @raise Violation: if they are not.
    """
    changed = {one.command.key for one in history.operations if isinstance(one.command, UpdateCommand)}
    stored: defaultdict[tuple[bytes, bytes | None], set[int]] = defaultdict(set)
    for operation in history.operations:
        command = operation.command
        if isinstance(command, StoreCommand | Put) and operation.status is not Status.FAILED:
            value = None if command.key in changed else command.value
            stored[command.key, value].add(command.flags if isinstance(command, Put) else _NONE)
    for operation in history.operations:
        flags = _found(operation)
        if flags is not None:
            value = None if operation.command.key in changed else _valueOf(operation)
            if flags not in stored[operation.command.key, value]:
                raise Violation(f"nobody has stored such flags with it:\n{describe(operation)}")


def _found(operation: Operation) -> int | None:
    return None if operation.answer is None else operation.answer.flags


def _valueOf(operation: Operation) -> bytes | None:
    return None if operation.answer is None else operation.answer.value
