"""
What is promised of versions, over all keys: each is given once, and a later one is larger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.gat import Gat
from replkv.commands.getm import Getm
from replkv.commands.put import Put
from replkv.testing.history import History, Operation, Status, Told
from replkv.testing.linear.report import describe
from replkv.testing.linear.values import UpdateCommand
from replkv.testing.outcome import Violation


class Notice(NamedTuple):
    """
    An operation told of a version.

    @ivar value: the value that has it, if it was told.
    @ivar stored: whether it is the version that the operation gave to the key.
    """

    operation: Operation
    version: int
    value: bytes | None
    stored: bool


def checkVersions(history: History) -> None:
    """
    See whether the versions that were told are those of one store.

    @raise Violation: if they are not. The message has the two operations that do not go together.
    """
    notices = [notice for operation in history.operations for notice in _notices(operation)]
    _once(notices, any(map(_mayBeShared, history.operations)))
    _grow(notices, [notice for notice in notices if notice.stored])
    keys: defaultdict[bytes, list[Notice]] = defaultdict(list)
    connections: defaultdict[int, list[Notice]] = defaultdict(list)
    for notice in notices:
        keys[notice.operation.command.key].append(notice)
        if notice.operation.connection is not None:
            connections[notice.operation.connection].append(notice)
    for told in keys.values():
        _grow(told, [notice for notice in told if isinstance(notice.operation.command, Getm)])
    for told in connections.values():
        _growOn(told)


def _notices(operation: Operation) -> list[Notice]:
    """
    What an operation tells of versions. A C{cas} that stored tells of two, and a C{cad} that deleted of the one before.
    """
    command, answer = operation.command, operation.answer
    if operation.status is not Status.OK or answer is None:
        return []
    if isinstance(command, Cad) and answer.told is Told.DELETED:
        return [Notice(operation, command.version, None, False)]
    if answer.told is Told.HELD:
        return [Notice(operation, version, None, False) for version in _expected(command)]
    if answer.version is None:
        return []
    if answer.told is Told.LISTED:
        return [Notice(operation, answer.version, None, False)]
    if answer.told is Told.FOUND:
        return [Notice(operation, answer.version, answer.value, isinstance(command, Gat))]
    if isinstance(command, UpdateCommand):
        return [Notice(operation, answer.version, answer.value, True)]
    if answer.told is not Told.STORED or not isinstance(command, StoreCommand | Put):
        return []
    before = [Notice(operation, version, None, False) for version in _expected(command)]
    return [*before, Notice(operation, answer.version, command.value, True)]


def _isSame(one: Notice, other: Notice) -> bool:
    """
    Whether these are of one command.
    """
    group = one.operation.group
    return one is other or (group is not None and group == other.operation.group)


def _expected(command: KeyCommand) -> list[int]:
    """
    The version that the key had to have, if it had to have one.
    """
    if isinstance(command, Cas | Cad):
        return [command.version]
    return [command.condition.version] if isinstance(command, Put) and command.condition.version else []


def _mayBeShared(operation: Operation) -> bool:
    """
    Whether it may have given several keys a version of which nobody was told.
    """
    return operation.status is Status.UNKNOWN and operation.group is not None and isinstance(operation.command, Put)


def _once(notices: Sequence[Notice], mayBeShared: bool) -> None:
    """
    A version is given by one command, to one value of each key that it writes.

    @param mayBeShared: whether one of which it is not known what gave it may be of several keys.
    """
    stores: dict[int, Notice] = {}
    for notice in notices:
        if notice.stored and not _isSame(stores.setdefault(notice.version, notice), notice):
            raise _violation(f"version {notice.version} was given twice", stores[notice.version], notice)
    keys: dict[int, Notice] = {}
    values: dict[tuple[int, bytes], Notice] = {}
    for notice in notices:
        version, key = notice.version, notice.operation.command.key
        isShared = stores[version].operation.group is not None if version in stores else mayBeShared
        if keys.setdefault(version, notice).operation.command.key != key and not isShared:
            raise _violation(f"version {version} is one of two keys", keys[version], notice)
        if notice.value is not None and values.setdefault((version, key), notice).value != notice.value:
            raise _violation(f"version {version} has two values", values[version, key], notice)


def _grow(told: Sequence[Notice], later: Sequence[Notice]) -> None:
    """
    What was asked after a version was told has a larger one, or, if it is a read, that one at least.
    """
    ended = sorted(told, key=lambda notice: notice.operation.ended, reverse=True)
    largest: Notice | None = None
    for notice in sorted(later, key=lambda notice: notice.operation.invoked):
        while ended and ended[-1].operation.ended < notice.operation.invoked:
            largest = _larger(largest, ended.pop())
        _compare(largest, notice, "after")


def _growOn(connection: Sequence[Notice]) -> None:
    """
    A store has a larger version than what was told on its connection before it.
    """
    largest: Notice | None = None
    for notice in connection:
        if notice.stored and (largest is None or not _isSame(largest, notice)):
            _compare(largest, notice, "on the same connection as, and after,")
        largest = _larger(largest, notice)


def _larger(one: Notice | None, other: Notice) -> Notice:
    return other if one is None or other.version > one.version else one


def _compare(before: Notice | None, notice: Notice, how: str) -> None:
    if before is not None and notice.version < before.version + notice.stored:
        raise _violation(f"version {notice.version} was told {how} version {before.version}", before, notice)


def _violation(what: str, *notices: Notice) -> Violation:
    return Violation("\n".join([what, *(describe(notice.operation) for notice in notices)]))
