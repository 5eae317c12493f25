"""
AMP arguments for numbers that have bounds.
"""

from __future__ import annotations

from typing import Final

from twisted.protocols import amp

from replkv.raft.validity import GREATEST
from replkv.times import FAR_FUTURE


class Number(amp.Argument):
    """
    A number in decimal, with no sign and nothing else around it.
    """

    def __init__(self, least: int, most: int, optional: bool = False) -> None:
        """
        @param most: up to 64 bits.
        @param optional: whether it may be left out.
        """
        super().__init__(optional)
        self._least = least
        self._most = most

    def toString(self, inObject: int) -> bytes:
        """
        Put it into the box.
        """
        return b"%d" % inObject

    def fromString(self, inString: bytes) -> int:
        """
        Take it out of the box.

        @raise ValueError: if it is no such number.
        """
        if len(inString) <= _MAX_DIGITS and inString.isdigit():
            number = int(inString)
            if self._least <= number <= self._most:
                return number
        raise ValueError(f"{inString[:32]!r} is no number from {self._least} to {self._most}")


_MAX_DIGITS: Final = len(str(2**64))

INDEX: Final = Number(0, GREATEST)
"""
The index of an entry; 0 is before the first.
"""

TERM: Final = Number(1, GREATEST)
"""
A term that has begun, or is about to.
"""

TERM_OR_NONE: Final = Number(0, GREATEST)
"""
A term, or 0 where there is none yet.
"""

ROUND: Final = Number(0, GREATEST)
"""
A round of reads; 0 is none.
"""

HASH: Final = Number(0, 2**64 - 1)
"""
A hash, a checksum, or what was drawn by lot.
"""

TIME: Final = Number(0, FAR_FUTURE)
"""
The sender's time: see L{replkv.peers.receiver.Timed}.
"""
