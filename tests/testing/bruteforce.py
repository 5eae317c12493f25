"""
Linearizability by trying everything: all orders, all outcomes of what is unknown, and only then the question whether
versions and times fit. It is slow, and as plain as can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, pairwise, permutations, product
from math import inf
from typing import Final, NamedTuple

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.condition import Need
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.extend import ExtendCommand
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.testing.history import Answer, History, Operation, Status, Told
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.values import UpdateCommand

_NEEDING: Final = {Need.ANY: Set, Need.ABSENT: Add, Need.PRESENT: Replace, Need.VERSION: Cas}
"""
What a C{put} with such a condition is.
"""


class Life(NamedTuple):
    """
    A value that the key had with a version, from its being stored or touched until it was replaced, touched or gone.

    @ivar value: the value.
    @ivar versions: the versions that it was told to have.
    @ivar others: the versions that it was told not to have.
    @ivar found: the operations that found it there, with the seconds that were left if that was told.
    @ivar missed: the operations from the one on that found it expired.
    @ivar followed: the operations from its store on.
    @ivar origin: what said when it expires.
    """

    store: Operation
    value: bytes
    followed: Sequence[Operation]
    versions: frozenset[int]
    origin: Operation
    others: frozenset[int] = frozenset()
    found: tuple[tuple[Operation, float | None], ...] = ()
    missed: Sequence[Operation] = ()


Lives = tuple[tuple[Life, ...], bool]
"""
All of them, and whether the last one lasts.
"""


def isLinearizable(history: History, clocks: ClockBound) -> bool:
    """
    Whether the operations of a history can have been carried out by one store, all keys together.
    """
    certain = [one for one in history.operations if one.status is Status.OK]
    unknown = [one for one in history.operations if one.status is Status.UNKNOWN]
    unknown = [one for one in unknown if not isinstance(one.command, Get | Getm)]
    return any(
        _fits(lives, clocks)
        for count in range(len(unknown) + 1)
        for some in combinations(unknown, count)
        for order in permutations([*certain, *some])
        if _isInOrder(order)
        for lives in _replaysOf(order)
    )


def _isInOrder(order: Sequence[Operation]) -> bool:
    return not any(
        second.ended < first.invoked
        or (second.number < first.number and first.connection is not None and first.connection == second.connection)
        for first, second in combinations(order, 2)
    )


def _replaysOf(order: Sequence[Operation]) -> Iterator[list[Life]]:
    """
    All that can have come of all operations: the lives on all keys, as they began.
    """
    keys = dict.fromkeys(operation.command.key for operation in order)
    ways = [list(_replays([order[at:] for at, one in enumerate(order) if one.command.key == key])) for key in keys]
    for lives in product(*ways):
        yield sorted(chain.from_iterable(lives), key=lambda life: -len(life.followed))


def _replays(rests: Sequence[Sequence[Operation]], lives: Lives = ((), False)) -> Iterator[tuple[Life, ...]]:
    """
    @param rests: for each operation on one key, it and all that follows it on any.
    """
    if not rests:
        yield lives[0]
    else:
        for after in _carryOut(rests[0], lives):
            yield from _replays(rests[1:], after)


def _carryOut(rest: Sequence[Operation], lives: Lives) -> Iterator[Lives]:
    """
    All that can have come of the first of the operations that remain.
    """
    operation = rest[0]
    command = operation.command
    past, lasts = lives
    told = operation.answer.told if operation.answer is not None else None
    kind = _NEEDING[command.condition.need] if isinstance(command, Put) else type(command)
    isKept = isinstance(command, Put | Expire) and command.lifetime.isKept
    if kind is Set and told not in (None, Told.STORED, Told.CARRIED_OUT):
        return
    if kind is Set and not isKept:
        yield _begun(rest, _value(command), past)
        return
    isAdded = kind in (Add, Set) and told in (None, Told.STORED, Told.CARRIED_OUT)
    isMissed = told in (Told.NOT_FOUND, Told.CARRIED_OUT) and kind not in (Add, Set)
    if isAdded or isMissed or (told is None and kind is Delete):
        missed = lives if not lasts else None
        if lasts and _exptime(past[-1]):
            missed = (*past[:-1], past[-1]._replace(missed=rest)), False
        if missed is not None:
            yield _begun(rest, _value(command), missed[0]) if isAdded else missed
    if not lasts:
        return
    met = _found(past, operation, frozenset())
    if kind is Set:
        yield _begun(rest, _value(command), met, isKept)
    elif kind is Add:
        if told in (Told.EXISTS, Told.CARRIED_OUT):
            yield met, True
    elif kind is Replace:
        if told in (None, Told.STORED, Told.CARRIED_OUT):
            yield _begun(rest, _value(command), met, isKept)
    elif isinstance(command, UpdateCommand):
        made = _made(command, past[-1].value)
        value = None if operation.answer is None else operation.answer.value
        if told in (None, Told.STORED, Told.COUNTED, Told.CARRIED_OUT) and made is not None and value in (None, made):
            yield _begun(rest, made, met, isKept=True)
        if told in (Told.TOO_LARGE, Told.NO_NUMBER, Told.CARRIED_OUT) and made is None:
            yield met, True
    elif isinstance(command, Cad):
        if told in (None, Told.DELETED):
            yield _found(past, operation, frozenset([command.version])), False
        if told is Told.WRONG_VERSION:
            yield (*met[:-1], met[-1]._replace(others=met[-1].others | {command.version})), True
    elif isinstance(command, Cas | Put):
        expected = command.version if isinstance(command, Cas) else command.condition.version
        if told in (None, Told.STORED, Told.CARRIED_OUT):
            yield _begun(rest, command.value, _found(past, operation, frozenset([expected])), isKept)
        if told in (Told.WRONG_VERSION, Told.CARRIED_OUT):
            yield (*met[:-1], met[-1]._replace(others=met[-1].others | {expected})), True
    elif isinstance(command, Touch | Expire):
        value = None if operation.answer is None else operation.answer.value
        if told in (None, Told.TOUCHED, Told.FOUND) and value in (None, past[-1].value):
            yield _begun(rest, past[-1].value, met, isKept)
    elif isinstance(command, Delete):
        if told in (None, Told.DELETED):
            yield met, False
    elif told is Told.FOUND and operation.answer is not None and operation.answer.value == past[-1].value:
        yield _found(past, operation, _versions(operation.answer), operation.answer.left), True


def _begun(rest: Sequence[Operation], value: bytes, past: tuple[Life, ...], isKept: bool = False) -> Lives:
    """
    @param isKept: whether it expires when the one before it would have.
    """
    answer = rest[0].answer
    versions: frozenset[int] = _versions(answer) if answer is not None else frozenset()
    origin = past[-1].origin if isKept else rest[0]
    return (*past, Life(rest[0], value, rest, versions, origin)), True


def _value(command: KeyCommand) -> bytes:
    assert isinstance(command, StoreCommand | Put)
    return command.value


def _made(command: UpdateCommand, value: bytes) -> bytes | None:
    """
    What a command makes of a value; C{None} if it refuses it.
    """
    if isinstance(command, ExtendCommand):
        made = value + command.value if isinstance(command, Append) else command.value + value
        return made if len(made) <= command.most else None
    if not value.isdigit() or int(value) >= 2**64 or len(value) > 20:
        return None
    number = int(value)
    return b"%d" % ((number + command.delta) % 2**64 if isinstance(command, Incr) else max(0, number - command.delta))


def _found(
    past: tuple[Life, ...], operation: Operation, versions: frozenset[int], left: float | None = None
) -> tuple[Life, ...]:
    life = past[-1]
    life = life._replace(versions=life.versions | versions, found=(*life.found, (operation, left)))
    return (*past[:-1], life)


def _versions(answer: Answer) -> frozenset[int]:
    return frozenset([answer.version] if answer.version is not None else [])


def _exptime(life: Life) -> float:
    command = life.origin.command
    if isinstance(command, Put | Expire):
        return (command.lifetime.milliseconds or 0) / 1000
    assert isinstance(command, StoreCommand | Touch)
    return command.exptime


def _fits(lives: Sequence[Life], clocks: ClockBound) -> bool:
    return _versionsFit(lives) and all(_timesFit(life, clocks) for life in _merged(lives))


def _merged(lives: Sequence[Life]) -> list[Life]:
    """
    Those that expire at one time, as one.
    """
    merged: dict[int, Life] = {}
    for life in lives:
        first = merged.setdefault(life.origin.number, life)
        if first is not life:
            merged[life.origin.number] = first._replace(found=(*first.found, *life.found), missed=life.missed)
    return list(merged.values())


def _versionsFit(lives: Sequence[Life]) -> bool:
    """
    Each has one version, and each a larger one than the one before: the smallest that there can be.
    """
    version = 0
    for life in lives:
        version += 1
        while version in life.others:
            version += 1
        if life.versions:
            if len(life.versions) > 1 or min(life.versions) < version or life.versions & life.others:
                return False
            version = min(life.versions)
    return True


def _timesFit(life: Life, clocks: ClockBound) -> bool:
    """
    There is a time at which it can have been stored: one of the bounds, or one between two of them. Where nobody could
    measure time, this knows only of that having been so all the while.
    """
    exptime, slack = _exptime(life), clocks.slack
    lefts = [(left, _grain(operation)) for operation, left in life.found if left is not None]
    if not exptime:
        return not any(left for left, _ in lefts)
    if not all(0 < left < exptime + grain for left, grain in lefts):
        return False
    if clocks.blind:
        return True
    first, last = life.store.invoked, min(operation.ended for operation in life.followed)
    bounds = [first, *([last] if last < inf else [])]
    for operation, left in life.found:
        for passed in [0, left, *([left - _grain(operation)] if left is not None else [])]:
            if passed is not None:
                bounds += [operation.invoked + passed - exptime - slack, operation.ended + passed - exptime + slack]
    bounds += [operation.ended - exptime + slack for operation in life.missed]
    bounds = sorted(bound for bound in bounds if bound < inf)
    times = [*bounds, *((one + other) / 2 for one, other in pairwise(bounds)), bounds[-1] + 1.0]
    return any(first <= time <= last and _isTime(time, life, slack) for time in times)


def _grain(operation: Operation) -> float:
    return 1.0 if operation.answer is None else operation.answer.grain


def _isTime(time: float, life: Life, slack: float) -> bool:
    """
    Whether it can have been stored at a time.
    """
    deadline = time + _exptime(life)
    for operation, left in life.found:
        if operation.invoked >= deadline + slack:
            return False
        if left is not None and not (
            deadline - operation.ended - slack <= left <= deadline - operation.invoked + slack + _grain(operation)
        ):
            return False
    return all(operation.ended >= deadline - slack for operation in life.missed)
