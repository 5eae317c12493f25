"""
A transaction of which not all lines have arrived.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.steps import Step
from replkv.commands.txn import Txn
from replkv.wire.malformed import Malformed

STEP_OVERHEAD: Final = 200
"""
The bytes that a step takes in memory beside its line and its value, at the most (CPython).
"""


class Transaction:
    """
    Collects the steps of a transaction.

    @ivar left: how many of its lines are to come.
    @ivar isSound: whether it may still become one.
    @ivar values: how many bytes the values of its steps have, that of the next one included.
    @ivar bytes: how many bytes its steps take in memory.
    """

    __slots__ = ("_steps", "bytes", "isSound", "left", "values")

    def __init__(self, lines: int, isSound: bool = True) -> None:
        self.left = lines
        self.isSound = isSound
        self.values = 0
        self.bytes = 0
        self._steps: list[Step] = []

    def begin(self, numbytes: int) -> None:
        """
        The value of the next step has so many bytes.
        """
        self.values += numbytes

    def take(self, step: Step) -> Txn | None:
        """
        Take in a step.

        @return: the transaction, if it was its last one.
        """
        if not self.isSound:
            return None
        self._steps.append(step)
        self.bytes += STEP_OVERHEAD + len(step.key) + step.valueBytes
        if self.left:
            return None
        steps = tuple(self._steps)
        self._end()
        return Txn(steps)

    def refuse(self) -> Malformed | None:
        """
        There will be no transaction.

        @return: what is reported; C{None} where that was done before.
        """
        wasSound = self.isSound
        self._end()
        return Malformed(close=False) if wasSound else None

    def _end(self) -> None:
        self.isSound = False
        self.bytes = 0
        self._steps = []
