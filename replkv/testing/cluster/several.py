"""
Commands about several keys, and what a reply to one says of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from replkv.commands.cad import Cad
from replkv.commands.command import KeyCommand
from replkv.commands.condition import ANY, Condition
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.getm import Getm
from replkv.commands.put import Put
from replkv.commands.results import Deleted, Failed, Item, Items, Keys, NotFound, Removed, Result, Stored, Transacted
from replkv.commands.scan import Scan
from replkv.commands.steps import If, Operation, StepDelete, StepPut
from replkv.commands.txn import Txn
from replkv.testing.history import Answer, Told

MILLISECOND: Final = 0.001
"""
To so many seconds servers tell what is left of an item.
"""

MISSED: Final = Answer(Told.NOT_FOUND)


class About(NamedTuple):
    """
    A command that does not say which keys it is about.

    @ivar keys: those that clients use; no others begin so.
    """

    command: Scan | DeletePrefix
    keys: Sequence[bytes]


def partsOf(txn: Txn) -> list[KeyCommand]:
    """
    What a transaction does to each key, by itself. Its comparisons and operations are about one key each, and the
    comparison with a key stands somewhere before what is done to it.
    """
    needed = {step.key: step.expected for step in txn.steps if isinstance(step, If)}
    return [_part(step, needed.get(step.key, ANY)) for step in txn.steps if isinstance(step, Operation)]


def transactionAnswers(txn: Txn, reply: Result) -> list[Answer | None] | None:
    """
    What a reply says of each of L{partsOf}.
    """
    operations = [step for step in txn.steps if isinstance(step, Operation)]
    if isinstance(reply, Failed) and 1 <= reply.step <= len(txn.steps):
        last = txn.steps[reply.step - 1]
        if not isinstance(last, If):
            return None
        held = {step.key for step in txn.steps[: reply.step - 1] if isinstance(step, If)}
        return [_comparison(step.key in held, step.key == last.key) for step in operations]
    if not isinstance(reply, Transacted) or len(reply.answers) != len(operations):
        return None
    answers = [_answer(step, answer) for step, answer in zip(operations, reply.answers, strict=True)]
    return None if None in answers else list(answers)


def rangeParts(about: About) -> list[KeyCommand]:
    """
    What such a command does to each key, by itself.
    """
    kind = Getm if isinstance(about.command, Scan) else Delete
    return [kind(key) for key in _meant(about)]


def rangeAnswers(about: About, reply: Result) -> list[Answer | None] | None:
    """
    What a reply says of each of L{rangeParts}.
    """
    command = about.command
    if isinstance(command, DeletePrefix):
        # There are not so many keys that one command would leave some.
        isWhole = isinstance(reply, Removed) and reply.after is None and reply.count <= len(_meant(about))
        return [Answer(Told.CLEARED)] * len(_meant(about)) if isWhole else None
    if not isinstance(reply, Keys) or len(reply.keys) > command.limit:
        return None
    names = [info.key for info in reply.keys]
    isOrdered = all(one < other for one, other in pairwise([command.after, *names]))
    if not isOrdered or not all(name.startswith(command.prefix) for name in names):
        return None
    if reply.after is not None and names and reply.after < names[-1]:
        return None
    versions = {info.key: info.version for info in reply.keys}
    return [
        Answer(Told.LISTED, versions[key])
        if key in versions
        else MISSED
        if reply.after is None or key <= reply.after
        else None
        for key in _meant(about)
    ]


def itemAnswer(item: Item) -> Answer:
    """
    What an item says of its key.
    """
    return Answer(Told.FOUND, item.version, item.value, item.left / 1000, MILLISECOND, item.flags)


def _meant(about: About) -> list[bytes]:
    command = about.command
    return sorted(key for key in about.keys if key.startswith(command.prefix) and key > command.after)


def _part(step: Operation, expected: Condition) -> KeyCommand:
    if isinstance(step, StepPut):
        return Put(step.key, step.flags, step.lifetime, expected, step.value, False)
    if isinstance(step, StepDelete):
        return Cad(step.key, expected.version) if expected.version else Delete(step.key)
    return Getm(step.key)


def _comparison(held: bool, failed: bool) -> Answer | None:
    if failed:
        return Answer(Told.NOT_HELD)
    return Answer(Told.HELD) if held else None


def _answer(step: Operation, answer: Result) -> Answer | None:
    match answer:
        case Stored(version) if isinstance(step, StepPut):
            return Answer(Told.STORED, version)
        case Deleted() if isinstance(step, StepDelete):
            return Answer(Told.DELETED)
        case Items((item,)) if item.key == step.key:
            return itemAnswer(item)
        case NotFound() if not isinstance(step, StepPut):
            return MISSED
    return None
