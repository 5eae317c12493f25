"""
The command that does several things at one instant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replkv.cli.grammar import GrammarError, shown, words
from replkv.cli.statuses import DONE
from replkv.cli.verbs.items import lifetimeOf, lineOf, textOf
from replkv.cli.verbs.verb import Answer, Verb, number
from replkv.client.client import Client
from replkv.client.errors import CommandError
from replkv.client.replies import Item
from replkv.client.transactions import Answer as StepAnswer
from replkv.client.transactions import Transaction

_Step = tuple[bytes, bytes]
"""
The word of an operation, and its key.
"""


async def _txn(client: Client, *steps: bytes) -> Answer:
    transaction = Transaction()
    operations: list[_Step] = []
    for step in steps:
        operations += _add(transaction, step)
    answers = await client.txn(transaction)
    told = list(zip(operations, answers, strict=True))
    output = b"\n".join([_output(step, answer) for step, answer in told])
    return Answer(DONE, output, "\n".join([_text(step, answer) for step, answer in told]) or "done")


def _add(transaction: Transaction, step: bytes) -> list[_Step]:
    """
    Read a step.

    @return: it, if it is an operation.
    """
    try:
        name, *arguments = [word.value for word in words(step)] or [b""]
    except GrammarError as error:
        raise CommandError(f"STEP {shown(step)[:50]}: {error}") from None
    if name not in _STEPS:
        known = ", ".join([each.decode() for each in _STEPS])
        raise CommandError(f"a STEP begins with one of {known}, not {shown(name)[:50]}")
    usage, least, most, add = _STEPS[name]
    if not least <= len(arguments) <= most:
        raise CommandError(f"this STEP is written {usage}, not {shown(step)[:50]}")
    add(transaction, *arguments)
    return [] if name in (b"if", b"ifvalue") else [(name, arguments[0])]


def _addIf(transaction: Transaction, key: bytes, condition: bytes) -> None:
    if condition == b"absent":
        transaction.ifAbsent(key)
    elif condition == b"present":
        transaction.ifPresent(key)
    else:
        transaction.ifVersion(key, number("CONDITION", condition, "; or absent, or present"))


def _addPut(transaction: Transaction, key: bytes, value: bytes, flags: bytes = b"0", lifetime: bytes = b"0") -> None:
    transaction.put(key, value, number("FLAGS", flags), lifetimeOf(lifetime))


def _output(step: _Step, answer: StepAnswer) -> bytes:
    _, key = step
    if isinstance(answer, Item):
        return lineOf(key, answer).removesuffix(b"\n")
    return b"%d" % (answer or 0)


def _text(step: _Step, answer: StepAnswer) -> str:
    name, key = step
    if isinstance(answer, Item):
        return textOf(key, answer)
    if name == b"put":
        return f"{shown(key)}: stored, version {answer}"
    return f"{shown(key)}: deleted" if answer else f"{shown(key)}: no such key"


_STEPS: Final[dict[bytes, tuple[str, int, int, Callable[..., object]]]] = {
    b"if": ("if KEY absent|present|VERSION", 2, 2, _addIf),
    b"ifvalue": ("ifvalue KEY VALUE", 2, 2, Transaction.ifValue),
    b"put": ("put KEY VALUE [FLAGS] [LIFETIME]", 2, 4, _addPut),
    b"delete": ("delete KEY", 1, 1, Transaction.delete),
    b"get": ("get KEY", 1, 1, Transaction.get),
}
"""
How each step is written, how many arguments it has at least and at most, and what adds it.
"""

TRANSACTION_VERBS: Final = {
    b"txn": Verb(
        ("STEP ...",),
        "do all STEPs at one instant, or nothing if one that compares does not hold",
        _txn,
        (
            "A STEP is a word in quotes that is one of these:",
            *(f"  {usage}" for usage, _, _, _ in _STEPS.values()),
            "A file or a pipe gets a line for each that compares nothing: the version; 1 or 0 for what was deleted, or",
            "was not there; an item as gets shows it.",
            "Example: txn 'if lock absent' 'put lock me 0 30' 'get job'",
        ),
    ),
}
