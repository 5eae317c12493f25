"""
How much clients may ask of a server at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """
    @ivar turnCommands: how many commands of all clients are taken in one turn of the reactor, so that other servers and
        the answers have theirs.
    @ivar patienceDivisor: commands that have waited for such a part of the request timeout to be taken are refused.
    @ivar takenPerRefusal: for each one that is refused, at least so many are taken. To refuse one costs a good part of
        what it costs to carry one out, and a server that did little else would be of no use.
    """

    turnCommands: int = 512
    patienceDivisor: int = 5
    takenPerRefusal: int = 2


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """
    What all clients together may have in memory.

    @ivar reservedBytes: how many bytes may be pending, in values and in expected replies; beyond them, each connection
        has one command at a time.
    @ivar unreadBytes: how many bytes of replies there may be that the system has not taken; beyond them, long replies
        are refused, and who has not read all of its own is served no further.
    @ivar arrivingBytes: how many bytes there may be of values that have not arrived whole; beyond them, some of these
        are refused.
    @ivar waitingBytes: how many bytes there may be that were read and wait to be taken; beyond them, less is read at
        once.
    @ivar readBytes: how many bytes are read from a connection at once.
    @ivar shortReadBytes: how many where too many wait.
    """

    reservedBytes: int = 256 * 1024 * 1024
    unreadBytes: int = 512 * 1024 * 1024
    arrivingBytes: int = 128 * 1024 * 1024
    waitingBytes: int = 128 * 1024 * 1024
    readBytes: int = 64 * 1024
    shortReadBytes: int = 4 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """
    Beyond the first two, a connection is not read from.

    @ivar pendingCommands: how many commands may wait for their replies to be written.
    @ivar pendingBytes: how many bytes of values these may hold, or be expected to be answered with, before the last
        one.
    @ivar pieceBytes: how many bytes of small replies are joined into one piece, before the last, and how large the
        pieces are in which a large one is given out. Twisted hands as much to the system in one turn.
    """

    pendingCommands: int = 128
    pendingBytes: int = 4 * 1024 * 1024
    pieceBytes: int = 128 * 1024


INTAKE_LIMITS: Final = IntakeLimits()
"""
The usual ones.
"""

MEMORY_LIMITS: Final = MemoryLimits()
"""
The usual ones.
"""

CONNECTION_LIMITS: Final = ConnectionLimits()
"""
The usual ones.
"""
