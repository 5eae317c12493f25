"""
What clients, and strangers at any port, can make a server log.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.printable import printable

INTERVAL_SECONDS: Final = 10.0
"""
One line of each kind is logged in such a time.
"""

LONGEST: Final = 500
"""
How many characters such a line has at the most.
"""


class OutsideLog:
    """
    Logs what comes from outside, no more than a line of each kind, or some, in some seconds. What is left out is
    counted, and told afterwards, with the last of it.
    """

    def __init__(self, clock: IReactorTime, logger: Logger, lines: int = 1) -> None:
        """
        @param logger: takes the lines.
        @param lines: how many of each kind are logged in L{INTERVAL_SECONDS}.
        """
        self._clock = clock
        self._logger = logger
        self._lines = lines
        self._until: dict[str, float] = {}
        self._said: dict[str, int] = {}
        self._leftOut: dict[str, tuple[int, str, dict[str, object]]] = {}

    def say(self, kind: str, line: str, isWarning: bool = True, **fields: object) -> None:
        """
        Log C{line}, or count it.

        @param kind: one of a few words: which lines are alike.
        @param isWarning: whether something is wrong.
        @param fields: what else the event has, for programs that read it.
        """
        now = self._clock.seconds()
        wait = self._until.get(kind, now) - now
        if wait <= 0:
            self._begin(kind)
        if self._said[kind] < self._lines:
            self._said[kind] += 1
            (self._logger.warn if isWarning else self._logger.info)("{line}", line=printable(line, LONGEST), **fields)
            return
        if kind not in self._leftOut:
            self._clock.callLater(wait, self._tell, kind)
        count = self._leftOut[kind][0] if kind in self._leftOut else 0
        self._leftOut[kind] = count + 1, printable(line, LONGEST), fields

    def _begin(self, kind: str) -> None:
        self._until[kind] = self._clock.seconds() + INTERVAL_SECONDS
        self._said[kind] = 0

    def _tell(self, kind: str) -> None:
        """
        Tell what was left out.
        """
        count, line, fields = self._leftOut.pop(kind)
        self._begin(kind)
        self._said[kind] = 1
        told = f"{count} more of such lines in {INTERVAL_SECONDS:g} s; the last: {line}"
        self._logger.warn("{line}", line=told, **fields)
