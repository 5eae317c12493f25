"""
How much the state machine does and reads at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """
    @ivar purged: how many expired keys are freed after each entry, at most. It is part of the machine: servers that
        differ in it diverge. In the others they may differ.
    @ivar readAhead: how many records are read from the engine at a time. It bounds the memory that large ones take;
        their values are not held.
    @ivar copiedBytes: how many bytes of records that are held already are read or written anew at a time, before the
        last C{readAhead} records. An entry of some bytes may have a value of many copied.
    @ivar frontLength: how many entries of the index of expiring keys are read ahead. Up to twice as many are held.
    @ivar headBytes: how many bytes the heads of records may take that are kept for the next commands on them.
    @ivar gaps: how many stretches without records are remembered.
    @ivar leastGone: how many records have to be gone in one.
    """

    purged: int = 128
    readAhead: int = 64
    copiedBytes: int = 4 * 1024 * 1024
    frontLength: int = 1024
    headBytes: int = 256 * 1024 * 1024
    gaps: int = 64
    leastGone: int = 64


MACHINE_LIMITS: Final = MachineLimits()
"""
The usual ones.
"""
