"""
The ticks that a server counts, and how it sleeps through those of which nothing comes.

A process that is paused loses ticks and does not make up for them: one that was stopped for a minute must not find,
when it goes on, that an election timeout has passed, before it has read what its leader has told it meanwhile. So:

  - Where nothing is to come of some of the next ticks but heartbeats
    (L{restTicks<replkv.raft.view.RaftView.restTicks>}), one timer is set for all of them, and when it comes in time,
    they count. None of them is the tick on which an election begins, or a leader steps down: that one has a timer to
    itself, and before it the reactor has looked at all connections.
  - A timer that comes late by a tick or more tells that the process stood still, though not since when. By as many
    ticks as it is late, fewer count, but one in any case. So of a pause that is twice as long as what was slept, one
    tick counts, as it does where no tick is slept through.
  - A pause that is over before the timer comes does not show, and counts. So no sleep is longer than two heartbeats, or
    takes half of the shortest election timeout.
  - When something happens meanwhile, the ticks that have passed count before it, in the same way. Otherwise who hears
    of something all the time would never count any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from replkv.raft.core import Raft

_NEARLY: Final = 1e-3
"""
A tick that lacks no more than such a part of itself is over: sums of fractions are not exact.
"""


class Ticks:
    """
    Has the core count ticks.
    """

    def __init__(self, raft: Raft, clock: IReactorTime, seconds: float, due: Callable[[], None]) -> None:
        """
        @param raft: the core.
        @param seconds: how long a tick is.
        @param due: called when the time is over that this was to sleep. It has to call L{count}, and then L{rest}.
        """
        self._raft = raft
        self._clock = clock
        self._seconds = seconds
        self._due = due
        self._call: IDelayedCall | None = None
        self._counted = 0.0  # When the last tick that counts was over.
        self._left = 0  # How many ticks there are before the timer.

    def start(self) -> None:
        """
        Begin.
        """
        self._counted = self._clock.seconds()
        self._rest(1)

    def stop(self) -> None:
        """
        Count no more.
        """
        self._left = 0
        self._cancel()

    def count(self) -> None:
        """
        Have the core count the ticks that have passed.
        """
        for _ in range(self._passed()):
            self._raft.tick()

    def catchUp(self) -> None:
        """
        Something is about to happen: count the ticks that have passed, of those that are slept through. Any other is
        for the timer to tell.
        """
        if self._left > 1:
            self.count()

    def rest(self, isIdle: bool) -> None:
        """
        Sleep, for as long as nothing comes of it.

        @param isIdle: whether nothing but the core counts ticks.
        """
        self._rest(self._raft.restTicks if isIdle else 1)

    def look(self, isIdle: bool) -> None:
        """
        Something has happened: see whether this may still sleep, if it does.

        @param isIdle: as in L{rest}.
        """
        if self._left > 1:
            self.rest(isIdle)

    def _rest(self, ticks: int) -> None:
        self._left = ticks
        # One that comes too early costs less than one that is put off each time.
        if self._call is None or self._call.getTime() > self._end:
            self._cancel()
            self._call = self._clock.callLater(max(0.0, self._end - self._clock.seconds()), self._wake)

    @property
    def _end(self) -> float:
        return self._counted + self._left * self._seconds

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _wake(self) -> None:
        self._call = None
        if self._clock.seconds() < self._end - self._seconds * _NEARLY:
            self._rest(self._left)
        else:
            self._due()

    def _passed(self) -> int:
        now, left = self._clock.seconds(), self._left
        ticks = int((now - self._counted) / self._seconds + _NEARLY)
        if ticks <= left:
            self._counted += ticks * self._seconds
        else:
            ticks = max(1, 2 * left - ticks)
            self._counted = now
        self._left -= ticks
        return ticks
