"""
The values that have not arrived whole.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from replkv.frontends.limits import MEMORY_LIMITS, MemoryLimits


class Receiver(Protocol):
    """
    A connection.
    """

    def refuseValue(self) -> None:
        """
        Forget the value that has arrived in part, and refuse its command. L{Arrivals} knows no more of it then.
        """


class Arrivals:
    """
    What all connections together have of values that have not arrived whole.

    Where that is too much, some are refused: first those that have taken up the most memory for the longest time. Those
    are clients that stopped in the middle of a large value, or send it drop by drop; one that sends as fast as it can
    is soon done.
    """

    __slots__ = ("_clock", "_most", "_sizes", "_total")

    def __init__(self, clock: IReactorTime, limits: MemoryLimits = MEMORY_LIMITS) -> None:
        self._clock = clock
        self._most = limits.arrivingBytes
        self._sizes: dict[Receiver, tuple[float, int]] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """
        How many bytes all have.
        """
        return self._total

    def hold(self, receiver: Receiver, size: int) -> None:
        """
        A connection has so many bytes of a value; 0 where it has none.
        """
        since, before = self._sizes.pop(receiver, (0.0, 0))
        self._total += size - before
        if size:
            # Where there is less than before, it is another value.
            self._sizes[receiver] = since if 0 < before <= size else self._clock.seconds(), size
            if self._total > self._most:
                self._makeRoom()

    def _makeRoom(self) -> None:
        """
        Refuse values, until there is room for an eighth more: to find the ones to refuse, all are looked at.
        """
        now = self._clock.seconds()
        sizes = self._sizes
        worst = sorted(sizes, key=lambda receiver: (now - sizes[receiver][0]) * sizes[receiver][1], reverse=True)
        for receiver in worst:
            if self._total <= self._most * 7 // 8:
                break
            self._total -= sizes.pop(receiver)[1]
            receiver.refuseValue()
