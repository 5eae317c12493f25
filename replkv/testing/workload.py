"""
What simulated clients ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, KEPT, Lifetime
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.scan import Scan
from replkv.commands.steps import If, Operation, Step, StepDelete, StepGet, StepPut
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.testing.history import Answer, Told

_MOST_AT_ONCE: Final = 3
_KEEPING: Final = 0.3
_REMOVING: Final = 0.05
_LISTING: Final = 0.35

MOST_CHANGES: Final = 5
"""
How many changes of values one client makes: of those of which nobody knows what came, any may have been made, in any
order, and the judge has to try that.
"""


def inFull(command: KeyCommand, keys: Sequence[bytes], random: Random) -> KeyCommand | Gets:
    """
    Ask for the same in the words that can say more: with flags, a lifetime to the millisecond, or several keys at once.

    @param keys: which others may be asked for, too.
    """
    match command:
        case StoreCommand(key=key, exptime=exptime, value=value, noreply=noreply):
            flags = random.choice([0, 1, 0xFFFFFFFF])
            return Put(key, flags, _lifetime(exptime, random), _condition(command), value, noreply)
        case Touch(key, exptime):
            return random.choice([Expire, Gat])(key, _lifetime(exptime, random))
        case Get(key) | Getm(key):
            others = random.sample(keys, random.randint(0, min(len(keys), _MOST_AT_ONCE)))
            return Gets(tuple(dict.fromkeys([key, *others])))
    return command


def several(
    keys: Sequence[bytes], versions: Mapping[bytes, int], value: Callable[[], bytes], random: Random
) -> Txn | Scan | DeletePrefix:
    """
    Ask for something about several keys at once.

    @param versions: those that were seen last.
    @param value: makes a value that no other command has.
    """
    beginning = _beginning(min(keys), max(keys))
    kind = random.random()
    if kind < _REMOVING:
        return DeletePrefix(beginning, 0)
    if kind < _LISTING:
        # Not after the last one: the answer would be about none of them.
        after = random.choice([b"", *sorted(keys)[:-1]])
        return Scan(random.choice([b"", beginning]), random.choice([1, 2, 1000]), after)
    chosen = random.sample(keys, random.randint(1, min(len(keys), _MOST_AT_ONCE)))
    steps: list[Step] = []
    for key in chosen:
        steps += _steps(key, versions.get(key, 1), value, random)
    # Comparisons are made first, wherever they stand.
    if random.random() < 0.5:
        steps.sort(key=lambda step: isinstance(step, Operation))
    return Txn(tuple(steps))


def _beginning(first: bytes, last: bytes) -> bytes:
    """
    How both begin, and with them all keys between them.
    """
    length = 0
    while length < len(first) and first[: length + 1] == last[: length + 1]:
        length += 1
    return first[:length]


def _steps(key: bytes, version: int, value: Callable[[], bytes], random: Random) -> list[Step]:
    kind = random.random()
    if kind < 0.2:
        return [StepGet(key)]
    needed = random.choice([None, ABSENT, PRESENT, Condition(Need.VERSION, version), Condition(Need.VERSION, version)])
    if kind < 0.35:
        isCompared = needed is not None and needed.need is Need.VERSION
        return [If(key, needed), StepDelete(key)] if needed is not None and isCompared else [StepDelete(key)]
    exptime = random.choice([0, 0, 3])
    put = StepPut(key, random.choice([0, 1, 0xFFFFFFFF]), _lifetime(exptime, random), value())
    return [put] if needed is None else [If(key, needed), put]


def _lifetime(exptime: int, random: Random) -> Lifetime:
    if random.random() < _KEEPING:
        return KEPT
    return Lifetime(exptime * 1000 - random.choice([0, 1, 500])) if exptime else FOREVER


def _condition(command: StoreCommand) -> Condition:
    match command:
        case Add():
            return ABSENT
        case Replace():
            return PRESENT
        case Cas(version=version):
            return Condition(Need.VERSION, version)
    return ANY


def race(key: bytes, answer: Answer, value: Callable[[], bytes]) -> list[KeyCommand]:
    """
    Write at once over what was just read, before anybody else does; and read again if somebody else was faster.

    @param answer: what was answered to a command about the key.
    @param value: makes a value that no other command has.
    @return: what to ask: one command, or none.
    """
    if answer.told is Told.FOUND and answer.version is not None:
        return [Cas(key, 0, answer.version, value(), False)]
    return [Getm(key)] if answer.told is Told.WRONG_VERSION else []


def change(key: bytes, random: Random, noreply: float, most: int) -> KeyCommand:
    """
    Make another value of the one that a key has.

    @param noreply: how often no reply is wanted, where that can be.
    @param most: how long values may be.
    """
    delta = random.choice([1, 7, 100, 2**64 - 1])
    piece = random.choice([b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"x"])
    isSilent = random.random() < noreply
    return random.choice(
        [
            Incr(key, delta),
            Decr(key, delta),
            Append(key, piece, isSilent, most=most),
            Prepend(key, piece, isSilent, most=most),
        ]
    )
