"""
What a server stores of the cluster's time, so that it can tell after its next start how long it was down.
"""

from __future__ import annotations

from typing import NamedTuple

from replkv.times import FAR_FUTURE


class ClockRecord(NamedTuple):
    """
    Readings of one moment.

    @ivar time: the cluster's time, in milliseconds.
    @ivar wallClock: seconds since the epoch.
    @ivar bootTime: seconds since the machine was booted.
    @ivar bootId: which boot that was; empty where it is not known.
    @ivar isKnown: whether the time was known, and not only guessed.
    """

    time: int
    wallClock: float
    bootTime: float
    bootId: str
    isKnown: bool

    def isOf(self, bootId: str) -> bool:
        """
        Whether the machine has not been booted since.
        """
        return self.bootId == bootId != ""


def encodeRecord(record: ClockRecord) -> dict[str, object]:
    """
    The record as it is stored.
    """
    return {
        "Time": record.time,
        "WallClock": record.wallClock,
        "BootTime": record.bootTime,
        "BootId": record.bootId,
        "IsKnown": record.isKnown,
    }


def decodeRecord(found: object) -> ClockRecord:
    """
    The record as it was stored.

    @raise ValueError: if it is none.
    """
    match found:
        case {
            "Time": int(time),
            "WallClock": float(wallClock),
            "BootTime": float(bootTime),
            "BootId": str(bootId),
            "IsKnown": bool(isKnown),
        } if 0 <= time <= FAR_FUTURE and all(abs(seconds) < FAR_FUTURE for seconds in (wallClock, bootTime)):
            return ClockRecord(time, wallClock, bootTime, bootId, isKnown)
    raise ValueError("it is no reading of clocks")
