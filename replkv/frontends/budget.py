"""
The memory that clients share.
"""

from __future__ import annotations

from replkv.frontends.limits import MEMORY_LIMITS, MemoryLimits


class Budget:
    """
    What all connections together have in memory for their clients.

    Beyond what they may have pending, each has one command at a time. Where clients have left too much unread, long
    replies are refused, and who has not read all of its own is served no further.
    """

    __slots__ = ("_limits", "_reserved", "_unread")

    def __init__(self, limits: MemoryLimits = MEMORY_LIMITS) -> None:
        self._limits = limits
        self._reserved = 0
        self._unread = 0

    @property
    def reserved(self) -> int:
        """
        The bytes that are pending.
        """
        return self._reserved

    @property
    def unread(self) -> int:
        """
        The bytes of replies that the system has not taken, wherever they wait: here, or in a transport.
        """
        return self._unread

    @property
    def excess(self) -> int:
        """
        How many bytes of replies there are more than seven eighths of what there may be.
        """
        return self._unread - self._limits.unreadBytes * 7 // 8

    @property
    def isSpent(self) -> bool:
        """
        Whether nothing more should be pending.
        """
        return self._reserved >= self._limits.reservedBytes

    @property
    def isFull(self) -> bool:
        """
        Whether there are as many bytes of replies as there may be.
        """
        return self._unread >= self._limits.unreadBytes

    def mayHold(self, size: int) -> bool:
        """
        Whether there is room for a reply of so many bytes more.
        """
        return self._unread + size <= self._limits.unreadBytes

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
        There is a reply of so many bytes.
        """
        self._unread += size

    def drop(self, size: int) -> None:
        """
        The system has taken so many bytes of replies, or nobody wants them.
        """
        self._unread -= size
