"""
The clocks of this machine that only go forward.

Twisted's reactors count their delayed calls by the time of day. When that is set back by an hour, no timer fires for an
hour. (Twisted's issues 2424 and 3899.)
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.python.runtime import seconds as timeOfDay

# It goes on while the machine is suspended. Where it does not exist, as on macOS, CLOCK_MONOTONIC does that.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"


def bootTime() -> float:
    """
    Tell the seconds since the machine was booted, those in which it was suspended included.
    """
    return time.clock_gettime(_CLOCK)


def bootId(filename: str = _BOOT_ID) -> str:
    """
    Tell from which boot L{bootTime} counts: a name that no other boot of any machine has; empty where the system has
    none.

    @param filename: where the system tells it.
    """
    with suppress(OSError), open(filename, encoding="ascii") as file:
        return file.read().strip()
    return ""


def countForward(reactor: IReactorTime) -> None:
    """
    Have a reactor count by L{bootTime}, if it counts by the time of day. It goes on from what it has told last, so that
    calls which are waiting already stay due when they were. One that counts by anything else is left alone.
    """
    if reactor.seconds is timeOfDay:
        ahead = timeOfDay() - bootTime()
        reactor.seconds = lambda: ahead + bootTime()  # type: ignore[method-assign]
