"""
The memory that clients share.
"""

from __future__ import annotations

from typing import Final

MAX_RESERVED_BYTES: Final = 256 * 1024 * 1024
MAX_UNWRITTEN_BYTES: Final = 2 * MAX_RESERVED_BYTES


class Budget:
    """
    What all connections together have in memory for their clients.

    Beyond what they may have pending, each has one command at a time. Should replies turn out larger than they were
    expected to be, reads are refused where too much waits to be written.
    """

    __slots__ = ("_maxReserved", "_maxUnwritten", "_reserved", "_unwritten")

    def __init__(self, maxReserved: int = MAX_RESERVED_BYTES, maxUnwritten: int = MAX_UNWRITTEN_BYTES) -> None:
        """
        @param maxReserved: how many bytes may be pending, in values and in expected replies.
        @param maxUnwritten: how many bytes of replies may wait to be written.
        """
        self._maxReserved = maxReserved
        self._maxUnwritten = maxUnwritten
        self._reserved = 0
        self._unwritten = 0

    @property
    def reserved(self) -> int:
        """
        The bytes that are pending.
        """
        return self._reserved

    @property
    def unwritten(self) -> int:
        """
        The bytes of replies that wait to be written.
        """
        return self._unwritten

    @property
    def isSpent(self) -> bool:
        """
        Whether nothing more should be pending.
        """
        return self._reserved >= self._maxReserved

    def mayHold(self, size: int) -> bool:
        """
        Whether there is room for a value of so many bytes more that waits to be written.
        """
        return self._unwritten + size <= self._maxUnwritten

    def reserve(self, size: int) -> None:
        """
        A command is pending, and takes up so many bytes.
        """
        self._reserved += size

    def release(self, size: int) -> None:
        """
        What took up so many bytes is pending no longer.
        """
        self._reserved -= size

    def hold(self, size: int) -> None:
        """
        A reply of so many bytes waits to be written.
        """
        self._unwritten += size

    def drop(self, size: int) -> None:
        """
        Replies of so many bytes wait no longer.
        """
        self._unwritten -= size
