"""
What programs do at one instant, all of it or nothing.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.client import replies
from replkv.client.arguments import (
    BytesLike,
    KeyLike,
    LifetimeLike,
    checkedFlags,
    checkedKey,
    checkedLifetime,
    checkedNumber,
    checkedValue,
    failing,
)
from replkv.client.errors import CommandError, OutcomeUnknown, TransactionFailed
from replkv.client.replies import Item
from replkv.commands import results
from replkv.commands.command import Command
from replkv.commands.condition import ABSENT, PRESENT, Condition, Need
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.results import Result
from replkv.commands.steps import If, IfValue, Operation, Step, StepDelete, StepGet, StepPut
from replkv.commands.txn import MAX_STEPS, Txn
from replkv.wire.replies import lineOf

Answer = int | bool | Item | None
"""
What came of a step: of a C{put} its version; of a C{delete}, whether there was such a key; of a C{get} what the key
holds, C{None} if there is no such key.
"""


class Transaction:
    """
    Comparisons and operations, up to 128. All comparisons are made before anything is done, and if one of them does not
    hold, nothing is. Then the operations are carried out in their order, and each sees what those before have written::

        transfer = Transaction().ifVersion("from", 7).ifVersion("to", 9).put("from", b"10").put("to", b"30")
        await client.txn(transfer)

    What is wrong with an argument is raised by each call: C{TypeError}, or L{CommandError}.
    """

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def ifAbsent(self, key: KeyLike) -> Transaction:
        """
        There has to be no such key.
        """
        return self._add(If(checkedKey(key), ABSENT))

    def ifPresent(self, key: KeyLike) -> Transaction:
        """
        There has to be such a key.
        """
        return self._add(If(checkedKey(key), PRESENT))

    def ifVersion(self, key: KeyLike, version: int) -> Transaction:
        """
        The key has to have this version.
        """
        return self._add(If(checkedKey(key), Condition(Need.VERSION, checkedNumber("version", version))))

    def ifValue(self, key: KeyLike, value: BytesLike) -> Transaction:
        """
        The key has to hold exactly this value.
        """
        return self._add(IfValue(checkedKey(key), checkedValue(value)))

    def put(self, key: KeyLike, value: BytesLike, flags: int = 0, lifetime: LifetimeLike = 0) -> Transaction:
        """
        Store a value: see L{ItemCalls.put<replkv.client.items.ItemCalls.put>}. Its answer is the key's new version.
        """
        return self._add(StepPut(checkedKey(key), checkedFlags(flags), checkedLifetime(lifetime), checkedValue(value)))

    def delete(self, key: KeyLike) -> Transaction:
        """
        Delete a key. Its answer is whether there was such a key.
        """
        return self._add(StepDelete(checkedKey(key)))

    def get(self, key: KeyLike) -> Transaction:
        """
        Get what a key holds. Its answer is that, or C{None} if there is no such key.
        """
        return self._add(StepGet(checkedKey(key)))

    @property
    def command(self) -> Txn:
        """
        It as a command.

        @raise CommandError: if it has no step, too many, or too many bytes of values.
        """
        command = Txn(tuple(self._steps))
        if not 1 <= len(self._steps) <= MAX_STEPS:
            raise CommandError(f"a transaction has 1 to {MAX_STEPS} steps, not {len(self._steps)}")
        if command.valueBytes > MAX_VALUE_BYTES:
            raise CommandError(f"the values of a transaction have at most {MAX_VALUE_BYTES} bytes")
        return command

    def _add(self, step: Step) -> Transaction:
        self._steps.append(step)
        return self


class TransactionCalls:
    """
    The call that carries out transactions.
    """

    def _call(self, command: Command, timeout: float | None) -> Deferred[Result]:
        raise NotImplementedError

    @failing
    def txn(self, transaction: Transaction, *, timeout: float | None = None) -> Deferred[list[Answer]]:
        """
        Carry out a transaction.

        @return: what came of its operations, in their order; fails with
            L{TransactionFailed<replkv.client.errors.TransactionFailed>} if a comparison does not hold, and with
            L{CommandError} if its values are larger than the servers allow, or what it gets is larger than 8 MiB.
        """
        if not isinstance(transaction, Transaction):
            raise TypeError(f"a transaction is a Transaction, not {transaction!r:.100}")
        command = transaction.command
        return self._call(command, timeout).addCallback(_answers, command)


def _answers(reply: Result, command: Txn) -> list[Answer]:
    operations = [step for step in command.steps if isinstance(step, Operation)]
    if isinstance(reply, results.Failed) and reply.step <= len(command.steps):
        step = command.steps[reply.step - 1]
        what = f"{step.WORD.decode('ascii')} {step.key!r}"
        raise TransactionFailed(f"step {reply.step} does not hold: {what}", reply.step)
    if isinstance(reply, results.Transacted) and len(reply.answers) == len(operations):
        return [_answer(step, one) for step, one in zip(operations, reply.answers, strict=True)]
    raise replies.refusal(reply) or OutcomeUnknown(f"no reply to a transaction: {lineOf(reply)[:80]!r}")


def _answer(step: Operation, answer: Result) -> Answer:
    if isinstance(step, StepPut):
        return replies.version(answer)
    return replies.wasThere(answer, results.Deleted) if isinstance(step, StepDelete) else replies.item(answer)
