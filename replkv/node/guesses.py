"""
How long those wait who have guessed wrong.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from replkv.node.limits import NodeLimits

Guesser = tuple[str, bytes]
"""
An address, or a network of one owner, and the name of the user for whom somebody there takes himself. So who guesses
keeps no other user waiting who happens to come from the same address.
"""


class _Record(NamedTuple):
    """
    @ivar failures: how many tokens were wrong.
    @ivar until: when the next one is tried.
    @ivar forgotten: when they no longer count.
    """

    failures: int
    until: float
    forgotten: float


class Guesses:
    """
    Remembers wrong tokens. After some, each next one waits twice as long, up to a pause that is no longer.
    """

    def __init__(self, clock: IReactorTime, limits: NodeLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._records: OrderedDict[Guesser, _Record] = OrderedDict()

    def failed(self, guesser: Guesser) -> None:
        """
        A token was wrong.
        """
        limits, now = self._limits, self._clock.seconds()
        before = self._records.pop(guesser, None)
        failures = 1 if before is None or before.forgotten <= now else before.failures + 1
        doublings = min(failures - limits.freeFailures, limits.loginDoublings)
        pause = limits.loginPause * 2**doublings if doublings >= 0 else 0.0
        self._records[guesser] = _Record(failures, now + pause, now + limits.failureSeconds)
        if len(self._records) > limits.failingGuessers:
            self._records.popitem(last=False)

    def nextTime(self, guesser: Guesser) -> float:
        """
        When the next token is tried.
        """
        record = self._records.get(guesser)
        return 0.0 if record is None else record.until
