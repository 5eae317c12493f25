"""
How long a key is to live.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from replkv.times import FAR_FUTURE

_FOREVER: Final = 0
_KEPT: Final = 1
_FIRST: Final = 2


class Lifetime(NamedTuple):
    """
    @ivar milliseconds: from when the leader has the command; C{None} is for ever. With 0, the key is over at once, and
        nobody finds it.
    @ivar isKept: whether the key expires when it would have anyway; a key that is new then lives for ever.
    """

    milliseconds: int | None
    isKept: bool = False

    def deadline(self, stamp: int, before: int) -> int:
        """
        When the key expires, in milliseconds; 0 is never.

        @param stamp: of the command.
        @param before: when it would have expired; 0 also where there was none.
        """
        if self.isKept:
            return before
        return 0 if self.milliseconds is None else min(stamp + self.milliseconds, FAR_FUTURE)

    def encode(self) -> int:
        """
        Make of it what stands in the log: a number of 64 bits.
        """
        if self.isKept:
            return _KEPT
        return _FOREVER if self.milliseconds is None else min(self.milliseconds, FAR_FUTURE) + _FIRST

    @classmethod
    def decode(cls, number: int) -> Lifetime:
        """
        Make it of what stands in the log.
        """
        if number == _KEPT:
            return KEPT
        return FOREVER if number == _FOREVER else cls(number - _FIRST)


FOREVER: Final = Lifetime(None)
KEPT: Final = Lifetime(None, isKept=True)
OVER: Final = Lifetime(0)
