"""
The clocks of a simulated machine.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime

EPOCH: Final = 1_700_000_000.0
"""
The time of day when a simulation begins, in seconds since the epoch.
"""


class MachineClocks:
    """
    What a machine's clocks say. None of them is right but by chance.

    @ivar wrong: by how many seconds the wall clock is wrong.
    @ivar wallRate: how many seconds the wall clock counts in one second.
    @ivar bootRate: the same of the clocks that only go forward.
    """

    def __init__(self, timeline: IReactorTime) -> None:
        self.wrong = 0.0
        self.wallRate = 1.0
        self.bootRate = 1.0
        self._timeline = timeline
        self._boots = 0
        self._booted = timeline.seconds()
        self._slept = 0.0
        self._asleepSince: float | None = None

    def wallClock(self) -> float:
        """
        Tell the seconds since the epoch.
        """
        return EPOCH + self._timeline.seconds() * self.wallRate + self.wrong

    def bootTime(self) -> float:
        """
        Tell the seconds since the machine was booted, those in which it was suspended included.
        """
        return (self._timeline.seconds() - self._booted) * self.bootRate

    def monotonic(self) -> float:
        """
        Tell the seconds since the machine was booted in which it was not suspended.
        """
        return self.bootTime() - self._slept * self.bootRate

    def bootId(self) -> str:
        """
        Tell from which boot these count.
        """
        return f"boot {self._boots}"

    def boot(self) -> None:
        """
        The machine begins anew.
        """
        self._boots += 1
        self._booted = self._timeline.seconds()
        self._slept = 0.0
        self._asleepSince = None

    def sleep(self) -> None:
        """
        The machine is suspended.
        """
        self._asleepSince = self._timeline.seconds()

    def wake(self) -> None:
        """
        It goes on, if it was suspended.
        """
        if self._asleepSince is not None:
            self._slept += self._timeline.seconds() - self._asleepSince
            self._asleepSince = None
