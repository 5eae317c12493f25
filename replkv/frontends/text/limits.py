"""
How much one client may have under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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


CONNECTION_LIMITS: Final = ConnectionLimits()
"""
The usual ones.
"""
