"""
What waits for many connections at once.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Final, Protocol

from replkv.bench.connection import Connection

_EXACTLY: Final = 0.1
"""
Waits that are shorter are kept to the microsecond.
"""


class Waiter(Protocol):
    """
    Waits until something is to be done about connections.
    """

    def watch(self, connection: Connection) -> None:
        """
        Wait for this one from now on, or for something else about it than before.
        """

    def forget(self, connection: Connection) -> None:
        """
        Wait for it no longer.
        """

    def wait(self, seconds: float) -> Sequence[tuple[int, int]]:
        """
        Wait for so long at most.

        @return: the descriptors about which something is to be done, and what that is.
        """


class Epoll:
    """
    See L{Waiter}.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}

    def watch(self, connection: Connection) -> None:
        """
        See L{Waiter.watch}.
        """
        number = connection.fileno()
        events = select.EPOLLIN | (select.EPOLLOUT if connection.wantsToWrite else 0)
        known = self._watched.get(number)
        if known is None:
            self._epoll.register(number, events)
        elif known != events:
            self._epoll.modify(number, events)
        self._watched[number] = events

    def forget(self, connection: Connection) -> None:
        """
        See L{Waiter.forget}.
        """
        number = connection.fileno()
        if self._watched.pop(number, None) is not None:
            self._epoll.unregister(number)

    def wait(self, seconds: float) -> Sequence[tuple[int, int]]:
        """
        See L{Waiter.wait}. C{epoll.poll} rounds up to milliseconds, for which what is due would be late: so
        C{select} waits for the epoll itself where it matters.
        """
        if seconds >= _EXACTLY:
            return self._epoll.poll(seconds)
        if seconds > 0 and not select.select([self._epoll], [], [], seconds)[0]:
            return ()
        return self._epoll.poll(0)
